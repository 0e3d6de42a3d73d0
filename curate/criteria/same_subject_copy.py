"""The same subject photographed twice, or the same work scanned twice: near to a model, though no copy by its hash.

A model for copies (SSCD) or of what is shown (open_clip) proposes; nothing confirms it, and forty views of one building are
forty records to an archive. So a person looks. Pictures gather around the best one, as in `near_duplicate`: one that is near
to a mere member stays. A person's word on two pictures, that they are or are not the same, settles them: must-links are
`near_duplicate`'s, cannot-links part them here too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from curate.models_in_use import MODELS_IN_USE
from curate.scans import BETTER_FIRST, SCANS, WHY_BETTER
from curate.stars import stars

VERSION = "1"
APPLIES_TO = ("harvested",)
ROUND = 4  # after near_duplicate: what steps back there is not asked about again


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_copy_likeness: float = 0.75
    """By SSCD: above it nine of ten pairs are one picture, edited (Pizzi et al. 2022, on DISC). Pairs are kept from 0.5 on."""
    min_likeness: float = 0.96
    """By open_clip: fastdup removes above it (unconfirmed). What is high differs from model to model. Pairs are kept from 0.85
    on."""
    verdict: Literal["review", "exclude"] = "review"
    """Two views of one thing are two documents: `exclude` is for collections that only teach."""


PARAMS = Params()
FACTS = {"decode": "word"}

QUERY = f"""
WITH models AS (
  {MODELS_IN_USE}
)
SELECT
  member.subject,
  $verdict AS verdict,
  CASE star.kind
    WHEN 'copy' THEN 'A model for copies takes it for the same picture as “'
    ELSE 'It seems to show the same as “'
  END
  || best.name || '” (' || best.source || '), ' || {WHY_BETTER}
  || ': likeness ' || round(star.likeness, 3)
  || CASE WHEN $verdict = 'review' THEN '. A person must look.' ELSE '.' END AS reason,
  json_object(
    'kind', star.kind, 'likeness', round(star.likeness, 4), 'same_as', best.subject, 'same_as_sha256', best.sha256
  ) AS evidence
FROM same_subject_stars AS star
JOIN scans AS member ON member.sha256 = star.member
JOIN scans AS best ON best.sha256 = star.best AND best.place = 1
UNION ALL
SELECT subject.subject, NULL, NULL, NULL
FROM subjects AS subject
LEFT JOIN facts ON facts.sha256 = subject.sha256
WHERE subject.sha256 IS NOT NULL
  AND coalesce(facts.decode, 'ok') = 'ok'
  AND subject.sha256 NOT IN (SELECT member FROM same_subject_stars)
  AND EXISTS (
    SELECT 1
    FROM models
    WHERE (subject.sha256, models.kind, models.version) NOT IN (SELECT (sha256, kind, version) FROM embeddings)
  )
"""

EDGES = f"""
CREATE OR REPLACE TEMP TABLE same_subject_edges AS
SELECT pairs.a, pairs.b, pairs.kind, round(1 - pairs.distance, 6) AS likeness
FROM pairs
JOIN ({MODELS_IN_USE}) AS models ON models.kind = pairs.kind AND models.version = pairs.version
WHERE round(1 - pairs.distance, 6) >= CASE pairs.kind WHEN 'copy' THEN $min_copy_likeness ELSE $min_likeness END
  AND NOT EXISTS (SELECT 1 FROM current_links AS link WHERE link.a = pairs.a AND link.b = pairs.b)
  AND NOT EXISTS (
    SELECT 1
    FROM given
    JOIN subjects AS subject USING (subject)
    WHERE given.criterion = 'near_duplicate'
      AND least(subject.sha256, given.evidence ->> '$.same_as_sha256') = pairs.a
      AND greatest(subject.sha256, given.evidence ->> '$.same_as_sha256') = pairs.b
  )
"""
"""near_duplicate's own pairs, also mirror images that wait for a person, are not named twice."""

RANKED = f"""
SELECT sha256
FROM scans
WHERE place = 1 AND sha256 IN (SELECT a FROM same_subject_edges UNION SELECT b FROM same_subject_edges)
ORDER BY {BETTER_FIRST}
"""

STARS = """
CREATE OR REPLACE TEMP TABLE same_subject_stars AS
SELECT joined.member, joined.best, edge.kind, edge.likeness
FROM (SELECT unnest($members::VARCHAR[]) AS member, unnest($bests::VARCHAR[]) AS best) AS joined
JOIN same_subject_edges AS edge
  ON edge.a = least(joined.member, joined.best) AND edge.b = greatest(joined.member, joined.best)
QUALIFY row_number() OVER (PARTITION BY joined.member ORDER BY edge.kind) = 1
"""
"""Of two models that both find a pair the one for copies is named: it was made for the question."""


def prepare(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Gather what is near around the best of it."""
    seen = connection.execute(f"SELECT count(*) FROM ({MODELS_IN_USE})").fetchall()[0][0]
    connection.execute(SCANS if seen else f"{SCANS} LIMIT 0")  # without models nothing is ranked
    connection.execute(EDGES, {name: parameters[name] for name in ("min_copy_likeness", "min_likeness")})
    ranked = [sha256 for (sha256,) in connection.execute(RANKED).fetchall()]
    joined = stars(ranked, connection.execute("SELECT a, b FROM same_subject_edges").fetchall())
    connection.execute(STARS, {"members": list(joined), "bests": list(joined.values())})
