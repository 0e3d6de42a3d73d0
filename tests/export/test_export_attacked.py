"""What a careless or hostile hand does to an export, its folder or its pictures: nothing damaged is passed on as good."""

import json
from pathlib import Path

import pytest
from curated_archive import Archive
from typer.testing import CliRunner

from base.errors import CheckFailed, SourceError, UsageError
from catalog import runs
from catalog.records import Pair, Split
from catalog.withdraw import plan_withdrawal, withdraw
from export.policy import ImagePolicy
from export.shards import ExportSettings, export
from export.sign import signer_of
from fototeca.main import app
from shardset.read import open_shards, read
from shardset.verify import verify


def exported(archive: Archive, folder: Path, **settings: object) -> Path:
    export(archive.folder, folder, ExportSettings(**settings))  # type: ignore[arg-type]  # the tests' own values
    return folder


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def test_a_damaged_shard_without_its_manifest_is_not_taken_for_good(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out")
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    ref = open_shards(folder).refs("train", "real")[0]
    flip(folder / ref.shard, ref.members[0][1] + 3)
    (folder / "manifest.json").unlink()
    exported(archive, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_a_removed_shard_is_written_again_and_the_others_kept(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out")
    name = open_shards(folder).refs()[0].shard
    (folder / name).unlink()
    assert export(archive.folder, folder, ExportSettings()).written == (name,)
    assert verify(folder) == []


def test_what_an_altered_manifest_says_of_shards_is_not_believed(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out")
    path = folder / "manifest.json"
    good = path.read_text(encoding="utf-8")
    sha256 = json.loads(good)["shards"][0]["samples"][0]["members"]["txt"][2]
    path.write_text(good.replace(sha256, sha256[::-1], 1), encoding="utf-8")
    exported(archive, folder)
    assert path.read_text(encoding="utf-8") == good
    assert verify(folder) == []


@pytest.mark.parametrize("wrong", [{"shards": [{}]}, {"shards": 5}, {"bucket_bits": "x"}, {"bucket_bits": 99}])
def test_a_damaged_manifest_is_named(archive: Archive, tmp_path: Path, wrong: dict[str, object]) -> None:
    path = exported(archive, tmp_path / "out") / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **wrong}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"manifest\.json is damaged"):
        exported(archive, tmp_path / "out")


def test_without_its_sums_an_export_is_not_passed(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out")
    (folder / "SHA256SUMS").unlink()
    assert verify(folder) == ["SHA256SUMS is missing, so what stands beside the shards cannot be checked"]


@pytest.mark.parametrize("name", ["README.md", "ro-crate-metadata.json", "notes.txt"])
def test_somebody_s_own_file_is_left_alone(archive: Archive, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="no part of an export"):
        exported(archive, tmp_path / "out")
    assert (tmp_path / "out" / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("inside", ["store/incoming", "store/new", "spool/new", "signing"])
def test_nothing_is_exported_into_what_the_workspace_needs(archive: Archive, inside: str) -> None:
    with pytest.raises(UsageError, match="fototeca's own"):
        exported(archive, archive.folder / inside)


def test_a_variation_like_a_held_out_picture_stops_at_the_gate(archive: Archive, tmp_path: Path) -> None:
    made = archive.rows("SELECT sha256 FROM kept WHERE kind = 'generated'")[0]["sha256"]
    other = archive.rows("SELECT sha256 FROM kept WHERE kind = 'harvested' AND source_id = 'nd'")[0]
    a, b = sorted((made, other["sha256"]))
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add("splits", Split(anchor="1" * 64, split="test"))
        run.add("groups", {"anchor": "1" * 64, "member": other["sha256"]})
        run.add(
            "pairs",
            Pair(
                a=a,
                b=b,
                kind="phash",
                version="drawn",
                distance=0,
                orientation="upright",
                verified=0.99,
                verified_by="correlation",
            ),
        )
    with pytest.raises(CheckFailed, match="variation and a picture"):
        exported(archive, tmp_path / "out")


def test_no_sum_of_a_withdrawn_picture_stays(archive: Archive, tmp_path: Path) -> None:
    anchor = archive.rows("SELECT anchor FROM kept WHERE kind = 'generated'")[0]["anchor"]
    folder = exported(archive, tmp_path / "out")
    withdraw(archive.folder, anchor, reason="The owner asked.", who="Rosa")
    exported(archive, folder)
    assert anchor.encode() not in b"".join(path.read_bytes() for path in folder.iterdir())


def test_a_variation_goes_with_its_parent_where_a_condition_is_given(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out", where="creator IS NOT NULL")
    assert len(open_shards(folder).refs(kind="synthetic")) == 1
    with pytest.raises(UsageError, match="--where is empty"):
        exported(archive, tmp_path / "other", where="  ")


def test_a_scaled_copy_says_that_it_is_one(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out", policy=ImagePolicy(longest_side_px=64, encoder="png"))
    assert "Scaled copy." in (folder / "credits.csv").read_text(encoding="utf-8")
    assert "quality" not in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["image_policy"]


def test_an_empty_certificate_is_not_replaced_by_our_own(archive: Archive, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(UsageError, match="is empty"):
        signer_of(archive.folder, empty, empty)
    assert not (archive.folder / "signing").exists()


@pytest.mark.parametrize(
    ("place", "code"), [("memory://x", 2), ("file://relative/x", 2), ("{file}/x", 2), ("FILE://{folder}/upper", 0)]
)
def test_odd_places_end_in_a_sentence(archive: Archive, tmp_path: Path, place: str, code: int) -> None:
    (tmp_path / "file").touch()
    where = place.format(file=tmp_path / "file", folder=tmp_path)
    done = CliRunner().invoke(app, ["export", where, "--workspace", str(archive.folder)], catch_exceptions=True)
    error = done.exception
    assert getattr(error, "exit_code", 2 if isinstance(error, OSError) else 0) == code


@pytest.mark.parametrize("alpha", [50.0, -1.0, float("nan")])
def test_an_alpha_that_is_no_probability_is_refused(archive: Archive, tmp_path: Path, alpha: float) -> None:
    with pytest.raises(UsageError, match="probability"):
        read(exported(archive, tmp_path / "out"), alpha=alpha)


def test_a_folder_that_got_back_what_it_once_held_is_known_to_hold_it(archive: Archive, tmp_path: Path) -> None:
    folder = exported(archive, tmp_path / "out")
    whole = (folder / "manifest.json").read_bytes()
    ref = open_shards(folder).refs("train", "real")[-1]
    subject = archive.rows(f"SELECT subject FROM samples WHERE sha256 = '{ref.key}'")[0]["subject"]
    exported(archive, folder, where=f"subject <> '{subject}'")
    exported(archive, folder)
    assert (folder / "manifest.json").read_bytes() == whole
    assert archive.rows("SELECT count(*) AS times FROM exports") == [{"times": 3}]
    assert archive.rows(f"SELECT count(*) AS places FROM whereabouts WHERE sha256 = '{ref.key}'") == [{"places": 1}]
    assert str(folder) in plan_withdrawal(archive.folder, subject).exports
