-- Which cosines of this version are missing: of which subject's picture, with which words or which other picture?
WITH seen AS (
  SELECT sha256 FROM embeddings WHERE kind = $embedding AND version = $version
),
shown AS (
  SELECT subject, kind, sha256, caption, parent
  FROM records
  WHERE sha256 IN (SELECT sha256 FROM seen)
),
wanted AS (
  SELECT DISTINCT subject, 'caption' AS kind, sha256(words) AS other, sha256, words, NULL AS other_sha256
  FROM (
    SELECT subject, sha256, caption AS words FROM shown
    UNION ALL
    -- How like its prompt is the picture that was varied? Only beside that can it be said how far a variation strayed.
    SELECT parent.subject, parent.sha256, made.caption
    FROM shown AS made
    JOIN shown AS parent ON parent.sha256 = made.parent AND parent.kind = 'harvested'
  )
  WHERE words IS NOT NULL AND $with_words
  UNION ALL
  SELECT
    shown.subject,
    'concept',
    concept.name || ' ' || sha256(concept.words::VARCHAR || ' ' || concept.class_noun),
    shown.sha256,
    NULL,
    NULL
  FROM shown
  CROSS JOIN current_concepts AS concept
  WHERE concept.notes IS DISTINCT FROM $gone AND $with_words
  UNION ALL
  SELECT subject, 'parent', parent, sha256, NULL, parent
  FROM shown
  WHERE parent IN (SELECT sha256 FROM seen)
)
SELECT subject, kind, other, sha256, words, other_sha256
FROM wanted
ANTI JOIN (SELECT subject, kind, other FROM likeness WHERE version = $version) USING (subject, kind, other)
