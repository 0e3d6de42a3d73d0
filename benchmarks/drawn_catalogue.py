"""A catalogue of any size, drawn by chance in SQL through the real schema: what a harvest and a curation would have written.

Nothing is stored but rows: the benchmarks that use it show that judging opens no picture, as there is none.
"""

import tempfile
from pathlib import Path

import duckdb
import numpy as np
from PIL import Image

from catalog import db
from pixels.hashes import PHASH_VERSION

HARVEST_RUN, CURATE_RUN = "20261101T080000000000-harvest-000001", "20261101T090000000000-curate-000002"
NOT_HELD, SAME_BYTES, UNREADABLE, PAIRED, VARIED = 0.03, 0.002, 0.005, 0.01, 0.01
"""Shares of the pictures: items besides that are not held, second items with the same file, broken files, pictures with a near
copy, pictures with a variation. Assumptions, not measured."""
CHANGED = 0.01
"""Share of the pictures whose shorter side is `BEFORE_PX` to just under `AFTER_PX`: a change of the threshold moves them."""
BEFORE_PX, AFTER_PX = 200, 300
TOO_SMALL = 0.02
LICENCES = (
    ("by-sa", "4.0", "CC BY-SA 4.0", 45),
    ("by", "4.0", "CC BY 4.0", 15),
    ("cc0", "1.0", "CC0 1.0", 10),
    ("pdm", "1.0", "Public Domain Mark 1.0", 15),
    ("by-nc", "4.0", "CC BY-NC 4.0", 6),
    ("arr", None, "All rights reserved", 5),
    ("unknown", None, "see the museum's page", 4),
)
"""Family, version, words, per cent."""
CONCEPTS = ("chimarrão", "araucária", "pampas", "gaúcho", "gato-do-mato-pequeno", "Garibaldi", "Bento Gonçalves", "farrapos")


def build(workspace: Path, pictures: int) -> None:
    """Fill a new catalogue with so many measured pictures; judged they are not yet."""
    with db.writing(workspace) as connection:
        connection.execute("CREATE TEMP TABLE licences (family VARCHAR, version VARCHAR, words VARCHAR, up_to BIGINT)")
        up_to = 0
        for family, version, words, per_cent in LICENCES:
            up_to += per_cent
            connection.execute("INSERT INTO licences VALUES (?, ?, ?, ?)", [family, version, words, up_to])
        numbers = {"pictures": pictures, "not_held": int(pictures * NOT_HELD), "same_bytes": int(pictures * SAME_BYTES)}
        for name, value in numbers.items():
            connection.execute(f"SET VARIABLE {name} = {value}")
        connection.execute("SET VARIABLE concepts = ?::VARCHAR[]", [list(CONCEPTS)])
        connection.execute("SET VARIABLE phash_version = ?", [PHASH_VERSION])
        _facts_of_one_picture(connection)
        for statement in (DRAWN, RUNS, CANDIDATES, IMAGES, VARIATIONS, MEASURES, PAIRS, CLAIMS, SMALL_TABLES):
            connection.execute("BEGIN")
            connection.execute(statement)
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")


def draw_groups(workspace: Path) -> None:
    """A group and a split for every picture that passes, as the last step of a curation would have drawn them."""
    with db.writing(workspace) as connection:
        connection.execute(GROUPS)


def _facts_of_one_picture(connection: duckdb.DuckDBPyConnection) -> None:
    """The names, versions and kinds of all facts that measuring writes, from a picture that is measured now."""
    from curate.measure import measure_batch, without_model

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noise.jpg"
        clouds = Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 24, 3), dtype=np.uint8)).resize((480, 360))
        clouds.save(file, "JPEG")
        ((_, facts),) = measure_batch([("0" * 64, str(file), tuple(without_model()))])
    columns = "measure VARCHAR, version VARCHAR, value DOUBLE, bits BOOLEAN, word VARCHAR"
    connection.execute(f"CREATE TEMP TABLE facts_of_one ({columns})")
    for one in facts:
        row = [one.measure, one.version, one.value, one.bits is not None, one.word]
        connection.execute("INSERT INTO facts_of_one VALUES (?, ?, ?, ?, ?)", row)


DRAWN = f"""
SELECT setseed(0.5);
CREATE TEMP TABLE drawn AS
SELECT
  number,
  sha256('picture ' || number) AS sha256,
  (hash(number) % 10000) / 10000 AS chance,
  (hash(number, 'side') % 10000) / 10000 AS side,
  (hash(number, 'licence') % 100)::BIGINT AS licence,
  ['commons', 'iiif:museum.example', 'folder:atelier', 'flickr:archive', 'europeana'][1 + (hash(number, 'source') % 5)::BIGINT]
    AS source,
  CASE
    WHEN side < {TOO_SMALL} THEN 80 + (hash(number, 'short') % 100)::INTEGER
    WHEN side < {TOO_SMALL + CHANGED} THEN {BEFORE_PX} + (hash(number, 'short') % {AFTER_PX - BEFORE_PX})::INTEGER
    ELSE 400 + (hash(number, 'short') % 3000)::INTEGER
  END AS short_px,
  short_px + (hash(number, 'long') % 1200)::INTEGER AS long_px,
  hash(number, 'broken') % 10000 < {UNREADABLE * 10000} AS broken
FROM range(getvariable('pictures')) AS numbers(number)"""

RUNS = f"""
INSERT INTO runs VALUES
  ('{HARVEST_RUN}', 'harvest', '{{}}', NULL, '0.1.0', 'done', NULL, '{{}}', '[]', '2026-11-01 08:00', '2026-11-01 08:50', 0, 1)"""

CANDIDATES = f"""
INSERT INTO candidates BY NAME
SELECT
  left(sha256(source || chr(31) || source_id), 32) AS candidate_id,
  source,
  source_id,
  'https://' || replace(source, ':', '.') || '.example/item/' || item AS page_url,
  'https://' || replace(source, ':', '.') || '.example/image/' || source_id AS image_url,
  'Retrato de família em frente à casa, n.º ' || item AS title,
  ['Maria Beck', 'Lunara', 'Irmãos Ferrari', NULL][1 + (hash(item, 'creator') % 4)::BIGINT] AS creator,
  (1860 + item % 90)::VARCHAR AS creation_date,
  CASE WHEN item % 5 < 2 THEN 'Homens e mulheres tomam chimarrão junto ao galpão da estância, fotografia ' || item END AS caption,
  CASE WHEN item % 5 < 2 THEN 'pt' END AS caption_language,
  CASE WHEN item % 3 = 0 THEN [getvariable('concepts')[1 + item % 8]] ELSE [] END AS concepts,
  json_object('shelf', 'A' || item % 1000, 'credit_line', 'composed: title, creator, licence') AS other,
  family AS rights_family,
  version AS rights_version,
  json_array(json_array('licence', words)) AS rights_raw,
  'licence' AS rights_source_field,
  'media' AS rights_scope,
  '[]' AS rights_alternatives,
  [] AS rights_flags,
  CASE WHEN family = 'unknown' THEN 'none' ELSE 'code' END AS rights_confidence,
  'Maria Beck, ' || words AS credit_line,
  CASE
    WHEN item % 500 = 7
      THEN json_array(json_object('channel', 'x-robots-tag', 'value', 'noai', 'where', 'https://a.example/' || item))
    ELSE '[]'
  END AS opt_outs,
  CASE WHEN sha256 IS NULL THEN 'not_fetched_rights' ELSE 'stored' END AS outcome,
  sha256,
  sha256('statement ' || source || source_id) AS digest,
  '{HARVEST_RUN}' AS run_id,
  TIMESTAMP '2026-11-01 08:00' + to_milliseconds(item) AS stated_at,
  ['robots.txt', 'x-robots-tag'] AS consulted
FROM (
  SELECT number AS item, source, 'album-' || number // 1000 || '/IMG_' || number || '.jpg' AS source_id, sha256, licence
  FROM drawn
  UNION ALL
  SELECT number, 'commons', 'again-' || number || '.jpg', sha256, licence FROM drawn WHERE number < getvariable('same_bytes')
  UNION ALL
  SELECT number, source, 'not-held-' || number || '.jpg', NULL, 97 FROM drawn WHERE number < getvariable('not_held')
) AS items
JOIN LATERAL (SELECT * FROM licences WHERE items.licence < up_to ORDER BY up_to LIMIT 1) AS chosen ON TRUE"""

IMAGES = f"""
INSERT INTO images BY NAME
SELECT
  sha256,
  'harvested' AS origin,
  'JPEG' AS format,
  long_px AS width_px,
  short_px AS height_px,
  short_px::BIGINT * long_px // 4 AS size_bytes,
  '{HARVEST_RUN}' AS run_id,
  TIMESTAMP '2026-11-01 08:00' + to_milliseconds(number) AS stored_at,
  left(sha256, 40) AS sha1
FROM drawn"""

VARIATIONS = f"""
CREATE TEMP TABLE varied AS
SELECT sha256('request ' || number) AS digest, sha256 AS parent, sha256('variation ' || number) AS sha256, number
FROM drawn
WHERE number % {round(1 / VARIED)} = 0 AND NOT broken;
INSERT INTO images BY NAME
SELECT
  sha256, 'generated' AS origin, 'PNG' AS format, 512 AS width_px, 512 AS height_px, 300000 AS size_bytes,
  '{HARVEST_RUN}' AS run_id, TIMESTAMP '2026-11-01 10:00' AS stored_at
FROM varied;
INSERT INTO requests
SELECT
  digest, parent, getvariable('concepts')[1 + number % 8], 'a photograph of chimarrão', '', 'tiny', 'r', number, 0.34, 7.5, 30,
  'DDIM', 512, 512, '{HARVEST_RUN}', TIMESTAMP '2026-11-01 10:00'
FROM varied;
INSERT INTO variations SELECT digest, parent, sha256, '{HARVEST_RUN}', TIMESTAMP '2026-11-01 10:00' FROM varied"""

MEASURES = f"""
-- Pictures are measured in the order of their SHA-256.
CREATE TEMP TABLE in_order AS
SELECT number, sha256, long_px, short_px, broken FROM drawn
UNION ALL
SELECT number, sha256, 512, 512, FALSE FROM varied
ORDER BY sha256;
INSERT INTO measures
SELECT
  sha256,
  fact.measure,
  fact.version,
  CASE
    WHEN fact.value IS NULL THEN NULL
    WHEN fact.measure = 'width_px' THEN long_px
    WHEN fact.measure = 'height_px' THEN short_px
    WHEN fact.measure = 'megapixels' THEN long_px::BIGINT * short_px / 1e6
    ELSE fact.value * (0.9 + (hash(number, fact.measure) % 200) / 1000)
  END,
  CASE WHEN fact.bits THEN hash(number, fact.measure) END,
  CASE WHEN broken THEN CASE fact.measure WHEN 'decode' THEN 'truncated' ELSE 'the end is missing' END ELSE fact.word END,
  '{CURATE_RUN}',
  TIMESTAMP '2026-11-01 09:00' + to_milliseconds(number)
FROM (
  SELECT
    *,
    unnest(CASE
      WHEN broken THEN (
        SELECT list({{'measure': of.name, 'version': one.version, 'value': NULL::DOUBLE, 'bits': FALSE, 'word': ''}})
        FROM facts_of_one AS one, (VALUES ('decode_detail'), ('decode')) AS of(name)
        WHERE one.measure = 'decode'
      )
      ELSE (SELECT list(one) FROM facts_of_one AS one)
    END) AS fact
  FROM in_order
)"""

PAIRS = f"""
INSERT INTO pairs
SELECT
  least(one.sha256, other.sha256),
  greatest(one.sha256, other.sha256),
  'phash',
  getvariable('phash_version'),
  2 * (one.number % 4),
  CASE WHEN one.number % 2000 = 0 THEN 'mirrored' ELSE 'upright' END,
  CASE WHEN one.number % 600 = 0 THEN 0.4 ELSE 0.97 END,
  'correlation/1',
  '{CURATE_RUN}',
  TIMESTAMP '2026-11-01 09:00'
FROM drawn AS one
JOIN drawn AS other ON other.number = one.number + 1
WHERE one.number % {round(2 / PAIRED)} = 0 AND NOT one.broken AND NOT other.broken"""

CLAIMS = f"""
INSERT INTO depictions
SELECT candidate_id, concepts[1], 'source', 1, '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:00' FROM candidates WHERE concepts <> [];
INSERT INTO depictions
SELECT candidate_id, 'chimarrão', 'caption', 1, '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:00'
FROM candidates
WHERE caption IS NOT NULL;
INSERT INTO concepts
SELECT name, json_object('pt', json_array(name)), 'thing', 'sks', 2000, NULL, NULL, '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:00'
FROM (SELECT unnest(getvariable('concepts')) AS name)"""

SMALL_TABLES = f"""
INSERT INTO decisions
SELECT
  candidate_id, 'person', '1', CASE WHEN rowid % 2 = 0 THEN 'keep' ELSE 'exclude' END, 'Looked at.', '{{"evidence": null}}',
  'Ana', '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:00'
FROM candidates
WHERE rowid % 1000 = 11;
INSERT INTO corrections
SELECT
  candidate_id, 'title', '"Retrato da família Silva"', 'Ana', 'The back says so.', '{HARVEST_RUN}', TIMESTAMP '2026-11-01 09:00'
FROM candidates
WHERE rowid % 5000 = 13;
INSERT INTO proposals
SELECT candidate_id, 'gone', 'open', 'The page is gone (404).', '{HARVEST_RUN}', TIMESTAMP '2026-11-01 09:00'
FROM candidates
WHERE rowid % 10000 = 17;
INSERT INTO fixity
SELECT sha256, 'whole', '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:30' FROM images WHERE hash(sha256) % 4 = 0;
INSERT INTO sources
SELECT DISTINCT source, 'An archive', 'https://a.example', 'https://a.example/terms', '2026-11-01', '{HARVEST_RUN}',
  TIMESTAMP '2026-11-01 08:00'
FROM candidates"""

GROUPS = f"""
INSERT INTO groups
SELECT sha256, sha256, '{CURATE_RUN}', TIMESTAMP '2026-11-01 09:40'
FROM (SELECT DISTINCT sha256 FROM passing WHERE kind = 'harvested');
INSERT INTO splits
SELECT
  anchor, CASE hash(anchor) % 10 WHEN 0 THEN 'test' WHEN 1 THEN 'val' ELSE 'train' END, '{CURATE_RUN}',
  TIMESTAMP '2026-11-01 09:40'
FROM groups"""
