"""Stored bytes are read again, the longest unseen first, and what was found is kept."""

import shutil
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from catalog import db, fixity, runs
from catalog.check import check
from catalog.fixity import check_bytes
from catalog.status import status
from catalog.store import Store
from catalog.why import why


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = Archive(tmp_path_factory.mktemp("prepared") / "workspace")
    found.add_all({f"{number}.png": encoded(drawn(number, 32)) for number in range(4)})
    return found.folder


@pytest.fixture
def archive(prepared: Path, workspace: Path) -> Archive:
    shutil.copytree(prepared, workspace)
    return Archive(workspace)


def _spoil(workspace: Path, sha256: str) -> None:
    path = Store(workspace).path(sha256)
    path.chmod(0o644)
    path.write_bytes(b"altered")


def test_damaged_and_missing_bytes_are_named_and_kept(archive: Archive) -> None:
    damaged, missing, *_ = sorted(Store(archive.folder).names())
    _spoil(archive.folder, damaged)
    Store(archive.folder).path(missing).unlink()
    report = check_bytes(archive.folder)
    assert (report.checked, report.whole, report.damaged, report.missing) == (4, 2, (damaged,), (missing,))
    kept = {row["sha256"]: row["outcome"] for row in archive.rows("SELECT sha256, outcome FROM fixity")}
    assert kept[damaged] == "damaged"
    assert kept[missing] == "missing"
    assert sorted(kept.values()) == ["damaged", "missing", "whole", "whole"]
    (seen,) = why(archive.folder, damaged)["fixity"]
    assert seen["outcome"] == "damaged"
    told = status(archive.folder)["fixity"]
    assert (told["never"], told["damaged"]) == (0, 2)


def test_a_limit_reaches_every_picture_in_turn(archive: Archive) -> None:
    assert status(archive.folder)["fixity"] == {"checked_at": None, "never": 4, "damaged": 0}
    first = check_bytes(archive.folder, limit=3)
    assert (first.checked, first.left) == (3, 1)
    unseen = archive.rows("SELECT sha256 FROM last_checked WHERE checked_at IS NULL")[0]["sha256"]
    second = check_bytes(archive.folder, limit=2)
    assert second.checked == 2
    seen = archive.rows("SELECT sha256, count(*) AS times FROM fixity GROUP BY sha256 ORDER BY times, sha256")
    assert [row["times"] for row in seen] == [1, 1, 1, 2]
    assert unseen in [row["sha256"] for row in seen]


def test_a_later_check_tells_that_bytes_were_put_back(archive: Archive) -> None:
    sha256 = sorted(Store(archive.folder).names())[0]
    data = Store(archive.folder).read(sha256)
    _spoil(archive.folder, sha256)
    assert check_bytes(archive.folder).damaged == (sha256,)
    Store(archive.folder).path(sha256).write_bytes(data)
    assert check_bytes(archive.folder).damaged == ()
    assert status(archive.folder)["fixity"]["damaged"] == 0


def test_files_that_nobody_knows_are_listed_and_those_of_a_waiting_spool_are_not(archive: Archive) -> None:
    store = Store(archive.folder)
    stranger, waiting = store.put(b"stranger"), store.put(b"waiting")
    store.sync()
    left = runs.Run(archive.folder, "harvest", {}, None)
    left.add("images", {"sha256": waiting, "origin": "harvested", "size_bytes": 7})
    assert check_bytes(archive.folder).orphans == (stranger,)
    assert check(archive.folder).orphans == (stranger,)
    left.spool.close()


def test_what_a_killed_check_has_seen_is_not_seen_first_again(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def stop_after_two(what: str, done: int, total: int) -> None:
        seen.append(what)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_bytes(archive.folder, progress=stop_after_two)
    assert archive.rows("SELECT count(*) AS seen FROM fixity") == [{"seen": 2}]
    first = archive.rows(fixity.OLDEST_FIRST)[0]["sha256"]
    assert archive.rows("SELECT 1 FROM fixity WHERE sha256 = $one", {"one": first}) == []


def test_nothing_is_checked_where_there_is_no_catalogue(workspace: Path) -> None:
    with pytest.raises(UsageError, match="no catalogue"):
        check_bytes(workspace)
    assert not db.exists(workspace)
