"""Every picture is measured once, whatever is wrong with the others, and no broken file stops the work."""

import random
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from base import plugins
from catalog import runs
from curate.curate import curate
from curate.measure import MEASURES, measure_batch, missing


def test_every_measure_says_what_it_is_and_in_which_version() -> None:
    versions = {name: plugins.load(MEASURES, name).VERSION for name in plugins.names(MEASURES)}
    assert len(set(versions.values())) == len(versions)
    assert all(plugins.description(MEASURES, name) for name in versions)


def test_a_picture_is_measured_once_and_its_main_facts_come_last(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)))
    asks = missing(archive.folder)
    assert [ask[0] for ask in asks] == [item.sha256]
    assert {"dimensions", "full_decode", "phash"} < set(asks[0][2])
    by_version: dict[str, list[str]] = {}
    for fact in measure_batch(asks)[0][1]:
        by_version.setdefault(fact.version, []).append(fact.measure)
    for name in asks[0][2]:
        module = plugins.load(MEASURES, name)
        assert by_version[module.VERSION][-1] == module.MAIN
    curate(archive.folder)
    assert missing(archive.folder) == []


def test_hostile_files_each_end_as_a_decision_with_a_reason(archive: Archive) -> None:
    chance = random.Random(5)
    whole = {name: encoded(drawn(1, 220), name) for name in ("JPEG", "PNG", "TIFF", "WEBP", "GIF")}
    hostile = [data[: len(data) * share // 10] for data in whole.values() for share in (2, 5, 8)]
    hostile += [b"GIF89a" + bytes(chance.randrange(256) for _ in range(200)) for _ in range(5)]
    hostile += [b"<html></html>", b"%PDF-1.5", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]
    archive.add_all({f"{number:02}.bin": data for number, data in enumerate(hostile)} | {"good.png": whole["PNG"]})
    report = curate(archive.folder)
    assert (report.keep, report.exclude) == (1, len(hostile))
    assert archive.rows("SELECT source_id FROM kept") == [{"source_id": "good.png"}]
    assert archive.rows("SELECT count(*) AS n FROM excluded WHERE reason IS NULL OR criterion <> 'unreadable'") == [{"n": 0}]
    assert report.measured == len(hostile) + 1


def test_a_measure_that_breaks_down_on_one_picture_leaves_the_others_alone(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate import measure

    bad = archive.add("bad.png", encoded(drawn(1)))
    good = archive.add("good.png", encoded(drawn(2)))

    def broken(batch: list[measure.Ask]) -> object:
        if any(ask[0] == bad.sha256 for ask in batch):
            raise ArithmeticError("a bug in a codec")
        return measure_batch(batch)

    def in_process(function: object, batches: list[list[measure.Ask]], **_: object) -> object:
        return run_batches(broken, batches, workers=1)

    run_batches = measure.run_batches
    monkeypatch.setattr(measure, "run_batches", in_process)
    with runs.begin(archive.folder, "curate", {}) as run:
        measured = measure.measure(archive.folder, run)
    assert (measured.images, measured.unreadable) == (2, 1)
    rows = archive.rows("SELECT sha256, word FROM measures WHERE measure = 'decode_detail'")
    assert rows == [{"sha256": bad.sha256, "word": "ArithmeticError: a bug in a codec"}]
    assert archive.rows("SELECT count(*) AS n FROM measures WHERE sha256 = $s AND measure = 'phash'", {"s": good.sha256}) == [
        {"n": 1}
    ]


def test_different_photographs_are_never_taken_for_copies(archive: Archive, shared_data: Path) -> None:
    paths = sorted((shared_data / "photos").rglob("*.jpg"))
    archive.add_all({path.relative_to(shared_data).as_posix(): path.read_bytes() for path in paths})
    report = curate(archive.folder)
    assert report.keep == len(paths)
    assert sum(report.excluded.values()) == sum(report.waiting.values()) == 0
