"""Variations that are a copy of some other harvested picture than the one they vary: the model has given back what it knows.

Credit, licence and split of a variation follow from its parent alone, so a copy of another picture would go out under a
wrong name, and a held-out picture might come into the training set by this door. All harvested pictures count, also those that
were left out. Where the parent itself is as near to that picture, it is the same motif and no news: `near_duplicate` and
`same_subject_copy` have spoken of the two, and `copy_of_parent` speaks of the variation. What merely shows the same thing
(open_clip) is what a concept wants and does not count.
"""

from dataclasses import dataclass
from typing import Literal

from curate.models_in_use import MODELS_IN_USE
from pixels.hashes import PHASH_VERSION

VERSION = "1"
APPLIES_TO = ("generated",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_copy_likeness: float = 0.75
    """By SSCD: above it nine of ten pairs are one picture, edited (Pizzi et al. 2022, on DISC). Pairs are kept from 0.5 on,
    where reports of copied training pictures begin."""
    max_distance_bits: int = 6
    """By the perceptual hash, at any size of collection up to 6; chance's pairs do not pass the next number."""
    min_correlation: float = 0.9
    """A near hash counts when both pictures agree so well, as for `near_duplicate`."""
    verdict: Literal["exclude", "review"] = "exclude"
    """A variation is easily made again with another seed, and whose picture it is cannot be told."""


PARAMS = Params()
FACTS = {"decode": "word", "paired": "value"}

QUERY = f"""
WITH models AS (
  {MODELS_IN_USE}
),
seen AS (
  SELECT embeddings.sha256
  FROM embeddings
  JOIN models ON models.kind = embeddings.kind AND models.version = embeddings.version
  WHERE embeddings.kind = 'copy'
),
near AS (
  SELECT a, b, 'copy' AS how, round(1 - pairs.distance, 6) AS likeness, NULL AS bits, NULL AS correlation, TRUE AS known
  FROM pairs
  JOIN models ON models.kind = 'copy' AND models.version = pairs.version
  WHERE pairs.kind = 'copy' AND round(1 - pairs.distance, 6) >= $min_copy_likeness
  UNION ALL
  SELECT a, b, 'hash', NULL, distance::INTEGER, verified, verified IS NOT NULL
  FROM pairs
  WHERE kind = 'phash'
    AND version = '{PHASH_VERSION}'
    AND distance <= $max_distance_bits
    AND coalesce(verified >= $min_correlation, TRUE)
),
either AS (
  SELECT a AS one, b AS other, * EXCLUDE (a, b) FROM near
  UNION ALL
  SELECT b, a, * EXCLUDE (a, b) FROM near
),
hits AS (
  SELECT made.subject, made.parent, either.*
  FROM subjects AS made
  JOIN either ON either.one = made.sha256
  WHERE either.other IS DISTINCT FROM made.parent
    AND either.other IN (SELECT sha256 FROM everything WHERE kind = 'harvested')
    AND (least(made.parent, either.other), greatest(made.parent, either.other)) NOT IN (
      SELECT (a, b) FROM near WHERE known
      UNION ALL
      SELECT (a, b) FROM current_links WHERE kind = 'must'
    )
),
nearest AS (
  -- Of several the surest: one that a model for copies finds, by likeness, else by hash; the smallest name last.
  SELECT *
  FROM hits
  QUALIFY row_number() OVER (
    PARTITION BY subject ORDER BY known DESC, likeness DESC NULLS LAST, correlation DESC NULLS LAST, other, how
  ) = 1
),
named AS (
  SELECT sha256, arg_min(subject, subject) AS subject, arg_min(coalesce(title, source_id), subject) AS name
  FROM everything
  WHERE kind = 'harvested'
  GROUP BY sha256
),
compared AS (
  SELECT
    made.subject,
    nearest.* EXCLUDE (subject, parent, one),
    CASE
      WHEN nearest.known THEN nearest.how
      WHEN nearest.subject IS NULL
        AND facts.paired IS NOT NULL
        AND ('copy' NOT IN (SELECT kind FROM models) OR made.sha256 IN (SELECT sha256 FROM seen))
        THEN 'apart'
    END AS finding
  FROM subjects AS made
  LEFT JOIN facts ON facts.sha256 = made.sha256
  LEFT JOIN nearest ON nearest.subject = made.subject
  WHERE coalesce(facts.decode, 'ok') = 'ok'
)
SELECT
  compared.subject,
  CASE WHEN finding IS NOT NULL THEN $verdict END AS verdict,
  'It is a copy of another picture than the one it varies, of “' || named.name || '”: '
  || CASE finding
    WHEN 'copy' THEN 'likeness ' || round(likeness, 3) || ' to a model for copies, where less than ' || $min_copy_likeness
      || ' is allowed.'
    WHEN 'hash' THEN bits || ' bits apart, correlation ' || round(correlation, 2) || '.'
  END AS reason,
  json_object(
    'copy_likeness', round(likeness, 4),
    'correlation', round(correlation, 3),
    'distance_bits', bits,
    'same_as', named.subject,
    'same_as_sha256', other
  ) AS evidence
FROM compared
LEFT JOIN named ON named.sha256 = compared.other
WHERE finding IS DISTINCT FROM 'apart'
"""
