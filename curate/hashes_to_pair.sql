-- Which hashes are there to compare, and which images were never compared before?
SELECT
  hash.sha256,
  CASE WHEN starts_with(hash.measure, 'phash_box') THEN 'box' ELSE 'full' END AS frame,
  coalesce(nullif(ltrim(replace(replace(hash.measure, 'phash_box', ''), 'phash', ''), '_'), ''), 'upright') AS orientation,
  hash.bits,
  NOT EXISTS (
    SELECT 1
    FROM measures AS mark
    WHERE mark.sha256 = hash.sha256 AND mark.measure = 'paired' AND mark.version = $pairs_version
  ) AS fresh
FROM measures AS hash
WHERE hash.version = $hash_version AND hash.bits IS NOT NULL
