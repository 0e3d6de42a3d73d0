-- Which verified pairs, must-links and variations have their two ends in different splits?
-- The bounds 0.6 and 0.9 are those of curate/splits.py; a pair that could not be verified counts.
WITH held AS (
  SELECT sha256, split, title FROM kept WHERE kind = 'harvested'
)
SELECT 'close pair' AS kind, pair.a, pair.b, one.split AS split_a, other.split AS split_b, one.title AS title_a, other.title AS title_b
FROM pairs AS pair
JOIN held AS one ON one.sha256 = pair.a
JOIN held AS other ON other.sha256 = pair.b
WHERE
  one.split IS DISTINCT FROM other.split
  AND pair.kind = 'phash'  -- pairs of a model are kept up to any likeness: the same subject is no leak
  AND coalesce(pair.verified, 1) >= 0.6
  AND (
    pair.verified >= 0.9
    OR NOT EXISTS (SELECT 1 FROM current_links AS link WHERE link.a = pair.a AND link.b = pair.b AND link.kind = 'cannot')
  )
UNION
SELECT 'variation and a picture', pair.a, pair.b, one.split, other.split, one.title, other.title
FROM pairs AS pair
JOIN kept AS one ON one.sha256 = pair.a
JOIN kept AS other ON other.sha256 = pair.b
WHERE
  pair.kind = 'phash' AND pair.verified >= 0.9 AND one.split IS DISTINCT FROM other.split AND 'generated' IN (one.kind, other.kind)
UNION
SELECT 'linked by a person', link.a, link.b, one.split, other.split, one.title, other.title
FROM current_links AS link
JOIN held AS one ON one.sha256 = link.a
JOIN held AS other ON other.sha256 = link.b
WHERE link.kind = 'must' AND one.split IS DISTINCT FROM other.split
UNION
SELECT 'variation outside train', made.parent, made.sha256, parent.split, made.split, parent.title, made.title
FROM kept AS made
LEFT JOIN held AS parent ON parent.sha256 = made.parent
WHERE made.kind = 'generated' AND (made.split IS DISTINCT FROM 'train' OR parent.split IS DISTINCT FROM made.split)
ORDER BY 1, 2, 3
