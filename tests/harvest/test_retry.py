"""Retry: only what failed in the named ways is asked for again, through the same steps, and ends as a new statement."""

from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, manifest

from base.errors import UsageError
from catalog import db
from harvest.crawl import harvest_iiif
from harvest.deliveries import GROUP_ITEMS, in_groups
from harvest.gate import EXCUSE
from harvest.retry import matches, retry


@pytest.fixture(scope="module")
def failed(loopback: Loopback, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one picture stored, one 500, one 404 and one cut off."""
    workspace = tmp_path_factory.mktemp("failed")
    urls = [
        loopback.page("/r/fine.jpg", drawn(0)),
        loopback.page("/r/busy.jpg", b"", status=500),
        loopback.url + "/r/absent.jpg",
        loopback.page("/r/short.jpg", drawn(1), ("Content-Length", "99999")),
    ]
    canvases = [loopback.canvas(f"r{number}", url) for number, url in enumerate(urls)]
    url = loopback.page("/r", manifest(loopback.url + "/r", *canvases, rights=BY))
    harvest_iiif(workspace, [url], allow_hosts=[loopback.host], concept="mate")
    return workspace


def outcomes(workspace: Path) -> dict[str, str]:
    found = db.rows(workspace, "SELECT image_url, outcome FROM current_candidates")
    return {row["image_url"].rpartition("/")[2]: row["outcome"] for row in found}


def test_an_unknown_class_is_refused_with_those_that_there_are(failed: Path) -> None:
    with pytest.raises(UsageError, match=r"'timout'.*'timeout'.*There are: .*404 1") as refused:
        retry(failed, errors=["timout"])
    assert "500 1" in str(refused.value)
    assert "truncated 1" in str(refused.value)
    with pytest.raises(UsageError, match="--allow-host"):
        retry(failed, errors=["404"])


def test_only_the_named_failures_are_asked_for_and_their_source_is_not(failed: Path, loopback: Loopback) -> None:
    loopback.page("/r/busy.jpg", drawn(2))
    loopback.asked.clear()
    report = retry(failed, errors=["5xx", "timeout"], allow_hosts=[loopback.host])
    assert [path for path in loopback.asked if path.startswith("/r")] == ["/robots.txt", "/r/busy.jpg"]
    assert (report.outcomes, report.changed, report.images_added) == ({"stored": 1}, 1, 1)
    assert outcomes(failed) == {
        "fine.jpg": "stored", "busy.jpg": "stored", "absent.jpg": "failed_404", "short.jpg": "failed_truncated",
    }  # fmt: skip
    sql = "SELECT concepts, rights_family, outcome FROM candidates WHERE image_url LIKE '%busy.jpg' ORDER BY run_id"
    assert [list(row.values()) for row in db.rows(failed, sql)] == [
        [["mate"], "by", "failed_500"],
        [["mate"], "by", "stored"],
    ]


def test_a_failure_that_stays_the_same_is_no_new_statement(failed: Path, loopback: Loopback) -> None:
    report = retry(failed, errors=["404"], allow_hosts=[loopback.host])
    assert (report.outcomes, report.changed, report.unchanged) == ({"failed_404": 1}, 0, 1)


def test_nothing_to_ask_for_again_starts_no_crawl(failed: Path, loopback: Loopback) -> None:
    loopback.asked.clear()
    assert retry(failed, errors=["dns"], allow_hosts=[loopback.host]).candidates == 0
    assert retry(failed, errors=["all"], source="met", allow_hosts=[loopback.host]).candidates == 0
    assert loopback.asked == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed_timeout", {"timeout", "all", "failed_timeout"}),
        ("failed_404", {"404", "4xx", "all"}),
        ("failed_503", {"503", "5xx", "all"}),
        ("failed_throttled", {"throttled", "all"}),
        ("too_large", {"too_large"}),
        ("robots", {"robots"}),
    ],
)
def test_words_for_failures(outcome: str, words: set[str]) -> None:
    every = {"timeout", "failed_timeout", "404", "503", "4xx", "5xx", "throttled", "too_large", "robots", "all", "dns"}
    assert {word for word in every if matches(outcome, word)} == words


def test_items_are_grouped_by_plug_in_and_by_a_persons_reason_and_not_too_many_at_once() -> None:
    def row(number: int, source: str, evidence: str | None = None) -> dict[str, Any]:
        return {"candidate_id": str(number), "source": source, "rights_evidence": evidence}

    rows = [row(1, "met"), row(2, "iiif:b"), row(3, "iiif:a"), row(4, "met", f"url; {EXCUSE}contract 7")]
    assert list(in_groups(rows)) == [("iiif", None, ["2", "3"]), ("met", None, ["1"]), ("met", "contract 7", ["4"])]
    many = [row(number, "met") for number in range(GROUP_ITEMS + 1)]
    assert [len(ids) for _, _, ids in in_groups(many)] == [GROUP_ITEMS, 1]
