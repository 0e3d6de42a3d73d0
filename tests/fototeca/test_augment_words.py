"""What `fototeca augment --plan` prints: the table, time and disk with where they come from, and why the rest is not varied."""

import pytest

from augment.estimate import Estimate
from augment.plan import ConceptPlan, Obstacle
from augment.vary import AugmentReport
from fototeca.words import augment_words, duration


def _report(*concepts: ConceptPlan, notes: tuple[str, ...] = ()) -> AugmentReport:
    return AugmentReport(
        run_id=None, model="org/model", revision="0123456789abcdef", purpose="research", device=None, precision=None,
        batch_size=8, planned=12, made_before=2, made=0, failed=0, short=22, seconds=0.0,
        estimate=Estimate(seconds=43_000.0, megabytes=2.5, basis="assumed for a cpu, not measured"),
        concepts=concepts, notes=notes, problems=(),
    )  # fmt: skip


GOURDS = ConceptPlan(
    concept="cuia", class_noun="gourd", target=40, kept=6, generated=2, pending=0, left_out={}, missing=32, parents=5,
    made_before=2, to_make=10, short=22,
    obstacles=(
        Obstacle(code="no_derivatives", reason="its licence permits no changed versions", count=2, examples=("Roda", "Baile")),
        Obstacle(code="opted_out", reason="its maker or its source asks that no model learn from it (opt-out)", count=1,
                 examples=("Baú",)),
    ),
)  # fmt: skip


def test_the_plan_says_what_how_long_how_much_and_why_not_the_rest() -> None:
    lines = augment_words(_report(GOURDS, notes=("cuia: 22 remain missing.",)), plan_only=True).splitlines()
    assert lines[0].split() == ["concept", "target", "kept", "generated", "missing", "parents", "to", "make"]
    assert lines[2].split() == ["cuia", "40", "6", "2", "32", "5", "10"]
    assert lines[3:] == [
        "  cuia: 2 cannot be varied, such as “Roda”: its licence permits no changed versions",
        "  cuia: 1 cannot be varied, such as “Baú”: its maker or its source asks that no model learn from it (opt-out)",
        "plan: 10 variations to make with org/model (revision 0123456789ab), about 11.9 h (assumed for a cpu, not measured) and"
        " 2.5 MB of disk; nothing was written.",
        "cuia: 22 remain missing.",
    ]


def test_where_nothing_is_scarce_the_reason_is_said() -> None:
    said = augment_words(_report(notes=("no concepts are known: write concepts.toml.",)), plan_only=True)
    assert said == "nothing to augment:\n  no concepts are known: write concepts.toml."


@pytest.mark.parametrize(("seconds", "said"), [(119.4, "119 s"), (120, "2 min"), (7200, "2.0 h"), (180_000, "2.1 days")])
def test_times_are_told_in_a_fitting_unit(seconds: float, said: str) -> None:
    assert duration(seconds) == said
