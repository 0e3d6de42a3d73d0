"""Correct, withdraw, backup, restore, credits and check --bytes as an archivist meets them, on a small folder."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn_pictures import drawn

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def archive(fototeca: Run, tmp_path: Path) -> Path:
    """A workspace with two harvested and curated pictures of its folder."""
    folder = tmp_path / "atelier"
    folder.mkdir()
    for number, name in enumerate(("mate.jpg", "cuia.jpg"), start=1):  # number 0 is black
        (folder / name).write_bytes(drawn(number, side_px=320))
    (folder / "sheet.csv").write_text("file,title,creator,licence\nmate.jpg,Mate,Ana,CC BY 4.0\ncuia.jpg,Cuia,Bia,CC BY-SA 4.0\n")
    workspace = tmp_path / "collection"
    done = fototeca("harvest", "folder", folder, "--sheet", folder / "sheet.csv", "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    assert fototeca("curate", "--workspace", workspace).returncode == 0
    return workspace


def test_a_life_of_a_picture(fototeca: Run, archive: Path, tmp_path: Path) -> None:
    home = {"FOTOTECA_HOME": str(archive)}
    stated = fototeca("correct", "mate.jpg", "--creator", "Ana Reis", "--by", "Bia", "--reason", "the plate's back", **home)
    assert "Ana Reis" in stated.stdout, stated.stderr
    assert fototeca("curate", **home).returncode == 0
    credits = fototeca("credits", "--language", "pt-BR", **home).stdout
    assert "Ana Reis" in credits
    assert "Licença" in credits
    graph = json.loads(fototeca("credits", "--format", "json-ld", **home).stdout)["@graph"]
    assert {one["@type"] for one in graph} == {"ImageObject"}

    saved = fototeca("backup", tmp_path / "b.tar", **home)
    assert "2 pictures" in saved.stdout, saved.stderr

    dry = fototeca("withdraw", "mate.jpg", **home)
    assert "nothing was changed" in dry.stdout, dry.stderr
    assert fototeca("withdraw", "mate.jpg", "--yes", **home).returncode == 2
    done = fototeca("withdraw", "mate.jpg", "--yes", "--by", "Bia", "--reason", "the family asked", **home)
    assert done.returncode == 0, done.stderr
    assert "the family asked" in fototeca("why", "mate.jpg", **home).stdout
    assert len(list((archive / "store").rglob("*.*"))) < 3
    checked = fototeca("check", "--bytes", **home)
    assert checked.returncode == 0, checked.stdout

    other = tmp_path / "other"
    restored = fototeca("restore", tmp_path / "b.tar", "--workspace", other)
    assert "not in the store" in restored.stdout, restored.stderr
    assert fototeca("restore", tmp_path / "b.tar", **home).returncode in (0, 2)
    assert "Mate" not in fototeca("credits", **home).stdout


def test_a_flipped_bit_is_named_with_exit_code_6(fototeca: Run, archive: Path) -> None:
    victim = next(path for path in sorted((archive / "store").rglob("*")) if path.is_file())
    victim.chmod(0o644)
    data = bytearray(victim.read_bytes())
    data[100] ^= 1
    victim.write_bytes(bytes(data))
    done = fototeca("check", "--bytes", "--workspace", archive)
    assert done.returncode == 6
    assert victim.name[:12] in done.stdout + done.stderr


def test_the_bytes_can_be_checked_a_few_at_a_time(fototeca: Run, archive: Path) -> None:
    done = fototeca("check", "--bytes", "--limit", "1", "--workspace", archive)
    assert "1 file hashed" in done.stdout, done.stderr
    assert "left for the next times" in done.stdout
    assert fototeca("check", "--limit", "1", "--workspace", archive).returncode == 2
