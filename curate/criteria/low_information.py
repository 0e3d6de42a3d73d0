"""Pictures with next to nothing on them: blank versos, black frames, empty slides, washed-out sheets.

Pen drawings, engravings and scans in black and white alone have few tones too, but many edges: what has fine detail is not
called empty. (51 photographs had 6.7 bits and more, at a fifth of their contrast 4.4; a drawn engraving 3.8, a pen drawing 0.9
bits with a sharpness of 5000, faint pencil 1.1 with 280; 2026-11-21.)
"""

from dataclasses import dataclass

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    blank_entropy_bits: float = 1.0
    """Shannon entropy of luma below which the sheet is blank and is left out (assumption, not measured)."""
    min_entropy_bits: float = 3.0
    """Below this a person looks. cleanvision's starting point."""
    light_luma: float = 242.0
    """When 95 % of the pixels are lighter than this (0 to 255), a person looks: a washed-out sheet. cleanvision's 0.95."""
    detailed_sharpness: float = 100.0
    """A picture with at least so much fine detail (measure `sharpness`) is neither blank nor washed out, whatever its tones."""
    dark_luma: float = 50.0
    """When 99 % of the pixels are darker than this, a person looks: a covered lens, or a night photograph. cleanvision's 0.32,
    which is 82, would also flag night scenes on which all can be seen (the demo's lie from 78 up)."""


PARAMS = Params()
FACTS = {"decode": "word", "entropy_bits": "value", "luma_p05": "value", "luma_p99": "value", "sharpness": "value"}

QUERY = """
SELECT
  subject,
  CASE WHEN found = 'blank' THEN 'exclude' WHEN found <> 'fine' THEN 'review' END AS verdict,
  CASE found
    WHEN 'blank'
      THEN 'The picture is blank: its tones hold ' || printf('%.1f', entropy_bits) || ' bits, and below '
        || printf('%g', $blank_entropy_bits) || ' there is nothing to see.'
    WHEN 'dark'
      THEN 'Nearly all of the picture is dark: 99 % of it lies at tone ' || luma_p99::INTEGER || ' of 255 or below, where '
        || printf('%g', $dark_luma) || ' is asked for. A person must look.'
    WHEN 'light'
      THEN 'Nearly all of the picture is light: 95 % of it lies at tone ' || luma_p05::INTEGER || ' of 255 or above, and '
        || printf('%g', $light_luma) || ' is the most. A person must look.'
    WHEN 'little'
      THEN 'There is little on the picture: its tones hold ' || printf('%.1f', entropy_bits) || ' bits, and '
        || printf('%g', $min_entropy_bits) || ' are asked for. A person must look.'
  END AS reason,
  json_object(
    'entropy_bits', round(entropy_bits, 2), 'luma_p05', luma_p05, 'luma_p99', luma_p99, 'sharpness', round(sharpness, 1)
  ) AS evidence
FROM (
  SELECT
    subject.subject,
    facts.*,
    CASE
      WHEN facts.entropy_bits < $blank_entropy_bits AND facts.sharpness < $detailed_sharpness THEN 'blank'
      WHEN facts.luma_p99 < $dark_luma THEN 'dark'
      WHEN facts.luma_p05 > $light_luma AND facts.sharpness < $detailed_sharpness THEN 'light'
      WHEN facts.entropy_bits < $min_entropy_bits AND facts.sharpness < $detailed_sharpness THEN 'little'
      WHEN facts.entropy_bits + facts.luma_p05 + facts.luma_p99 + facts.sharpness IS NOT NULL THEN 'fine'
    END AS found
  FROM subjects AS subject
  LEFT JOIN facts ON facts.sha256 = subject.sha256
  WHERE subject.sha256 IS NOT NULL AND coalesce(facts.decode, 'ok') = 'ok'
)
WHERE found IS DISTINCT FROM 'fine'
"""
