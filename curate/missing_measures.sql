-- Which images lack the measure of this version, and can be decoded as far as we know?
SELECT sha256
FROM images
WHERE NOT EXISTS (
  SELECT 1 FROM measures WHERE measures.sha256 = images.sha256 AND measures.measure = $main AND measures.version = $version
)
AND NOT EXISTS (
  SELECT 1
  FROM measures
  WHERE measures.sha256 = images.sha256
    AND measures.version = $decode_version
    AND measures.measure = 'decode'
    AND measures.word <> 'ok'
)
ORDER BY sha256
