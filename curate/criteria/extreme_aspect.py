"""Very long or very tall pictures: panoramas, scrolls and strips, of which a square crop shows next to nothing."""

from dataclasses import dataclass
from typing import Literal

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    max_aspect: float = 3.0
    """Longer side over shorter side. The basic filter of DataComp (Gadre et al. 2023)."""
    verdict: Literal["exclude", "review"] = "review"
    """What such a picture gets: a panorama or a scroll may be just what is wanted."""


PARAMS = Params()
FACTS = {"decode": "word", "height_px": "value", "width_px": "value"}

QUERY = """
SELECT
  subject,
  CASE WHEN aspect > $max_aspect THEN $verdict END AS verdict,
  'The picture is ' || width_px || ' x ' || height_px || ' pixels: one side is more than ' || printf('%g', $max_aspect)
    || ' times the other.' || CASE $verdict WHEN 'review' THEN ' A person must look.' ELSE '' END AS reason,
  json_object('height_px', height_px, 'max_aspect', $max_aspect::DOUBLE, 'width_px', width_px) AS evidence
FROM (
  SELECT
    subject.subject,
    facts.width_px::INTEGER AS width_px,
    facts.height_px::INTEGER AS height_px,
    -- greatest() and least() pass over a side that was not measured.
    CASE
      WHEN facts.width_px + facts.height_px IS NOT NULL
        THEN greatest(facts.width_px, facts.height_px) / least(facts.width_px, facts.height_px)
    END AS aspect
  FROM subjects AS subject
  LEFT JOIN facts ON facts.sha256 = subject.sha256
  WHERE subject.sha256 IS NOT NULL AND coalesce(facts.decode, 'ok') = 'ok'
)
WHERE NOT coalesce(aspect <= $max_aspect, FALSE)
"""
