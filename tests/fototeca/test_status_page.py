"""What `status` says of care and of criteria that could not judge."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fototeca.ask import _abstention_lines, _care_lines


def _found(workspace: Path, **changes: Any) -> dict[str, Any]:
    return {
        "workspace": str(workspace),
        "totals": {"images": 5, "withdrawn": 0},
        "fixity": {"checked_at": None, "never": 5, "damaged": 0},
        "backup": None,
        "corrections": [],
        "abstained": {},
        "disk": {"store_bytes": 1200, "catalogue_bytes": 3400, "free_bytes": 5600},
        **changes,
    }


def test_care_never_taken_is_said_with_what_to_run(tmp_path: Path) -> None:
    said = "\n".join(_care_lines(_found(tmp_path)))
    assert "never checked" in said
    assert "`fototeca backup FILE`" in said
    assert "free 5.6 kB" in said


def test_damage_the_age_of_the_backup_and_corrections_are_said(tmp_path: Path) -> None:
    at = datetime.now(UTC).replace(tzinfo=None)
    found = _found(
        tmp_path,
        totals={"images": 5, "withdrawn": 2},
        fixity={"checked_at": at, "never": 1, "damaged": 1},
        backup={"file": "archive.tar", "made_at": at - timedelta(days=3)},
        corrections=[{"field": "title", "items": 4}],
    )
    said = "\n".join(_care_lines(found))
    assert "1 DAMAGED OR MISSING" in said
    assert "archive.tar, 3 days ago" in said
    assert "4 title" in said
    assert "Withdrawn: 2" in said


def test_a_criterion_that_only_lacks_a_model_is_named_calmly_and_another_with_its_number(tmp_path: Path) -> None:
    lines = _abstention_lines(_found(tmp_path, abstained={"has_people": 5, "watermarked": 5, "blurred": 2, "too_small": 0}))
    assert lines == [
        "No model is set for has people, watermarked ([models] in curation.toml): not judged.",
        "Criteria abstained, a measure missing: 2 blurred",
    ]


def test_with_a_model_set_its_missing_numbers_are_counted(tmp_path: Path) -> None:
    (tmp_path / "curation.toml").write_text('[models]\npeople = "faces.onnx"\n')
    assert _abstention_lines(_found(tmp_path, abstained={"has_people": 5})) == [
        "Criteria abstained, a measure missing: 5 has people"
    ]


def test_a_slip_in_the_settings_does_not_hide_the_page(tmp_path: Path) -> None:
    (tmp_path / "curation.toml").write_text("[modles]\n")
    assert _abstention_lines(_found(tmp_path, abstained={"has_people": 5}))
