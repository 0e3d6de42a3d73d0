-- Which measures does each image have in their present version, of those that are wanted? Only images that lack one.
-- An image that the present decoder could not read lacks nothing.
WITH wanted AS (
  SELECT unnest($mains) AS measure, unnest($versions) AS version, unnest($bits) AS bit
),
known AS (
  SELECT measures.sha256, bit_or(wanted.bit) AS bits
  FROM measures
  JOIN wanted USING (measure, version)
  GROUP BY measures.sha256
)
SELECT images.sha256, coalesce(known.bits, 0) AS bits
FROM images
LEFT JOIN known USING (sha256)
WHERE coalesce(known.bits, 0) <> $all_bits
AND NOT EXISTS (
  SELECT 1
  FROM measures AS decoded
  WHERE decoded.sha256 = images.sha256
    AND decoded.version = $decode_version
    AND decoded.measure = 'decode'
    AND decoded.word <> 'ok'
)
ORDER BY images.sha256
