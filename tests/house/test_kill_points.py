"""Every kill point is reached by the code and tried by a test."""

import re
from pathlib import Path

import pytest

from base.faults import KILL_POINTS

ROOT = Path(__file__).parents[2]
ROOMS = ("catalog", "shardset", "engine", "harvest", "curate", "augment", "export", "finetune")
REACHED = re.compile(r"(?:kill_point|wanted)\(\"([a-z_.]+)\"\)")


def test_the_code_reaches_the_points_that_are_listed_and_no_others() -> None:
    texts = [path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert {name for text in texts for name in REACHED.findall(text)} == set(KILL_POINTS)


@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_test_dies_at_this_point(point: str) -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert any(f'"{point}' in path.read_text(encoding="utf-8") for path in tests)
