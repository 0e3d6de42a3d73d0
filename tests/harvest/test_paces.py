"""How hard each host is asked: the table's rows, and the budgets that hosts of a group share."""

import asyncio

import pytest
from scrapy.http import Request

from harvest.budgets import Budget, Window
from harvest.failures import Refused
from harvest.hosts import DAY_S, POLICIES, all_policies, policy_of, slots
from harvest.plan import CrawlPlan
from harvest.settings import scrapy_settings
from harvest.source import Politeness
from harvest.turns import Turns


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("upload.wikimedia.org", "wikimedia-media"),
        ("thumb.wikimedia.org", "wikimedia-media"),
        ("commons.wikimedia.org", "wikimedia-api"),
        ("pt.wikipedia.org", "wikimedia-api"),
        ("api.gbif.org", "gbif"),
        ("images.metmuseum.org", "met"),
        ("collectionapi.metmuseum.org", "met"),
        ("ids.si.edu", "smithsonian-media"),
        ("static.inaturalist.org", "inaturalist-media"),
        ("inaturalist-open-data.s3.amazonaws.com", "inaturalist-media"),
        ("farm9.staticflickr.com", "flickr-media"),
        ("other.s3.amazonaws.com", None),
        ("notgbif.org", None),
        ("museum.example", None),
    ],
)
def test_hosts_share_the_budget_of_their_group(host: str, group: str | None) -> None:
    policy = policy_of(host)
    assert (policy.group if policy else None) == group


@pytest.mark.parametrize(
    ("host", "variable", "without", "with_key"),
    [
        ("api.openverse.org", "OPENVERSE_TOKEN", "openverse-api", "openverse-api-keyed"),
        ("api.si.edu", "SMITHSONIAN_API_KEY", "smithsonian-api-trial", "smithsonian-api"),
    ],
)
def test_a_key_opens_a_larger_budget(
    host: str, variable: str, without: str, with_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, group in (("", without), ("secret", with_key)):
        monkeypatch.setenv(variable, key)
        policy = policy_of(host)
        assert policy is not None
        assert policy.group == group


def test_every_policy_says_who_says_so_and_has_its_queue() -> None:
    assert all(one.source for one in POLICIES.values())
    assert set(slots()) == {one.group for one in all_policies()}
    assert slots()["wikimedia-media"] == {"delay": 0.1, "concurrency": 2, "jitter": 0.0}
    assert slots()["gbif"]["concurrency"] == slots()["wikimedia-api"]["concurrency"] == 1
    assert min(slots()[group]["delay"] for group in ("met", "inaturalist-api")) == 1.0


def test_other_hosts_keep_the_sources_own_pace_and_opened_ones_none() -> None:
    plan = CrawlPlan(source="iiif", allow_hosts=("127.0.0.1:8000",))
    settings = scrapy_settings(plan, Politeness(delay_s=2.0, connections=3))
    assert (settings["DOWNLOAD_DELAY"], settings["DOWNLOAD_DELAY_JITTER"], settings["CONCURRENT_REQUESTS_PER_DOMAIN"]) == (
        2,
        0,
        3,
    )
    assert settings["DOWNLOAD_SLOTS"]["127.0.0.1"]["delay"] == 0.0


def test_a_window_has_room_again_when_what_filled_it_is_old() -> None:
    at = [0.0]
    window = Window(10_000, 10.0, clock=lambda: at[0])
    assert window.wait_s() == 0.0
    window.spend(6_000)
    at[0] = 4.0
    window.spend(5_000)
    assert window.wait_s() == pytest.approx(6.0)  # until the first 6,000 of 10,000 are ten seconds old
    at[0] = 10.0
    assert window.wait_s() == 0.0
    window.spend(6_000)
    assert window.wait_s() == pytest.approx(4.0)


def test_what_one_answer_brings_beyond_the_window_is_paid_back() -> None:
    at = [0.0]
    window = Window(10_000, 10.0, clock=lambda: at[0])
    window.spend(35_000)
    at[0] = 20.0
    assert window.wait_s() > 0.0
    at[0] = 30.0
    assert window.wait_s() == 0.0  # 5,000 of the fourth window are spent


@pytest.mark.parametrize("size_bytes", [300_000, 3_000_000, 60_000_000])
def test_media_of_wikimedia_never_exceed_their_bandwidth_for_long(size_bytes: int) -> None:
    at = [0.0]
    budget = Budget(size_bytes=policy_of("upload.wikimedia.org").size_bytes, clock=lambda: at[0])  # type: ignore[union-attr]
    came = 0
    while at[0] < 600.0:
        at[0] += budget.wait_s() + 0.01
        budget.answer(size_bytes)
        came += size_bytes
    assert came * 8 / at[0] <= 25e6 * 1.1


def test_a_days_budget_in_a_window_needs_little_memory() -> None:
    at = [0.0]
    window = Window(10_000, DAY_S, clock=lambda: at[0])
    for _ in range(10_000):
        at[0] += 1.0
        window.spend(1)
    assert window.wait_s() > DAY_S / 2
    assert len(window._spent) < 200


def test_a_spent_day_is_left_for_the_next_harvest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVERSE_TOKEN", "")
    at = [0.0]
    turns = Turns(clock=lambda: at[0])
    request = Request("https://api.openverse.org/v1/", meta={"download_slot": "openverse-api"})
    for _ in range(200):
        at[0] += 4.0
        asyncio.run(turns.turn(request))
    at[0] += 60.0
    with pytest.raises(Refused) as refused:
        asyncio.run(turns.turn(request))
    assert refused.value.outcome == "failed_budget"
