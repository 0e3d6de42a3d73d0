"""Pictures that look more like another concept than like the one claimed for them: a slip in a sheet, a search's by-catch.

What an open_clip model sees is compared with each concept's words. A cosine says nothing by itself: one model gives 0.2 where
another gives 0.4, and old prints lie lower than photographs. So by default only the order counts: the picture waits for a
person when the words of a concept that nobody claims for it fit clearly better. `min_likeness`, which belongs to one model,
and `lowest_share`, which always names somebody, are off until they are set.
"""

from dataclasses import dataclass
from typing import Literal

from curate.concepts import GONE
from curate.likeness import CONCEPT_IN_WORDS
from curate.models_in_use import MODELS_IN_USE

VERSION = "1"
APPLIES_TO = ("harvested",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_margin: float = 0.03
    """By how much more another concept's words must fit. CLIP multiplies cosines by 100 before it weighs them (Radford et al.
    2021), so that 0.03 more means 20 to 1 in its own odds. An assumption, not measured on archival pictures."""
    min_likeness: float | None = None
    """When set, only pictures less like their concept's words than this are looked at. Comparable within one model only."""
    lowest_share: float = 0.0
    """This share of each concept's pictures, those least like its words, wait as well: 0.05 for the lowest twentieth. 1 leaves
    the decision to `min_likeness` alone."""
    verdict: Literal["review", "exclude"] = "review"
    """A model that never saw a chimarrão is a poor judge of it: by default a person looks."""


PARAMS = Params()
FACTS = {"decode": "word"}

QUERY = f"""
WITH model AS (
  SELECT version FROM ({MODELS_IN_USE}) WHERE kind = 'semantic'
),
known AS (
  SELECT name, {CONCEPT_IN_WORDS} AS other FROM current_concepts AS concept WHERE notes IS DISTINCT FROM '{GONE}'
),
claims AS (
  SELECT claimed.subject, known.name AS concept
  FROM (SELECT subject, sha256, unnest(concepts) AS concept FROM subjects WHERE sha256 IS NOT NULL) AS claimed
  JOIN known ON known.name = claimed.concept
  CROSS JOIN model
  LEFT JOIN facts ON facts.sha256 = claimed.sha256
  WHERE coalesce(facts.decode, 'ok') = 'ok'
),
looked AS (
  SELECT taken.subject, known.name AS concept, taken.value
  FROM likeness AS taken
  JOIN model ON model.version = taken.version
  JOIN known ON known.other = taken.other
  WHERE taken.kind = 'concept' AND taken.subject IN (SELECT subject FROM claims)
),
rivals AS (
  SELECT subject, max(value) AS value, min_by(concept, struct_pack(less := -value, name := concept)) AS concept
  FROM looked
  ANTI JOIN claims USING (subject, concept)
  GROUP BY subject
),
own AS (
  SELECT
    subject,
    concept,
    looked.value,
    rank() OVER least_first AS place,
    count(*) OVER (PARTITION BY concept) AS pictures,
    cume_dist() OVER least_first AS share
  FROM claims
  JOIN looked USING (subject, concept)
  WINDOW least_first AS (PARTITION BY concept ORDER BY looked.value)
),
weighed AS (
  SELECT
    claims.subject,
    claims.concept,
    own.value,
    own.place,
    own.pictures,
    rivals.concept AS rival,
    rivals.value AS rival_value,
    coalesce(round(rivals.value - own.value, 6) > $min_margin, FALSE) AS nearer,
    own.share <= $lowest_share AS lowest,
    own.value IS NOT NULL AND coalesce(own.value < $min_likeness, TRUE) AND (nearer OR lowest) AS off
  FROM claims
  LEFT JOIN own USING (subject, concept)
  LEFT JOIN rivals ON rivals.subject = claims.subject
  QUALIFY row_number() OVER (
    PARTITION BY claims.subject
    ORDER BY off DESC, own.value IS NULL DESC, rivals.value - own.value DESC, claims.concept
  ) = 1
)
SELECT
  subject,
  CASE WHEN off THEN $verdict END AS verdict,
  'It is said to show “' || concept || '”, but '
  || CASE
    WHEN nearer
      THEN 'the words of “' || rival || '” fit it better: likeness ' || round(rival_value, 3) || ' against ' || round(value, 3)
    ELSE 'it is among the least like its words: number ' || place || ' from below of ' || pictures || ' pictures, likeness '
      || round(value, 3)
  END
  || coalesce(', where at least ' || $min_likeness || ' is asked for', '')
  || CASE WHEN $verdict = 'review' THEN '. A person must look.' ELSE '.' END AS reason,
  json_object(
    'concept', concept,
    'likeness', round(value, 4),
    'model', (SELECT version FROM model),
    'nearer_to', CASE WHEN nearer THEN rival END,
    'nearer_to_likeness', CASE WHEN nearer THEN round(rival_value, 4) END,
    'number_from_below', CASE WHEN NOT nearer THEN place END,
    'pictures', CASE WHEN NOT nearer THEN pictures END
  ) AS evidence
FROM weighed
WHERE off OR value IS NULL
"""
