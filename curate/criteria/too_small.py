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

QUERY = """
SELECT
  subject.subject,
  CASE WHEN least(width.value, height.value) < $min_side_px THEN 'exclude' END AS verdict,
  'The picture is ' || width.value::INTEGER || ' x ' || height.value::INTEGER || ' pixels; its shorter side should have at least '
    || $min_side_px || '.' AS reason,
  json_object('height_px', height.value::INTEGER, 'min_side_px', $min_side_px::INTEGER, 'width_px', width.value::INTEGER)
    AS evidence
FROM subjects AS subject
LEFT JOIN facts AS decoded ON decoded.sha256 = subject.sha256 AND decoded.measure = 'decode'
LEFT JOIN facts AS width ON width.sha256 = subject.sha256 AND width.measure = 'width_px'
LEFT JOIN facts AS height ON height.sha256 = subject.sha256 AND height.measure = 'height_px'
WHERE subject.sha256 IS NOT NULL
  AND coalesce(decoded.word, 'ok') = 'ok'
  AND NOT coalesce(least(width.value, height.value) >= $min_side_px, FALSE)
"""
