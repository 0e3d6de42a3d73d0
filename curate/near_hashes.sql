-- Which pairs of images have hashes within reach of each other, and in which ways? Reads hashes, pictures, close, siblings,
-- known. Of a crowd with one hash the largest pictures speak: a thousand equal hashes are `hubs` thousand pairs, not half
-- a million.
CREATE TABLE candidates AS
WITH every_close AS (
  SELECT laid, plain, distance, turned FROM close
  UNION ALL
  SELECT bits, bits, 0, FALSE
  FROM hashes
  WHERE orientation = 'upright'
  GROUP BY bits
  HAVING count(DISTINCT number) > 1 AND bool_or(fresh)
),
placed AS (
  SELECT
    hashes.*,
    orientation <> 'upright' AS turned,
    row_number() OVER (
      PARTITION BY hashes.bits, orientation = 'upright' ORDER BY pictures.pixels DESC, number, frame, orientation
    ) <= $hubs AS hub
  FROM hashes
  JOIN pictures USING (number)
  WHERE hashes.bits IN (SELECT laid FROM every_close UNION ALL SELECT plain FROM every_close)
),
met AS (
  SELECT {'n': laid.number, 'frame': laid.frame, 'fresh': laid.fresh} AS laid, laid.orientation,
    {'n': plain.number, 'frame': plain.frame, 'fresh': plain.fresh} AS plain, close.distance
  FROM every_close AS close
  JOIN placed AS laid ON laid.bits = close.laid AND laid.turned = close.turned AND laid.hub
  JOIN placed AS plain ON plain.bits = close.plain AND NOT plain.turned
  UNION ALL
  SELECT {'n': laid.number, 'frame': laid.frame, 'fresh': laid.fresh}, laid.orientation,
    {'n': plain.number, 'frame': plain.frame, 'fresh': plain.fresh}, close.distance
  FROM every_close AS close
  JOIN placed AS laid ON laid.bits = close.laid AND laid.turned = close.turned AND NOT laid.hub
  JOIN placed AS plain ON plain.bits = close.plain AND NOT plain.turned AND plain.hub
),
ways AS (
  SELECT
    least(laid.n, plain.n) AS a,
    greatest(laid.n, plain.n) AS b,
    -- It says how b lies against a; a quarter turn seen from the other side is the other quarter turn.
    CASE
      WHEN laid.n < plain.n THEN orientation
      WHEN orientation = 'turned_90' THEN 'turned_270'
      WHEN orientation = 'turned_270' THEN 'turned_90'
      ELSE orientation
    END AS orientation,
    CASE WHEN laid.n < plain.n THEN laid.frame ELSE plain.frame END AS a_frame,
    CASE WHEN laid.n < plain.n THEN plain.frame ELSE laid.frame END AS b_frame,
    min(distance)::INTEGER AS distance
  FROM met
  WHERE laid.n <> plain.n AND (laid.fresh OR plain.fresh)
  GROUP BY ALL
)
SELECT
  one.sha256 AS a,
  other.sha256 AS b,
  list((orientation, a_frame, b_frame, distance) ORDER BY distance, orientation, a_frame, b_frame) AS ways
FROM ways
JOIN pictures AS one ON one.number = ways.a
JOIN pictures AS other ON other.number = ways.b
GROUP BY one.sha256, other.sha256
HAVING (one.sha256, other.sha256) NOT IN (SELECT (a, b) FROM siblings UNION ALL SELECT (a, b) FROM known)
