"""Pictures that are mostly lettering: posters, book pages, forms, by the score of a model. A person looks unless told otherwise.

Without a model in `[models] lettering` nothing is asked.
"""

from dataclasses import dataclass
from typing import Literal

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_score: float = 0.8
    """From this score of the model on (0 to 1). Assumption, not measured: each model gives other scores."""
    verdict: Literal["exclude", "review"] = "review"
    """What such a picture gets: a poster may be just what is wanted."""


PARAMS = Params()
FACTS = {"decode": "word", "lettering": "value"}

QUERY = """
SELECT
  subject.subject,
  CASE WHEN facts.lettering >= $min_score THEN $verdict END AS verdict,
  'To a model the picture is mostly lettering: ' || printf('%.2f', facts.lettering) || ' of 1, and from '
    || printf('%g', $min_score) || ' it counts.' || CASE $verdict WHEN 'review' THEN ' A person must look.' ELSE '' END AS reason,
  json_object('min_score', $min_score::DOUBLE, 'score', round(facts.lettering, 3)) AS evidence
FROM subjects AS subject
LEFT JOIN facts ON facts.sha256 = subject.sha256
WHERE subject.sha256 IS NOT NULL
  AND coalesce(facts.decode, 'ok') = 'ok'
  AND NOT coalesce(facts.lettering < $min_score, FALSE)
  AND EXISTS (SELECT 1 FROM facts WHERE lettering IS NOT NULL)
"""
