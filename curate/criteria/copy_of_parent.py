"""Variations so near to the picture they vary that they add nothing to learn: the near side of Cioni et al.'s window.

Any of three measures suffices: a model for copies (SSCD), a model of what is shown (open_clip), or the perceptual hash,
confirmed by the correlation of both pictures. The hash is always there; the models where they are set.
"""

from dataclasses import dataclass
from typing import Literal

from curate.models_in_use import MODELS_IN_USE
from pixels.hashes import PHASH_VERSION

VERSION = "1"
APPLIES_TO = ("generated",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds; the bars are high, because a variation is near its parent by intention."""

    max_copy_likeness: float = 0.9
    """By SSCD. Above 0.75 nine of ten pairs are edits of one picture (Pizzi et al. 2022, on DISC), but a variation of low
    strength is such an edit; 0.9 is an assumption, not measured."""
    max_likeness: float = 0.99
    """By open_clip, which hardly sees a change of size or of encoding. An assumption, not measured; set it from a curve of
    strengths: what is high differs from model to model."""
    max_distance_bits: int = 2
    """By the perceptual hash: re-encoded pictures differ by 0 to 2 bits, the demo's variations at strength 0.3 by 6 or more
    (November 2026). Pairs are searched up to 6."""
    min_correlation: float = 0.98
    """A hash within `max_distance_bits` counts when both pictures agree so well; the demo's nearest variations reach 0.88."""
    verdict: Literal["exclude", "review"] = "exclude"
    """A copy of a picture that is there already tells nothing new, and weighs it twice."""


PARAMS = Params()
FACTS = {"decode": "word", "paired": "value"}

QUERY = f"""
WITH models AS (
  {MODELS_IN_USE}
),
taken AS (
  SELECT
    likeness.subject,
    likeness.other,
    max(likeness.value) FILTER (models.kind = 'semantic') AS shown,
    max(likeness.value) FILTER (models.kind = 'copy') AS copied
  FROM likeness
  JOIN models ON models.version = likeness.version
  WHERE likeness.kind = 'parent'
  GROUP BY ALL
),
near AS (
  SELECT
    made.subject,
    min(pairs.distance)::INTEGER AS distance,
    max(pairs.verified) AS verified
  FROM subjects AS made
  JOIN pairs ON pairs.a = least(made.sha256, made.parent) AND pairs.b = greatest(made.sha256, made.parent)
  WHERE pairs.kind = 'phash' AND pairs.version = '{PHASH_VERSION}' AND pairs.distance <= $max_distance_bits
  GROUP BY made.subject
),
compared AS (
  SELECT
    made.subject,
    taken.shown,
    taken.copied,
    near.distance,
    near.verified,
    CASE
      WHEN taken.copied > $max_copy_likeness THEN 'copied'
      WHEN taken.shown > $max_likeness THEN 'shown'
      WHEN near.verified >= $min_correlation THEN 'hashed'
      WHEN (taken.shown IS NOT NULL OR 'semantic' NOT IN (SELECT kind FROM models))
        AND (taken.copied IS NOT NULL OR 'copy' NOT IN (SELECT kind FROM models))
        AND facts.paired IS NOT NULL
        AND theirs.paired IS NOT NULL
        AND (near.subject IS NULL OR near.verified IS NOT NULL)
        THEN 'apart'
    END AS finding
  FROM subjects AS made
  LEFT JOIN facts ON facts.sha256 = made.sha256
  LEFT JOIN facts AS theirs ON theirs.sha256 = made.parent
  LEFT JOIN taken ON taken.subject = made.subject AND taken.other = made.parent
  LEFT JOIN near ON near.subject = made.subject
  WHERE coalesce(facts.decode, 'ok') = 'ok'
)
SELECT
  subject,
  CASE WHEN finding IS NOT NULL THEN $verdict END AS verdict,
  'It is so near to the picture it varies that it adds nothing: '
  || CASE finding
    WHEN 'copied' THEN 'likeness ' || round(copied, 3) || ' to a model for copies, where at most ' || $max_copy_likeness
      || ' is allowed.'
    WHEN 'shown' THEN 'likeness ' || round(shown, 3) || ', where at most ' || $max_likeness || ' is allowed.'
    WHEN 'hashed' THEN distance || ' bits apart, correlation ' || round(verified, 2) || '.'
  END AS reason,
  json_object(
    'copy_likeness', round(copied, 4),
    'correlation', round(verified, 3),
    'distance_bits', distance,
    'likeness', round(shown, 4)
  ) AS evidence
FROM compared
WHERE finding IS DISTINCT FROM 'apart'
"""
