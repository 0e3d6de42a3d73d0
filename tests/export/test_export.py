"""Export: rights resolved for the purpose, the gate, a folder that can be made again to the byte, and what stays out."""

import csv
import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import duckdb
import pytest
from curated_archive import Archive, drawn, encoded

from base import locks
from base.errors import BusyError, CheckFailed, UsageError
from catalog import runs
from catalog.records import Pair, Split
from curate.curate import curate
from curate.decide import decide
from export.shards import ExportReport, ExportSettings, export
from shardset.read import open_shards
from shardset.verify import verify

ROOT = Path(__file__).parents[2]


def run(archive: Archive, folder: Path, **settings: object) -> ExportReport:
    return export(archive.folder, folder, ExportSettings(**settings))  # type: ignore[arg-type]  # the tests' own values


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def records(folder: Path) -> dict[str, dict]:  # type: ignore[type-arg]  # JSON
    opened = open_shards(folder)
    found = [dict(opened.load(ref).record) for ref in opened.refs()]
    return {one["source_id"] + ("+" if one["parent"] else ""): one for one in found}


def test_a_sample_says_whose_it_is_what_it_permits_and_what_it_shows(archive: Archive, tmp_path: Path) -> None:
    report = run(archive, tmp_path / "out")
    found = records(tmp_path / "out")
    assert set(found) >= {"by0", "by1", "by2", "by3", "nc", "dual", "nd"}
    assert "arr" not in found
    assert report.samples == len(found) == 8
    one = found["by1"]
    assert (one["rights"]["family"], one["rights"]["version"], one["creator"]) == ("by", "4.0", "Zé <da> Silva")
    assert one["concepts"] == [{"name": "chimarrão", "class_noun": "drinking gourd", "rare_token": "chmrr"}]
    assert one["purposes"] == ["research", "commercial"]
    assert found["nc"]["purposes"] == ["research"]
    assert found["nd"]["permissions"]["derivatives"] is False
    made = next(one for one in found.values() if one["origin"] == "generated")
    parent = next(one for one in found.values() if one["sha256"] == made["parent"])
    assert (made["split"], made["anchor"], made["creator"]) == ("train", parent["anchor"], "Zé <da> Silva")
    assert (made["variation"]["prompt"], made["variation"]["strength"]) == ("a gourd", 0.3)


def test_of_several_licences_the_freest_that_permits_the_purpose_is_named(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    assert records(tmp_path / "out")["dual"]["rights"]["family"] == "by"


def test_a_commercial_export_leaves_out_and_counts_what_is_not_permitted(archive: Archive, tmp_path: Path) -> None:
    report = run(archive, tmp_path / "out", purpose="commercial")
    found = records(tmp_path / "out")
    assert "nc" not in found
    assert "dual" in found
    assert all("commercial" in one["purposes"] for one in found.values())
    assert report.left_out == {"not permitted for commercial use": 1}
    kept = archive.rows("SELECT count(*) AS pictures FROM kept")[0]["pictures"]
    assert report.samples + sum(report.left_out.values()) == kept


def test_a_person_s_word_for_research_clears_nothing_for_commerce(archive: Archive, tmp_path: Path) -> None:
    decide(archive.folder, "nc", "keep", reason="A fine picture.", who="Rosa")
    decide(archive.folder, "arr", "keep", reason="The heirs agreed.", who="Rosa", evidence="letter of 3 May")
    curate(archive.folder)
    run(archive, tmp_path / "research")
    found = records(tmp_path / "research")
    assert (found["arr"]["cleared_by"], found["arr"]["purposes"]) == ("Rosa", ["research"])
    assert found["nc"]["cleared_by"] is None
    run(archive, tmp_path / "commercial", purpose="commercial")
    assert not {"nc", "arr"} & set(records(tmp_path / "commercial"))


def test_an_export_is_never_wider_than_the_workspace_s_purpose(archive: Archive, tmp_path: Path) -> None:
    (archive.folder / "curation.toml").write_text('purpose = "commercial"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="wider"):
        run(archive, tmp_path / "out", purpose="research")
    assert not (tmp_path / "out").exists()


def test_made_twice_it_is_the_same_to_the_byte(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(archive, tmp_path / "one")
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    mask = os.umask(0o077)
    try:
        run(archive, tmp_path / "elsewhere" / "two")
    finally:
        os.umask(mask)
    assert digests(tmp_path / "one") == digests(tmp_path / "elsewhere" / "two")
    text = "".join(path.read_text(errors="replace") for path in (tmp_path / "one").iterdir())
    assert str(tmp_path) not in text
    assert not [row["run_id"] for row in archive.rows("SELECT run_id FROM runs") if row["run_id"] in text]


def test_run_again_it_writes_nothing_and_says_so(archive: Archive, tmp_path: Path) -> None:
    first = run(archive, tmp_path / "out")
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    second = run(archive, tmp_path / "out")
    assert (first.changed, second.changed) == (True, False)
    assert (second.written, second.removed, set(second.kept)) == ((), (), set(first.written))
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times
    assert archive.rows("SELECT count(*) AS exports FROM exports")[0]["exports"] == 1


def test_a_picture_left_out_later_leaves_no_byte_behind(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    gone = archive.store.read(records(tmp_path / "out")["nd"]["sha256"])
    decide(archive.folder, "nd", "exclude", reason="The owner asked.", who="Rosa")
    report = run(archive, tmp_path / "out")
    assert (len(report.written) <= 1, len(report.removed)) == (True, 1)
    assert all(gone not in path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert verify(tmp_path / "out") == []
    run(archive, tmp_path / "anew")
    assert digests(tmp_path / "anew") == digests(tmp_path / "out")


def test_beside_the_shards_stand_credits_licences_and_sums(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    report = run(archive, folder)
    with (folder / "credits.csv").open(encoding="utf-8", newline="") as stream:
        credits = list(csv.DictReader(stream))
    assert len(credits) == report.samples
    assert {row["title"] for row in credits} >= {"Roda 1", "'=HYPERLINK(1)"}
    assert sorted(row["modified"] for row in credits) == ["False"] * 7 + ["True"]
    page = (folder / "credits.html").read_text(encoding="utf-8")
    assert "Zé &lt;da&gt; Silva" in page
    assert "<da>" not in page
    with duckdb.connect(":memory:") as connection:
        for name in ("licences.parquet", "licences.csv"):
            families = connection.execute(f"SELECT family, count(*) FROM '{folder / name}' GROUP BY ALL ORDER BY ALL").fetchall()
            assert families == [("by", 6), ("by-nc", 1), ("by-nd", 1)]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for words in ("CC BY-NC 4.0", "chimarrão", "folder:test", "rights_not_cleared", "sha256sum --check", "tiny"):
        assert words in readme
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert done.returncode == 0
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}


def test_what_was_exported_is_in_the_catalogue(archive: Archive, tmp_path: Path) -> None:
    report = run(archive, archive.folder / "shards", limit=3)
    row = archive.rows("SELECT manifest_digest, folder, samples FROM exports")[0]
    assert row == {
        "manifest_digest": report.manifest_digest,
        "folder": "shards",
        "samples": report.samples,
    }
    samples = archive.rows("SELECT subject, shard FROM samples")
    assert len(samples) == report.samples
    assert {one["shard"] for one in samples} == set(report.written)


def test_concept_where_and_limit_choose_and_say_what_they_left_out(archive: Archive, tmp_path: Path) -> None:
    report = run(archive, tmp_path / "a", concepts=("chimarrão",), where="source_id <> 'by0' -- not this one", limit=1)
    assert report.left_out["of other concepts"] == 3
    assert report.left_out["not meeting --where"] >= 1
    assert report.left_out["beyond --limit"] == 2
    assert open_shards(tmp_path / "a").manifest["selection"]["limit"] == 1
    with pytest.raises(UsageError, match="chimarrao"):
        run(archive, tmp_path / "b", concepts=("chimarrao",))


@pytest.mark.parametrize("where", ["width_px >", "1 = 1); DROP TABLE runs; --", "subject IN (COPY runs TO 'x')", "nonsense = 1"])
def test_a_wrong_condition_is_refused_and_nothing_is_written(archive: Archive, tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError):
        run(archive, tmp_path / "out", where=where)
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert archive.rows("SELECT count(*) > 0 AS stands FROM runs")[0]["stands"]


def test_a_pair_across_splits_stops_the_export_and_is_named(archive: Archive, tmp_path: Path) -> None:
    a, b = sorted(row["sha256"] for row in archive.rows("SELECT sha256 FROM kept WHERE source_id IN ('nc', 'nd')"))
    with runs.begin(archive.folder, "curate", {}) as made:
        for anchor, split in (("0" * 64, "train"), ("1" * 64, "test")):
            made.add("splits", Split(anchor=anchor, split=split))
        made.add("groups", {"anchor": "0" * 64, "member": a})
        made.add("groups", {"anchor": "1" * 64, "member": b})
        pair = Pair(a=a, b=b, kind="phash", version="1", distance=2, orientation="same", verified=0.99, verified_by="correlation")
        made.add("pairs", pair)
    with pytest.raises(CheckFailed, match=rf"(?s){a[:12]}.*{b[:12]}"):
        run(archive, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_picture_without_a_split_asks_for_curate(archive: Archive, tmp_path: Path) -> None:
    archive.add("fresh", encoded(drawn(90)))
    with runs.begin(archive.folder, "curate", {}):  # a curation that drew no split
        pass
    with pytest.raises(UsageError, match="fototeca curate"):
        run(archive, tmp_path / "out")


def test_a_folder_that_holds_something_else_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.odt").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.odt"):
        run(archive, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.odt"]


def test_a_second_export_into_the_folder_at_once_is_busy(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    code = f"""
from pathlib import Path
from base.errors import BusyError
from export.shards import ExportSettings, export
try:
    export(Path({str(archive.folder)!r}), Path({str(tmp_path / "out")!r}), ExportSettings())
except BusyError as error:
    print(error)
"""
    with locks.held(tmp_path / ".out.lock", "a test"):
        told = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    assert f"PID {os.getpid()}" in told
    assert BusyError.exit_code == 4


@pytest.mark.parametrize("kill_at", ["export.after_shard:2", "export.before_manifest"])
def test_killed_and_run_again_it_is_as_if_undisturbed(archive: Archive, tmp_path: Path, kill_at: str) -> None:
    code = """
import sys
import tarfile
from pathlib import Path
from export.shards import ExportSettings, export
export(Path(sys.argv[1]), Path(sys.argv[2]), ExportSettings())
"""
    words = [sys.executable, "-c", code, str(archive.folder), str(tmp_path / "killed")]
    killed = subprocess.run(words, cwd=ROOT, env={**os.environ, "FOTOTECA_KILL_AT": kill_at}, check=False)
    assert killed.returncode == -9
    (tmp_path / "killed" / ".manifest.json.99999.tmp").write_bytes(b"half")
    report = run(archive, tmp_path / "killed")
    assert report.changed
    run(archive, tmp_path / "calm")
    assert digests(tmp_path / "killed") == digests(tmp_path / "calm")


def test_every_format_that_counts_as_an_image_keeps_its_extension(archive: Archive, tmp_path: Path) -> None:
    archive.add("avif", encoded(drawn(71), "AVIF"))
    curate(archive.folder)
    run(archive, tmp_path / "out")
    names = []
    for path in (tmp_path / "out").glob("*.tar"):
        with tarfile.open(path) as shard:
            names += shard.getnames()
    assert sum(name.endswith(".avif") for name in names) == 1
    assert not any(name.endswith(".bin") for name in names)
