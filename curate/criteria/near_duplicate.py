"""Copies of a picture that is here already: the best scan stays, the others step back for it.

A perceptual hash proposes a pair, the correlation of both pictures confirms it, and only confirmed pairs count. Copies gather
around the best one; a copy of a copy that does not itself match the best one stays. A mirror image waits for a person:
negatives and prints are mirrored for good reasons. A person's word that two pictures are or are not the same comes first.
Pictures held out for validation or test rank first, so that a set once handed over keeps its test pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from curate.stars import stars
from pixels.hashes import PHASH_VERSION

VERSION = "1"
APPLIES_TO = ("harvested",)
ROUND = 3


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    max_distance_bits: int = 6
    """Up to a million pictures 6 bits give a dozen pairs by chance; greater distances are not searched."""
    min_correlation: float = 0.9
    """On 51 photographs (November 2026) copies by re-encoding, size, brightness, border, mirror or turn gave 0.97 and more,
    different photographs of one subject at most 0.62."""
    mirrored: Literal["exclude", "review", "keep"] = "review"
    """What a mirror image of a better picture gets."""


PARAMS = Params()

QUERY = """
SELECT
  member.subject,
  CASE WHEN stars.mirrored THEN $mirrored ELSE 'exclude' END AS verdict,
  CASE
    WHEN stars.by_person THEN 'A person says that it is the same picture as “'
    WHEN stars.mirrored THEN 'It is the mirror image of “'
    ELSE 'The same picture as “'
  END
  || best.name || '” (' || best.source || '), '
  || CASE
    WHEN best.standing_rank < member.standing_rank THEN 'which is cleared, while this one waits for a person'
    WHEN best.held_out < member.held_out THEN 'which is held out for testing'
    WHEN best.pixels > member.pixels THEN 'which is the larger scan'
    WHEN best.openness < member.openness THEN 'which has the more open licence'
    WHEN best.format_rank < member.format_rank THEN 'which is the better file (' || best.format || ')'
    ELSE 'which is as good and is taken for both'
  END
  || coalesce(': ' || stars.distance || ' bits apart' || coalesce(', correlation ' || round(stars.verified, 2), ''), '')
  || CASE WHEN stars.mirrored THEN '. A person must look.' ELSE '.' END AS reason,
  json_object(
    'correlation', round(stars.verified, 3), 'distance_bits', stars.distance, 'orientation', stars.orientation,
    'same_as', best.subject, 'same_as_sha256', best.sha256
  ) AS evidence
FROM stars
JOIN scans AS member ON member.sha256 = stars.member
JOIN scans AS best ON best.sha256 = stars.best AND best.place = 1
WHERE NOT (stars.mirrored AND $mirrored = 'keep')
"""

SCANS = """
CREATE OR REPLACE TEMP TABLE scans AS
SELECT
  *,
  row_number() OVER (PARTITION BY sha256 ORDER BY standing_rank, subject) AS place
FROM (
  SELECT
    subject.subject,
    subject.sha256,
    subject.source,
    coalesce(subject.title, subject.source_id) AS name,
    coalesce(subject.format, 'unknown') AS format,
    CASE standing.verdict WHEN 'keep' THEN 0 ELSE 1 END AS standing_rank,
    CASE subject.split WHEN 'test' THEN 0 WHEN 'val' THEN 1 ELSE 2 END AS held_out,
    coalesce(subject.width_px::BIGINT * subject.height_px, 0) AS pixels,
    coalesce(offer.openness, 99) AS openness,
    CASE subject.format WHEN 'TIFF' THEN 0 WHEN 'PNG' THEN 1 WHEN 'JPEG2000' THEN 2 WHEN 'JPEG' THEN 3 ELSE 4 END
      AS format_rank
  FROM subjects AS subject
  JOIN standing ON standing.subject = subject.subject
  LEFT JOIN (
    SELECT subject, min(openness) AS openness FROM licences_offered WHERE NOT refused GROUP BY subject
  ) AS offer ON offer.subject = subject.subject
  WHERE subject.sha256 IS NOT NULL AND standing.verdict <> 'exclude'
)
"""

EDGES = """
CREATE OR REPLACE TEMP TABLE edges AS
SELECT
  a,
  b,
  distance::INTEGER AS distance,
  verified,
  orientation,
  split_part(orientation, ' ', 1) IN ('mirrored', 'flipped', 'transposed', 'transversed') AS mirrored,
  FALSE AS by_person
FROM pairs
WHERE kind = 'phash'
  AND version = $version
  AND distance <= $max_distance_bits
  AND verified >= $min_correlation
  AND NOT EXISTS (SELECT 1 FROM current_links AS link WHERE link.a = pairs.a AND link.b = pairs.b)
UNION ALL
SELECT a, b, NULL, NULL, 'upright', FALSE, TRUE
FROM current_links
WHERE kind = 'must'
"""

RANKED = """
SELECT sha256
FROM scans
WHERE place = 1 AND sha256 IN (SELECT a FROM edges UNION SELECT b FROM edges)
ORDER BY standing_rank, held_out, pixels DESC, openness, format_rank, sha256
"""

STARS = """
CREATE OR REPLACE TEMP TABLE stars AS
SELECT joined.member, joined.best, edges.distance, edges.verified, edges.orientation, edges.mirrored, edges.by_person
FROM (SELECT unnest($members::VARCHAR[]) AS member, unnest($bests::VARCHAR[]) AS best) AS joined
JOIN edges ON edges.a = least(joined.member, joined.best) AND edges.b = greatest(joined.member, joined.best)
QUALIFY row_number() OVER (PARTITION BY joined.member ORDER BY edges.mirrored, edges.by_person DESC) = 1
"""


def prepare(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Gather copies around the best ones; mirror images are looked for only among those that stay."""
    connection.execute(SCANS)
    values = {name: parameters[name] for name in ("max_distance_bits", "min_correlation")}
    connection.execute(EDGES, {**values, "version": PHASH_VERSION})
    ranked = [sha256 for (sha256,) in connection.execute(RANKED).fetchall()]
    upright = connection.execute("SELECT a, b FROM edges WHERE NOT mirrored").fetchall()
    joined = stars(ranked, upright)
    mirrored = connection.execute("SELECT a, b FROM edges WHERE mirrored").fetchall()
    joined |= stars([sha256 for sha256 in ranked if sha256 not in joined], mirrored)
    connection.execute(STARS, {"members": list(joined), "bests": list(joined.values())})
