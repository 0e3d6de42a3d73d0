"""Not one bit of an export changes without a fault being told, wherever it lies."""

import random
import subprocess
from pathlib import Path

import pytest
from small_shards import sample

from base.errors import SourceError
from shardset.read import open_shards
from shardset.verify import SUMS, verify
from shardset.write import write_folder

FLIPS = 40  # in each file


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Three shards, a page beside them, and the sums as coreutils writes them."""
    real = [sample(number) for number in range(4)] + [sample(9, split="val")]
    write_folder(tmp_path, [*real, sample(100, parent=real[0].key)], purpose="research", about={})
    (tmp_path / "README.md").write_text("Pictures.\n", encoding="utf-8")
    listed = sorted(path.name for path in tmp_path.iterdir())
    (tmp_path / SUMS).write_bytes(subprocess.check_output(["sha256sum", *listed], cwd=tmp_path))
    return tmp_path


def faults_of(folder: Path) -> list[str]:
    try:
        return verify(folder)
    except SourceError as error:
        return [str(error)]


def test_a_whole_export_has_no_faults(export: Path) -> None:
    assert verify(export) == []


def test_a_flipped_bit_anywhere_is_told(export: Path) -> None:
    chance = random.Random(5)
    for path in sorted(export.iterdir()):
        whole = path.read_bytes()
        path.chmod(0o644)
        for _ in range(FLIPS):
            at, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
            path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
            faults = faults_of(export)
            assert faults, f"{path.name}: bit {bit} of byte {at}"
            assert any(path.name in fault for fault in faults) or path.name == SUMS
        path.write_bytes(whole)
    assert verify(export) == []


@pytest.mark.parametrize("flip", [1, 4])
def test_a_line_end_of_the_sums_that_became_another_sign_is_told(export: Path, flip: int) -> None:
    text = (export / SUMS).read_bytes()
    first = text.index(b"\n")
    for at in (first, len(text) - 1):
        (export / SUMS).write_bytes(text[:at] + bytes([text[at] ^ flip]) + text[at + 1 :])
        assert any(SUMS in fault for fault in verify(export))


def test_a_line_that_is_gone_from_the_sums_is_told(export: Path) -> None:
    lines = (export / SUMS).read_text(encoding="utf-8").splitlines(keepends=True)
    shard = open_shards(export).manifest["shards"][0]["name"]
    (export / SUMS).write_text("".join(line for line in lines if shard not in line), encoding="utf-8")
    assert verify(export) == [f"{SUMS} is altered: it does not name {shard}"]
