"""Pictures without fine detail: out of focus, moved, or enlarged beyond what they hold. A person looks; nothing is left out.

Edges are held against the picture's own range of tones, so that a faded print or a flat scan is not called blurred for its low
contrast: 100 x the square root of `sharpness`, over the distance between its 1st and 99th percentile of luma. On 51 photographs
at 1024 pixels (2026-11-21; smallest, median and largest value): as they are 7.3, 24, 39; at a fifth of their contrast 8.0, 23,
40; blurred with a standard deviation of 0.5 % of the longer side 1.4, 3.2, 5.1, of 1 % 0.9, 1.3, 2.2; enlarged from a sixteenth
1.2, 2.4, 3.5. Drawn engravings and pen drawings had 36 and more. Pictures that are nearly one tone escape it (`low_information`
sees to them), and soft portraits on purpose do not: no number fits every collection.
"""

from dataclasses import dataclass

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_edges: float = 2.0
    """Edges in per cent of the picture's range of tones. Of the 51 photographs none lay below it; of their copies blurred by 1 %
    of the side all but one did, of those blurred by 0.5 % two."""


PARAMS = Params()
FACTS = {"decode": "word", "luma_p01": "value", "luma_p99": "value", "sharpness": "value"}

QUERY = """
SELECT
  subject,
  CASE WHEN edges < $min_edges THEN 'review' END AS verdict,
  'The picture has little fine detail: its edges reach ' || printf('%.1f', edges) || ' % of its range of tones, where '
    || printf('%g', $min_edges) || ' % are asked for. It may be blurred, or enlarged from a smaller one. A person must look.'
    AS reason,
  json_object('edges', round(edges, 2), 'min_edges', $min_edges::DOUBLE, 'sharpness', round(sharpness, 2)) AS evidence
FROM (
  SELECT
    subject.subject,
    facts.sharpness,
    100 * sqrt(facts.sharpness) / greatest(facts.luma_p99 - facts.luma_p01, 1) AS edges
  FROM subjects AS subject
  LEFT JOIN facts ON facts.sha256 = subject.sha256
  WHERE subject.sha256 IS NOT NULL AND coalesce(facts.decode, 'ok') = 'ok'
)
WHERE NOT coalesce(edges >= $min_edges, FALSE)
"""
