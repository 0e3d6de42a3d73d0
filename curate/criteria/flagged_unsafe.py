"""Variations that a safety checker would hold back. A person looks, always; the picture itself is never touched.

Such models take nudes, wounds of saints and carnival for what they are made to keep away, far too often to decide over a
museum's pictures. So nothing is left out unseen, and only what a model made is asked about, never what an archive holds.
Without a model in `[models] safety` nothing is asked.
"""

from dataclasses import dataclass

VERSION = "1"
APPLIES_TO = ("generated",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_score: float = 0.5
    """From this score of the model on (0 to 1): the middle, where checkers cut mostly (assumption, not measured)."""


PARAMS = Params()
FACTS = {"decode": "word", "unsafe": "value"}

QUERY = """
SELECT
  subject.subject,
  CASE WHEN facts.unsafe >= $min_score THEN 'review' END AS verdict,
  'A safety checker flags it: ' || printf('%.2f', facts.unsafe) || ' of 1, and from ' || printf('%g', $min_score)
    || ' it counts. The picture is as the model made it; a person must look.' AS reason,
  json_object('min_score', $min_score::DOUBLE, 'score', round(facts.unsafe, 3)) AS evidence
FROM subjects AS subject
LEFT JOIN facts ON facts.sha256 = subject.sha256
WHERE subject.sha256 IS NOT NULL
  AND coalesce(facts.decode, 'ok') = 'ok'
  AND NOT coalesce(facts.unsafe < $min_score, FALSE)
  AND EXISTS (SELECT 1 FROM facts WHERE unsafe IS NOT NULL)
"""
