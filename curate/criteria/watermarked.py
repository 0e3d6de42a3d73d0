"""Pictures with a watermark or an agency's sign across them, by the score of a model. A person looks unless told otherwise.

Without a model in `[models] watermark` nothing is asked.
"""

from dataclasses import dataclass
from typing import Literal

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_score: float = 0.8
    """From this score of the model on (0 to 1). data-juicer's default for its own classifier; other models give other scores."""
    verdict: Literal["exclude", "review"] = "review"
    """What such a picture gets. The score is a guess: leave out unseen only what a model has been tried for."""


PARAMS = Params()
FACTS = {"decode": "word", "watermark": "value"}

QUERY = """
SELECT
  subject.subject,
  CASE WHEN facts.watermark >= $min_score THEN $verdict END AS verdict,
  'A model finds a watermark or an agency''s sign on it: ' || printf('%.2f', facts.watermark) || ' of 1, and from '
    || printf('%g', $min_score) || ' it counts.' || CASE $verdict WHEN 'review' THEN ' A person must look.' ELSE '' END AS reason,
  json_object('min_score', $min_score::DOUBLE, 'score', round(facts.watermark, 3)) AS evidence
FROM subjects AS subject
LEFT JOIN facts ON facts.sha256 = subject.sha256
WHERE subject.sha256 IS NOT NULL
  AND coalesce(facts.decode, 'ok') = 'ok'
  AND NOT coalesce(facts.watermark < $min_score, FALSE)
  AND EXISTS (SELECT 1 FROM facts WHERE watermark IS NOT NULL)
"""
