"""Pictures whose shorter side has too few pixels to learn from."""

from dataclasses import dataclass

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_side_px: int = 200
    """The basic filter of DataComp (Gadre et al. 2023): below it, little but thumbnails is left."""


PARAMS = Params()
FACTS = {"decode": "word", "height_px": "value", "width_px": "value"}

QUERY = """
SELECT
  subject,
  CASE WHEN side_px < $min_side_px THEN 'exclude' END AS verdict,
  'The picture is ' || width_px || ' x ' || height_px || ' pixels; its shorter side should have at least ' || $min_side_px || '.'
    AS reason,
  json_object('height_px', height_px, 'min_side_px', $min_side_px::INTEGER, 'width_px', width_px) AS evidence
FROM (
  SELECT
    subject.subject,
    facts.width_px::INTEGER AS width_px,
    facts.height_px::INTEGER AS height_px,
    -- least() passes over a side that was not measured.
    CASE WHEN facts.width_px + facts.height_px IS NOT NULL THEN least(facts.width_px, facts.height_px) END AS side_px
  FROM subjects AS subject
  LEFT JOIN facts ON facts.sha256 = subject.sha256
  WHERE subject.sha256 IS NOT NULL AND coalesce(facts.decode, 'ok') = 'ok'
)
WHERE NOT coalesce(side_px >= $min_side_px, FALSE)
"""
