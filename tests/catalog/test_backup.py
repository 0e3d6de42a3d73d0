"""A backup is one verified file; a restore loses nothing, brings back nothing that was withdrawn, and survives a kill."""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from small_catalogue import candidate, content

from base.errors import SourceError, UsageError
from catalog import db, runs
from catalog.backup import backup, restore
from catalog.backup_file import verified
from catalog.check import check
from catalog.status import status
from catalog.store import Store
from catalog.withdraw import withdraw


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures, and a configuration; copied for each test."""
    found = Archive(tmp_path_factory.mktemp("prepared") / "workspace")
    found.add("a.jpg", encoded(drawn(1, 64)), title="One")
    found.add("b.jpg", encoded(drawn(2, 64)), title="Two", creator="Maria")
    (found.folder / "concepts.toml").write_text("# concepts\n")
    return found.folder


@pytest.fixture
def archive(prepared: Path, workspace: Path) -> Archive:
    shutil.copytree(prepared, workspace)
    return Archive(workspace)


def _members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]  # all are files


def test_a_backup_restored_elsewhere_holds_the_same_and_names_the_missing_pictures(archive: Archive, tmp_path: Path) -> None:
    waiting = runs.Run(archive.folder, "curate", {}, None)
    waiting.add("captions", {"subject": candidate("a.jpg", source="folder:test").candidate_id, "origin": "archivist",
                             "language": "pt", "text": "Uma colina"})  # fmt: skip
    made = backup(archive.folder, tmp_path / "safe" / "x.tar")
    assert (made.candidates, made.images, made.missing) == (2, 2, ())
    target = tmp_path / "new"
    report = restore(tmp_path / "safe" / "x.tar", target)
    assert (report.candidates, report.images, len(report.missing)) == (2, 2, 2)
    assert "are not in the store" in report.sentence()
    assert (target / "concepts.toml").read_text() == "# concepts\n"
    assert db.rows(target, "SELECT text FROM captions") == [{"text": "Uma colina"}]  # the waiting spool was poured
    waiting.spool.close()
    runs.pour_abandoned(archive.folder)
    assert content(target) == content(archive.folder)
    shutil.copytree(archive.folder / "store", target / "store", dirs_exist_ok=True)
    assert check(target, read_bytes=True).faults == ()


def test_bytes_that_are_there_are_found_and_another_size_is_named(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    target = tmp_path / "new"
    shutil.copytree(archive.folder / "store", target / "store")
    one, two = sorted(Store(target).names())
    Store(target).path(one).write_bytes(b"short")
    report = restore(tmp_path / "x.tar", target)
    assert (report.missing, report.other_size) == ((), (one,))
    assert two in Store(target).names()


def test_the_pictures_themselves_are_not_in_the_file(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    members = _members(tmp_path / "x.tar")
    assert members["store.csv"].decode().splitlines()[0] == "sha256,size_bytes"
    assert len(members["store.csv"].decode().splitlines()) == 3
    assert not [name for name in members if name.startswith("store/") or name.endswith(".lock")]
    assert list(members)[-1] == "manifest.json"


def test_a_compressed_backup_is_restored_as_well(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar.gz")
    assert gzip.decompress((tmp_path / "x.tar.gz").read_bytes())
    assert restore(tmp_path / "x.tar.gz", tmp_path / "new").candidates == 2


def test_a_backup_overwrites_nothing(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        backup(archive.folder, tmp_path / "x.tar")
    with pytest.raises(UsageError, match="no catalogue"):
        backup(tmp_path / "nothing", tmp_path / "y.tar")


def test_status_knows_the_last_backup(archive: Archive, tmp_path: Path) -> None:
    assert status(archive.folder)["backup"] is None
    backup(archive.folder, tmp_path / "x.tar")
    found = status(archive.folder)["backup"]
    assert found["file"] == str(tmp_path / "x.tar")
    assert found["made_at"] is not None


def _spoiled(file: Path, how: str) -> None:
    data = file.read_bytes()
    members = _members(file)
    if how == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif how == "cut before the manifest":
        del members["manifest.json"]
        _write(file, members)
    elif how == "one byte":
        members["store.csv"] = members["store.csv"].replace(b"0", b"1", 1)
        _write(file, members)
    elif how == "a part more":
        _write(file, {"concepts.toml.exe": b"x", **members})
    elif how == "outside":
        _write(file, {"../outside": b"x", **members})
    elif how == "a part less":
        del members["concepts.toml"]
        _write(file, members)
    else:
        file.write_bytes(b"this is no tar" * 100)


def _write(file: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_a_damaged_backup_writes_nothing(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    whole = (tmp_path / "x.tar").read_bytes()
    for how in ("cut", "cut before the manifest", "one byte", "a part more", "outside", "a part less", "no tar"):
        (tmp_path / "x.tar").write_bytes(whole)
        _spoiled(tmp_path / "x.tar", how)
        with pytest.raises(SourceError, match=r"x\.tar"):
            restore(tmp_path / "x.tar", tmp_path / "new")
        assert not (tmp_path / "new").exists(), how
    with pytest.raises(SourceError, match="does not exist"):
        restore(tmp_path / "y.tar", tmp_path / "new")


def test_a_workspace_that_knows_more_is_refused(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    restore(tmp_path / "x.tar", archive.folder)  # it knows nothing more: only the backup itself came after
    archive.add("c.jpg", title="Three")
    before = content(archive.folder)
    with pytest.raises(UsageError, match="1 runs that the backup"):
        restore(tmp_path / "x.tar", archive.folder)
    assert content(archive.folder) == before
    other = Archive(tmp_path / "other")
    other.add("z.jpg")
    with pytest.raises(UsageError, match="another catalogue"):
        restore(tmp_path / "x.tar", other.folder)


def test_configuration_that_differs_is_put_beside(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    target = tmp_path / "new"
    target.mkdir()
    (target / "concepts.toml").write_text("# mine\n")
    report = restore(tmp_path / "x.tar", target)
    assert report.put_beside == ("concepts.toml.restored",)
    assert (target / "concepts.toml").read_text() == "# mine\n"
    assert (target / "concepts.toml.restored").read_text() == "# concepts\n"


def test_a_restore_does_not_bring_back_what_was_withdrawn_since(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    withdraw(archive.folder, "b.jpg", reason="The family asks for it.", who="Ana")
    for name in ("catalog.duckdb", "spool"):
        (archive.folder / name).rename(tmp_path / f"old-{name}")
    report = restore(tmp_path / "x.tar", archive.folder)
    subject = candidate("b.jpg", source="folder:test").candidate_id
    assert report.withdrawn_again == (subject,)
    assert report.missing == ()
    row = db.rows(archive.folder, "SELECT title, creator, outcome FROM current_candidates WHERE candidate_id = ?", [subject])
    assert row == [{"title": None, "creator": None, "outcome": "withdrawn"}]
    assert check(archive.folder).faults == ()
    for path in (archive.folder / "spool").rglob("candidates.jsonl"):
        assert "Maria" not in path.read_text()


WORK = """
import sys
from pathlib import Path
from catalog import backup
getattr(backup, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]))
"""


def _work(name: str, *paths: Path, kill_at: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "FOTOTECA_KILL_AT": kill_at}
    return subprocess.run([sys.executable, "-c", WORK, name, *map(str, paths)], env=environment, check=False).returncode


def test_a_restore_that_is_killed_again_and_again_is_completed_by_the_next(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    before = content(archive.folder)
    for place in ("restore.after_ready", "restore.after_one", "restore.after_one"):
        assert _work("restore", tmp_path / "x.tar", archive.folder, kill_at=place) == -9, place
    restore(tmp_path / "x.tar", archive.folder)
    assert content(archive.folder) == before
    assert not (archive.folder / ".restore").exists()


def test_an_interrupted_restore_of_another_backup_is_completed_first(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    archive.add("c.jpg")
    backup(archive.folder, tmp_path / "y.tar")
    target = tmp_path / "new"
    assert _work("restore", tmp_path / "x.tar", target, kill_at="restore.after_ready") == -9
    with pytest.raises(UsageError, match=r"restore of .*x\.tar was interrupted"):
        restore(tmp_path / "y.tar", target)


def test_a_killed_backup_leaves_no_half_file(archive: Archive, tmp_path: Path) -> None:
    safe = tmp_path / "safe"
    assert _work("backup", archive.folder, safe / "x.tar", kill_at="pour.before") == -9
    assert verified(safe / "x.tar")["candidates"] == 2  # the file was whole, its run not yet poured
    (safe / "y.tar").unlink(missing_ok=True)
    (safe / ".y.tar.1.tmp").write_bytes(b"half")
    backup(archive.folder, safe / "y.tar")
    assert sorted(path.name for path in safe.iterdir()) == ["x.tar", "y.tar"]


def test_the_same_parts_give_the_same_bytes_of_spools_and_lists(archive: Archive, tmp_path: Path) -> None:
    backup(archive.folder, tmp_path / "x.tar")
    backup(archive.folder, tmp_path / "y.tar")
    one, other = _members(tmp_path / "x.tar"), _members(tmp_path / "y.tar")
    same = {name for name in one if other.get(name) == one[name]}
    assert {name for name in one if name.startswith("spool/")} | {"store.csv", "concepts.toml"} <= same
