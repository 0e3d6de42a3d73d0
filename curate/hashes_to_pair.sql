-- Which hashes are there to compare, and which images were never compared before, so far out? Numbers are signed.
SELECT
  hash.sha256,
  CASE WHEN starts_with(hash.measure, 'phash_box') THEN 'box' ELSE 'full' END AS frame,
  coalesce(nullif(ltrim(replace(replace(hash.measure, 'phash_box', ''), 'phash', ''), '_'), ''), 'upright') AS orientation,
  CASE WHEN hash.bits < 1::UBIGINT << 63 THEN hash.bits ELSE hash.bits::HUGEINT - (1::HUGEINT << 64) END::BIGINT AS bits,
  coalesce(image.width_px::BIGINT * image.height_px, 0) AS pixels,
  hash.sha256 NOT IN (
    SELECT mark.sha256 FROM measures AS mark WHERE mark.measure = 'paired' AND list_contains($pairs_versions, mark.version)
  ) AS fresh
FROM measures AS hash
JOIN images AS image ON image.sha256 = hash.sha256
WHERE hash.version = $hash_version AND hash.bits IS NOT NULL
