-- How does each subject stand? Asked once, narrow, then counted in many ways.
-- The views kept, waiting, excluded and unjudged say the same, with all that is known of each subject: too much to count by.
CREATE OR REPLACE TEMP TABLE standing AS
SELECT
  candidate_id AS subject,
  'harvested' AS kind,
  source,
  outcome,
  sha256,
  NULL::VARCHAR AS parent,
  concepts,
  rights_family,
  rights_version,
  rights_jurisdiction,
  verdict,
  criterion,
  judged,
  verdict = 'keep' AND sha256 IS NOT NULL AS passes,
  FALSE AS repeats
FROM judged_candidates;

-- As in generated_verdicts: a picture stands and falls with its parent; but the parents are not looked up anew.
INSERT INTO standing
SELECT
  made.sha256,
  'generated',
  NULL,
  'stored',
  made.sha256,
  made.parent,
  [made.concept],
  NULL,
  NULL,
  NULL,
  CASE WHEN held.parent IS NULL THEN 'exclude' ELSE coalesce(decided.verdict, 'keep') END AS stands,
  CASE WHEN held.parent IS NULL THEN 'parent_not_kept' ELSE decided.criterion END,
  coalesce(told.poured <= (SELECT seen FROM last_curation), FALSE),
  stands = 'keep',
  FALSE
FROM held_variations AS made
LEFT JOIN (
  SELECT DISTINCT sha256 AS parent
  FROM standing
  WHERE passes AND sha256 IN (SELECT parent FROM variations)
) AS held ON held.parent = made.parent
LEFT JOIN runs AS told ON told.run_id = made.run_id
LEFT JOIN (
  SELECT *
  FROM weighed_decisions
  WHERE subject IN (SELECT sha256 FROM variations)
  QUALIFY row_number() OVER (PARTITION BY subject ORDER BY weight, criterion) = 1
) AS decided ON decided.subject = made.sha256;

-- Few pictures stand under several items: these are looked for apart, not by a window over all.
UPDATE standing
SET repeats = TRUE
FROM (
  SELECT sha256, min(subject) AS speaks
  FROM standing
  WHERE passes AND sha256 IN (SELECT sha256 FROM standing WHERE passes GROUP BY sha256 HAVING count(*) > 1)
  GROUP BY sha256
) AS shared
WHERE standing.passes AND standing.sha256 = shared.sha256 AND standing.subject <> shared.speaks;

CREATE OR REPLACE TEMP VIEW stands AS
SELECT
  *,
  coalesce(parent, sha256) AS grouped_as,
  passes AND judged AND NOT repeats AS kept,
  verdict = 'review' AND sha256 IS NOT NULL AS waiting,
  verdict = 'exclude' OR sha256 IS NULL AS excluded,
  passes AND NOT judged AS unjudged
FROM standing;
