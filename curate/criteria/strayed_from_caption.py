"""Variations that no longer show what their prompt says: one more picture, and a wrong label.

Cioni et al. 2023 (figure 5) compare three cosines: (a) picture and caption, (b) variation and caption, (c) picture and
variation. (b) not below (a) says that the caption still holds; (c) says how far the picture moved. What is high differs from
model to model, so the default looks at the fall from (a) to (b) and not at either number, and at (c) only where it is as low as
between strangers. The other side of the window, a variation too near its picture, is `copy_of_parent`.
"""

from dataclasses import dataclass
from typing import Literal

from curate.models_in_use import MODELS_IN_USE

VERSION = "1"
APPLIES_TO = ("generated",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    max_drop: float = 0.05
    """By how much less the prompt may fit the variation than the picture that was varied. The paper asks for no fall at all,
    as a mean over a collection; single pictures scatter. An assumption, not measured: set it from a curve of strengths."""
    min_likeness: float | None = None
    """When set, the least likeness of variation and prompt, whatever the parent's is. Comparable within one model only."""
    min_parent_likeness: float | None = 0.5
    """The least likeness of variation and parent picture: what two unrelated photographs have to CLIP, so that it catches in any
    collection only what has nothing left of its parent (assumption, not measured). Comparable within one model only: set it
    from the table of likeness in an export's README. None: how far a variation moved does not count."""
    verdict: Literal["exclude", "review"] = "exclude"
    """A variation is easily made again, and a wrong label teaches the wrong thing."""


PARAMS = Params()
FACTS = {"decode": "word"}

QUERY = f"""
WITH model AS (
  SELECT version FROM ({MODELS_IN_USE}) WHERE kind = 'semantic'
),
taken AS (
  SELECT likeness.subject, likeness.kind, likeness.other, likeness.value
  FROM likeness
  JOIN model ON model.version = likeness.version
),
parents AS (
  SELECT parent.sha256, taken.other, max(taken.value) AS value
  FROM everything AS parent
  JOIN taken ON taken.subject = parent.subject AND taken.kind = 'caption'
  WHERE parent.kind = 'harvested'
  GROUP BY ALL
),
compared AS (
  SELECT
    made.subject,
    own.value AS own,
    before.value AS before,
    moved.value AS moved,
    CASE
      WHEN own.value < $min_likeness THEN 'low'
      WHEN round(before.value - own.value, 6) > $max_drop THEN 'fallen'
      WHEN moved.value < $min_parent_likeness THEN 'far'
      WHEN own.value IS NOT NULL AND before.value IS NOT NULL AND (moved.value IS NOT NULL OR $min_parent_likeness IS NULL)
        THEN 'near'
    END AS finding
  FROM subjects AS made
  CROSS JOIN model
  LEFT JOIN facts ON facts.sha256 = made.sha256
  LEFT JOIN taken AS own ON own.subject = made.subject AND own.kind = 'caption' AND own.other = sha256(made.caption)
  LEFT JOIN parents AS before ON before.sha256 = made.parent AND before.other = sha256(made.caption)
  LEFT JOIN taken AS moved ON moved.subject = made.subject AND moved.kind = 'parent' AND moved.other = made.parent
  WHERE coalesce(facts.decode, 'ok') = 'ok'
)
SELECT
  subject,
  CASE WHEN finding IS NOT NULL THEN $verdict END AS verdict,
  CASE finding
    WHEN 'low' THEN 'It no longer shows what its prompt says: likeness ' || round(own, 3) || ', where at least ' || $min_likeness
      || ' is asked for.'
    WHEN 'fallen' THEN 'It no longer shows what its prompt says: likeness ' || round(own, 3)
      || ', where the picture it varies has ' || round(before, 3) || ' and a fall of at most ' || $max_drop || ' is allowed.'
    WHEN 'far' THEN 'It has moved too far from the picture it varies: likeness ' || round(moved, 3) || ', where at least '
      || $min_parent_likeness || ' is asked for.'
  END AS reason,
  json_object(
    'likeness_to_parent', round(moved, 4),
    'likeness_to_prompt', round(own, 4),
    'model', (SELECT version FROM model),
    'parents_likeness_to_prompt', round(before, 4)
  ) AS evidence
FROM compared
WHERE finding IS DISTINCT FROM 'near'
"""
