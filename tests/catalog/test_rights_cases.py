"""The shared licence cases, where this machine has them: one test a case."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.rights import as_case, read_rights

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "licences" / "cases.jsonl"


def _cases() -> list[Any]:
    if not CASES.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason="shared/data not present"))]
    return [pytest.param(json.loads(line)) for line in CASES.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("case", _cases())
def test_shared_case(case: dict[str, Any]) -> None:
    found = as_case(read_rights(case["input"]))
    for key in case.keys() - {"input", "flags"}:
        assert found[key] == case[key], key
    assert set(case["flags"]) <= set(found["flags"])
    for flag in ("refuse", "soft"):
        assert (flag in found["flags"]) == (flag in case["flags"])
