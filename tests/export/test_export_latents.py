"""Latents beside the shards follow an export, and nothing that is handed over speaks of them."""

from pathlib import Path

from curated_archive import Archive

from catalog.withdraw import withdraw
from export.shards import ExportSettings, export
from shardset import latents
from shardset.read import Ref, open_shards
from shardset.verify import verify


def put(folder: Path, ref: Ref | None) -> Path:
    """A stand-in for the latents of a sample's picture, or for those of a text."""
    sha256 = next(one[3] for one in ref.members if one[0] not in latents.TEXTS) if ref else "a" * 64
    path = folder / latents.FOLDER / latents.name("picture" if ref else "text", sha256, "0" * 16)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"numbers")
    return path


def test_withdrawn_picture_leaves_no_latents_behind(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(archive.folder, folder, ExportSettings(ro_crate=True))
    gone, *others = open_shards(folder).refs("train", "real")
    paths = {ref.key: put(folder, ref) for ref in (gone, *others)}
    text = put(folder, None)
    assert verify(folder) == []
    withdraw(archive.folder, gone.key, reason="asked to", who="Ana")
    export(archive.folder, folder, ExportSettings(ro_crate=True))
    still = {ref.key for ref in open_shards(folder).refs("train", "real")}
    assert gone.key not in still
    assert {key for key, path in paths.items() if path.exists()} == still & set(paths)
    assert not text.exists()
    assert verify(folder) == []
    told = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".tar"]
    assert [path.name for path in told if latents.FOLDER.encode() in path.read_bytes()] == []


def test_folder_that_holds_nothing_but_latents_is_exported_into(archive: Archive, tmp_path: Path) -> None:
    orphan = tmp_path / "out" / latents.FOLDER / latents.name("picture", "b" * 64, "0" * 16)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"numbers")
    export(archive.folder, tmp_path / "out", ExportSettings())
    assert not orphan.exists()
    assert verify(tmp_path / "out") == []
