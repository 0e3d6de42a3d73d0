"""Copies of a picture that is here already: the best scan stays, the others step back for it.

A perceptual hash proposes a pair, the correlation of both pictures confirms it, and only confirmed pairs count. Copies gather
around the best one (cleared, held out, larger, more openly licensed, better described, of a more trusted source, of a better
format); a copy of a copy that does not itself match the best one stays. A mirror image waits for a person: negatives and
prints are mirrored for good reasons. A person's word that two pictures are or are not the same comes first, also for what
else is said to be the same as one of the two. Pictures held out for validation or test rank before larger ones, so that a
set once handed over keeps its test pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from curate.near import threshold
from curate.scans import BETTER_FIRST, SCANS, TRUST, TRUSTED_SOURCES, WHY_BETTER
from curate.stars import stars
from pixels.hashes import PHASH_VERSION

VERSION = "2"
APPLIES_TO = ("harvested",)
ROUND = 3


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    max_distance_bits: Literal["auto", 0, 1, 2, 3, 4, 5, 6, 7, 8] = "auto"
    """Bits in which two hashes may differ. auto: the widest of 8, 6 and 4 at which chance alone gives at most 1,000 pairs, by
    the number of pictures: 8 up to about 440,000 (220,000 where all have borders), 6 up to 3 million. Distances are even."""
    min_correlation: float = 0.9
    """On 51 photographs (November 2026) copies by re-encoding, size, brightness, border, mirror or turn gave 0.97 and more,
    different photographs of one subject at most 0.62."""
    min_copy_likeness: float = 0.75
    """A pair of near hashes is confirmed as well when a model for copies finds this cosine, where one is set: nine of ten such
    pairs are one picture, edited (SSCD: Pizzi et al. 2022, on DISC), and the hash says so besides."""
    min_seen_alike: float = 0.6
    """But not where the correlation is below this: two views of one thing (assumption, not measured)."""
    trusted_sources: tuple[str, ...] = TRUSTED_SOURCES
    """Sources by name or kind, the most trusted first; decides where all that comes before it is equal (assumption)."""
    mirrored: Literal["exclude", "review", "keep"] = "review"
    """What a mirror image of a better picture gets."""


PARAMS = Params()

QUERY = f"""
SELECT
  member.subject,
  CASE WHEN stars.mirrored THEN $mirrored ELSE 'exclude' END AS verdict,
  CASE
    WHEN stars.by_person THEN 'A person says that it is the same picture as “'
    WHEN stars.by_kin THEN 'By what people say are one picture, it is the same picture as “'
    WHEN stars.mirrored THEN 'It is the mirror image of “'
    ELSE 'The same picture as “'
  END
  || best.name || '” (' || best.source || '), ' || {WHY_BETTER}
  || coalesce(': ' || stars.distance || ' bits apart' || coalesce(', correlation ' || round(stars.verified, 2), ''), '')
  || coalesce(', likeness by a model for copies ' || round(stars.copy_likeness, 2), '')
  || CASE WHEN stars.mirrored THEN '. A person must look.' ELSE '.' END AS reason,
  json_object(
    'copy_likeness', round(stars.copy_likeness, 3), 'correlation', round(stars.verified, 3), 'distance_bits', stars.distance,
    'orientation', stars.orientation, 'same_as', best.subject, 'same_as_sha256', best.sha256
  ) AS evidence
FROM stars
JOIN scans AS member ON member.sha256 = stars.member
JOIN scans AS best ON best.sha256 = stars.best AND best.place = 1
WHERE NOT (stars.mirrored AND $mirrored = 'keep')
"""

EDGES = """
CREATE OR REPLACE TEMP TABLE edges AS
WITH proposed AS (
  SELECT *, verified >= $min_correlation AS seen_the_same
  FROM pairs
  WHERE kind = 'phash'
    AND version = $version
    AND distance <= $max_distance_bits
    AND verified >= least($min_correlation, $min_seen_alike)
    AND NOT EXISTS (SELECT 1 FROM current_links AS link WHERE link.a = pairs.a AND link.b = pairs.b)
),
by_model AS (
  SELECT pair.a, pair.b, round(max(list_inner_product(one.vector, other.vector))::DOUBLE, 6) AS likeness
  FROM proposed AS pair
  JOIN embeddings AS one ON one.sha256 = pair.a AND one.kind = 'copy'
  JOIN embeddings AS other ON other.sha256 = pair.b AND other.kind = 'copy' AND other.version = one.version
  WHERE NOT pair.seen_the_same
  GROUP BY pair.a, pair.b
)
SELECT
  proposed.a,
  proposed.b,
  distance::INTEGER AS distance,
  verified,
  by_model.likeness AS copy_likeness,
  orientation,
  split_part(orientation, ' ', 1) IN ('mirrored', 'flipped', 'transposed', 'transversed') AS mirrored
FROM proposed
LEFT JOIN by_model ON by_model.a = proposed.a AND by_model.b = proposed.b
WHERE proposed.seen_the_same OR by_model.likeness >= $min_copy_likeness
"""

LINKED = """
SELECT sha256
FROM scans
WHERE place = 1
  AND sha256 IN (SELECT unnest([a, b]) FROM edges UNION SELECT unnest([a, b]) FROM current_links WHERE kind = 'must')
"""

STARS = """
CREATE OR REPLACE TEMP TABLE stars AS
SELECT
  joined.member,
  joined.best,
  edges.distance,
  edges.verified,
  edges.copy_likeness,
  coalesce(edges.orientation, 'upright') AS orientation,
  joined.mirrored AND edges.a IS NOT NULL AS mirrored,
  link.a IS NOT NULL AS by_person,
  edges.a IS NULL AS by_kin
FROM (
  SELECT unnest($members::VARCHAR[]) AS member, unnest($bests::VARCHAR[]) AS best, unnest($mirrored::BOOLEAN[]) AS mirrored
) AS joined
LEFT JOIN edges ON edges.a = least(joined.member, joined.best) AND edges.b = greatest(joined.member, joined.best)
LEFT JOIN current_links AS link
  ON link.kind = 'must' AND link.a = least(joined.member, joined.best) AND link.b = greatest(joined.member, joined.best)
QUALIFY row_number() OVER (PARTITION BY joined.member ORDER BY edges.mirrored) = 1
"""
"""Without a pair of its own a picture follows one that a person says is the same, or what such a one follows."""


def prepare(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Gather copies around the best ones; mirror images are looked for only among those that stay."""
    connection.execute(SCANS)
    trust = TRUST.format(list="$trusted_sources::VARCHAR[]")
    connection.execute(f"UPDATE scans SET trust = {trust}", {"trusted_sources": list(parameters["trusted_sources"])})
    values = {name: parameters[name] for name in ("min_correlation", "min_copy_likeness", "min_seen_alike")}
    bits = parameters["max_distance_bits"]
    values["max_distance_bits"] = threshold(connection, PHASH_VERSION).distance_bits if bits == "auto" else bits
    connection.execute(EDGES, {**values, "version": PHASH_VERSION})
    ranked = [sha256 for (sha256,) in connection.execute(f"{LINKED} ORDER BY {BETTER_FIRST}").fetchall()]
    must, cannot = (
        connection.execute("SELECT a, b FROM current_links WHERE kind = $kind", {"kind": kind}).fetchall()
        for kind in ("must", "cannot")
    )
    upright = connection.execute("SELECT a, b FROM edges WHERE NOT mirrored").fetchall()
    joined = stars(ranked, upright, must, cannot)
    mirrored = connection.execute("SELECT a, b FROM edges WHERE mirrored").fetchall()
    reflected = stars([sha256 for sha256 in ranked if sha256 not in joined], mirrored, must, cannot)
    both = {**joined, **reflected}
    turned_over = [sha256 in reflected for sha256 in both]
    connection.execute(STARS, {"members": list(both), "bests": list(both.values()), "mirrored": turned_over})
