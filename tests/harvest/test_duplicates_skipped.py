"""What is held is not asked for again, under whatever name it comes; what was withdrawn is not asked for at all."""

import hashlib
from pathlib import Path

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, manifest
from small_catalogue import candidate, stored

from catalog import db, runs
from catalog.store import Store
from harvest.crawl import harvest_iiif
from harvest.deliveries import Withdrawn
from harvest.keep import Keeper
from harvest.plan import CrawlPlan, Wanted, held_key, url_key
from harvest.shelf import on_shelf, with_shelf
from harvest.source import WebSource
from harvest.spider import HarvestSpider
from harvest.wire import Answered, Frame, pack, pack_end, unpack

URL = "https://museum.example/a.jpg"


@pytest.fixture
def archive(workspace: Path) -> Path:
    """Three items of two sources; the bytes of the last are lost."""
    with runs.begin(workspace, "harvest", {}) as run:
        for number, source in enumerate(("iiif:museum.example", "commons", "commons")):
            data = drawn(number)
            sha256 = stored(run, data)
            run.add("candidates", candidate(str(number), sha256, source=source, image_url=URL.replace("a", str(number), 1)))
    Store(workspace).path(sha256).unlink()
    return workspace


def test_the_shelf_knows_every_item_and_holds_what_the_store_has(archive: Path) -> None:
    items = {row["source_id"]: row for row in db.rows(archive, "SELECT * FROM current_candidates")}
    with on_shelf(archive, "harvest") as shelf:
        plan = with_shelf(CrawlPlan.from_json(CrawlPlan(source="commons", shelf=str(shelf.path)).as_json()))
        assert set(shelf.known) == {row["candidate_id"] for row in items.values()}
        for name, row in items.items():
            assert shelf.known[row["candidate_id"]].digest == row["digest"]
            assert (held_key(row["candidate_id"], row["image_url"]) in plan.held) == (name != "2")
            assert plan.held_urls.get(url_key(row["image_url"])) == (row["sha256"] if name != "2" else None)
        assert held_key("another item", URL) not in plan.held
        assert shelf.known.get("nothing") is None
        assert len(plan.held_urls) == 2
        path = shelf.path
    assert not path.exists()


def test_a_picture_that_another_item_brought_is_not_asked_for_again(workspace: Path, loopback: Loopback) -> None:
    url = loopback.page("/same.jpg", drawn(8))
    for name, shown in (("one", url), ("two", url.replace("http://", "HTTP://") + "#fragment")):
        page = manifest(f"{loopback.url}/{name}", loopback.canvas(name, shown), rights=BY)
        loopback.page(f"/{name}", page)
        report = harvest_iiif(workspace, [f"{loopback.url}/{name}"], allow_hosts=[loopback.host])
        assert (report.outcomes, report.new) == ({"stored": 1}, 1)
    assert loopback.asked.count("/same.jpg") == 1
    (sha256,) = {row["sha256"] for row in db.rows(workspace, "SELECT sha256 FROM current_candidates")}
    with on_shelf(workspace, "harvest") as shelf:
        assert dict(shelf.checksums) == {"sha1:" + hashlib.sha1(drawn(8)).hexdigest(): sha256}


def test_withdrawn_items_and_bytes_are_counted_and_not_stated_again(workspace: Path) -> None:
    item, bytes_too = candidate("gone"), candidate("copy")
    sha256 = hashlib.sha256(drawn(1)).hexdigest()
    with runs.begin(workspace, "harvest", {}) as run:
        withdrawn = Withdrawn(candidate_ids=frozenset({item.candidate_id}), sha256s=frozenset({sha256}))
        keeper = Keeper(run, {}, stated=_stated, withdrawn=withdrawn)
        keeper.take(item)
        keeper.take(bytes_too, drawn(1))
        keeper.take(candidate("fine"), drawn(2))
        report = keeper.finish("folder:atelier")
    assert report.outcomes == {"withdrawn": 2, "stored": 1}
    assert report.candidates == report.new + report.changed + report.unchanged == sum(report.licences.values()) == 3
    assert [row["source_id"] for row in db.rows(workspace, "SELECT source_id FROM candidates")] == ["fine"]
    assert not Store(workspace).has(sha256)


class Silent(WebSource):
    """Asks nothing."""

    institution = home_url = terms_url = ""


def test_the_crawl_ends_withdrawn_items_before_any_step() -> None:
    item, copy, fine = candidate("gone"), candidate("copy", checksum="sha1:ab"), candidate("fine", checksum="sha1:cd")
    plan = CrawlPlan(
        source="x",
        withdrawn=frozenset({item.candidate_id}),
        withdrawn_checksums=frozenset({"sha1:ab"}),
        wanted=(Wanted(candidate=fine),),
    )
    plan = CrawlPlan.from_json(plan.as_json())
    sent: list[Frame] = []
    spider = HarvestSpider(plan, Silent(), outlet=type("List", (), {"send": lambda self, frame: sent.append(frame)})())
    ended = [spider._piece(one) for one in (item, copy, fine)]
    assert [(one.done, one.candidate.outcome) for one in ended][:2] == [(True, "withdrawn")] * 2
    assert not ended[2].done
    assert plan.wanted == (Wanted(candidate=fine),)


def test_a_frame_brings_the_servers_answer(tmp_path: Path) -> None:
    frame = (candidate("a"), b"bytes", False, Answered(url=URL, status=200, etag='"1"', last_modified=None))
    (tmp_path / "frames").write_bytes(pack(frame) + pack((candidate("b"), None, True, None)) + pack_end())
    with (tmp_path / "frames").open("rb") as stream:
        assert unpack(stream) == frame
        assert unpack(stream) == (candidate("b"), None, True, None)
        assert unpack(stream) is None


def test_every_answer_is_noted_and_its_marks_only_with_bytes(workspace: Path, loopback: Loopback) -> None:
    url = loopback.page("/marks.jpg", drawn(9), ("ETag", '"9"'))
    absent = loopback.url + "/absent.jpg"
    canvases = [loopback.canvas("marks", url), loopback.canvas("absent", absent)]
    page = loopback.page("/marks", manifest(loopback.url + "/marks", *canvases, rights=BY))
    harvest_iiif(workspace, [page], allow_hosts=[loopback.host])
    noted = {row["url"]: (row["status"], row["etag"]) for row in db.rows(workspace, "SELECT * FROM answers")}
    assert noted == {url: (200, '"9"'), absent: (404, None)}


def test_a_limit_below_what_a_source_promises_is_no_failure(
    workspace: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harvest.sources import iiif

    monkeypatch.setattr(iiif.Source, "at_least", 5)
    canvases = [loopback.canvas(f"few{number}", loopback.page(f"/few{number}.jpg", drawn(number))) for number in range(2)]
    page = loopback.page("/few", manifest(loopback.url + "/few", *canvases, rights=BY))
    report = harvest_iiif(workspace, [page], allow_hosts=[loopback.host], limit=1, metadata_only=True)
    assert (report.outcomes, dict(report.licences)) == ({"metadata_only": 1}, {"CC BY 4.0": 1})
    assert not [path for path in loopback.asked if path.startswith("/few") and path.endswith(".jpg")]


def _stated(name: str):  # type: ignore[no-untyped-def]  # a row of table sources
    return Silent().stated(name)
