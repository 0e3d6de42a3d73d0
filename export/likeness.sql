-- How like are the pictures of an export to their captions, and the variations to what they vary? One row a cosine, with all that
-- it is counted under. Cosines of the model in force alone: those of two models are not comparable. Parameter: keys (of sha256).
WITH model AS (
  SELECT arg_max(version, run_id) AS version FROM embeddings WHERE kind = 'semantic'
),
taken AS (
  SELECT likeness.subject, likeness.kind, likeness.other, likeness.value, model.version
  FROM likeness
  JOIN model ON model.version = likeness.version
),
shown AS (
  SELECT subject, kind, sha256, parent, caption, concepts
  FROM records
  WHERE sha256 IN (SELECT unnest($keys::VARCHAR[]))
),
-- Every picture counts once in its concept, and once among all.
real AS (
  SELECT unnest(list_distinct(list_prepend('', coalesce(shown.concepts, [])))) AS concept, shown.sha256, taken.value, taken.version
  FROM shown
  JOIN taken ON taken.subject = shown.subject AND taken.kind = 'caption' AND taken.other = sha256(shown.caption)
  WHERE shown.kind = 'harvested'
),
made AS (
  SELECT unnest(['', lineage.concept]) AS concept, shown.subject, shown.sha256, shown.parent, shown.caption, lineage.*
    EXCLUDE (concept, sha256, parent)
  FROM shown
  JOIN lineage ON lineage.sha256 = shown.sha256
  WHERE shown.kind = 'generated'
)
SELECT DISTINCT
  'real–caption' AS measure,
  concept,
  NULL AS model,
  NULL AS strength,
  NULL AS guidance,
  NULL AS steps,
  NULL AS scheduler,
  NULL AS additions,
  sha256 AS family,
  sha256,
  value,
  version
FROM real
UNION ALL
SELECT DISTINCT
  CASE taken.kind WHEN 'caption' THEN 'synthetic–caption' ELSE 'real–synthetic' END,
  made.concept,
  made.model,
  made.strength,
  made.guidance,
  made.steps,
  made.scheduler,
  concat_ws(' ', made.lora, made.control, made.sampler) AS additions,
  made.parent,
  made.sha256,
  taken.value,
  taken.version
FROM made
JOIN taken
  ON taken.subject = made.subject
  AND (
    (taken.kind = 'caption' AND taken.other = sha256(made.caption))
    OR (taken.kind = 'parent' AND taken.other = made.parent)
  )
ORDER BY ALL
