"""SIGKILL at every named point of harvest, curate and export, then the same command again: as if nothing had happened."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_catalogue import content
from small_folder import save_collection

Run = Callable[..., subprocess.CompletedProcess[str]]

SPOOLING = ("spool.mid_line", "spool.after_line:3", "pour.before", "pour.inside", "pour.after")
STORING = ("store.before_group_sync", "store.before_rename", "store.after_rename:2")
HARVEST = ("harvest", "folder", "pictures", "--sheet", "pictures/sheet.csv")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Workspaces after harvest, after curate and after export, made without any disturbance."""
    base = tmp_path_factory.mktemp("undisturbed")
    save_collection(base / "pictures")
    stages: dict[str, Path] = {}
    for name, words in (("harvested", HARVEST), ("curated", ("curate",)), ("exported", ("export", "shards"))):
        done = subprocess.run(
            [sys.executable, "-m", "fototeca", *words],
            cwd=base,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        stages[name] = tmp_path_factory.mktemp(name) / "workspace"
        shutil.copytree(base, stages[name])
    return stages


def killed_and_run_again(fototeca: Run, start: Path | None, place: Path, words: tuple[str, ...], kill_at: str) -> None:
    """Copy the start, kill the command at the point, run it again."""
    if start is not None:
        shutil.copytree(start, place, dirs_exist_ok=True)
    killed = fototeca(*words, cwd=place, kill_at=kill_at)
    assert killed.returncode == -9, f"{kill_at} was not reached: {killed.stdout} {killed.stderr}"
    again = fototeca(*words, cwd=place)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("kill_at", [*STORING, *SPOOLING])
def test_harvest_killed_and_run_again(fototeca: Run, undisturbed: dict[str, Path], tmp_path: Path, kill_at: str) -> None:
    place = tmp_path / "workspace"
    shutil.copytree(undisturbed["harvested"] / "pictures", place / "pictures")
    killed_and_run_again(fototeca, None, place, HARVEST, kill_at)
    assert content(place) == content(undisturbed["harvested"])
    assert stored(place) == stored(undisturbed["harvested"])


@pytest.mark.parametrize("kill_at", SPOOLING)
def test_curate_killed_and_run_again(fototeca: Run, undisturbed: dict[str, Path], tmp_path: Path, kill_at: str) -> None:
    place = tmp_path / "workspace"
    killed_and_run_again(fototeca, undisturbed["harvested"], place, ("curate",), kill_at)
    assert content(place) == content(undisturbed["curated"])


@pytest.mark.parametrize("kill_at", ["export.after_shard", "export.after_shard:2", "export.before_manifest", *SPOOLING])
def test_export_killed_and_run_again(fototeca: Run, undisturbed: dict[str, Path], tmp_path: Path, kill_at: str) -> None:
    place = tmp_path / "workspace"
    killed_and_run_again(fototeca, undisturbed["curated"], place, ("export", "shards"), kill_at)
    assert content(place) == content(undisturbed["exported"])
    assert files(place / "shards") == files(undisturbed["exported"] / "shards")


@pytest.mark.parametrize("kill_at", ["pour.inside", None])
def test_ingest_killed_and_run_again(fototeca: Run, undisturbed: dict[str, Path], tmp_path: Path, kill_at: str | None) -> None:
    place = tmp_path / "workspace"
    shutil.copytree(undisturbed["harvested"] / "pictures", place / "pictures")
    assert fototeca(*HARVEST, cwd=place, kill_at="pour.before").returncode == -9
    if kill_at:
        assert fototeca("ingest", cwd=place, kill_at=kill_at).returncode == -9
    assert fototeca("ingest", cwd=place).returncode == 0
    assert content(place) == content(undisturbed["harvested"])


def stored(place: Path) -> set[str]:
    """Names of the files in the store."""
    return {str(path.relative_to(place)) for path in (place / "store").rglob("*") if path.is_file()}


def files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of an export."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
