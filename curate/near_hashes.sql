-- Which pairs of images have hashes within reach of each other? Reads hashes, close; one row for each way they match.
WITH placed AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY bits, orientation = 'upright' ORDER BY sha256, frame, orientation) AS place
  FROM hashes
),
met AS (
  SELECT
    laid.sha256 AS laid_sha256,
    laid.frame AS laid_frame,
    laid.orientation,
    plain.sha256 AS plain_sha256,
    plain.frame AS plain_frame,
    close.distance
  FROM close
  JOIN placed AS laid ON laid.bits = close.laid
  JOIN placed AS plain ON plain.bits = close.plain AND plain.orientation = 'upright'
  WHERE laid.sha256 <> plain.sha256
    AND (laid.fresh OR plain.fresh)
    AND (laid.orientation <> 'upright' OR laid.sha256 < plain.sha256)
    -- A thousand equal hashes are a thousand edges to the first of them, not half a million pairs.
    AND ((laid.place <= $crowd AND plain.place <= $crowd) OR (close.distance = 0 AND (laid.place = 1 OR plain.place = 1)))
)
SELECT
  least(laid_sha256, plain_sha256) AS a,
  greatest(laid_sha256, plain_sha256) AS b,
  -- The column says how b lies against a; a quarter turn seen from the other side is the other quarter turn.
  CASE
    WHEN laid_sha256 < plain_sha256 THEN orientation
    WHEN orientation = 'turned_90' THEN 'turned_270'
    WHEN orientation = 'turned_270' THEN 'turned_90'
    ELSE orientation
  END AS orientation,
  CASE WHEN laid_sha256 < plain_sha256 THEN laid_frame ELSE plain_frame END AS a_frame,
  CASE WHEN laid_sha256 < plain_sha256 THEN plain_frame ELSE laid_frame END AS b_frame,
  min(distance) AS distance
FROM met
WHERE NOT EXISTS (
  SELECT 1
  FROM siblings
  WHERE siblings.a = least(laid_sha256, plain_sha256) AND siblings.b = greatest(laid_sha256, plain_sha256)
)
GROUP BY ALL
ORDER BY a, b, distance, orientation, a_frame, b_frame
