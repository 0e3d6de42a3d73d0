-- How does each subject stand? Asked once, narrow, then counted in many ways.
-- The views kept, waiting, excluded and unjudged say the same, with all that is known of each subject: too much to count by.
CREATE OR REPLACE TEMP TABLE stands AS
WITH judged AS MATERIALIZED (
  SELECT
    held.*,
    verdict.verdict,
    verdict.criterion,
    verdict.judged,
    verdict.verdict = 'keep' AND held.sha256 IS NOT NULL AS passes
  FROM (
    SELECT
      candidate_id AS subject,
      'harvested' AS kind,
      source,
      outcome,
      sha256,
      sha256 AS grouped_as,
      concepts,
      rights_family,
      rights_version,
      rights_jurisdiction
    FROM current_candidates
    UNION ALL
    SELECT sha256, 'generated', NULL, 'stored', sha256, parent, [concept], NULL, NULL, NULL
    FROM held_variations
  ) AS held
  JOIN verdicts AS verdict USING (subject)
),
-- Few pictures stand under several items: looked for apart, not by a window over all.
shared AS (
  SELECT sha256, min(subject) AS speaks
  FROM judged
  WHERE passes
  GROUP BY sha256
  HAVING count(*) > 1
)
SELECT
  judged.*,
  judged.passes AND judged.judged AND coalesce(shared.speaks = judged.subject, TRUE) AS kept,
  judged.verdict = 'review' AND judged.sha256 IS NOT NULL AS waiting,
  judged.verdict = 'exclude' OR judged.sha256 IS NULL AS excluded,
  judged.passes AND NOT judged.judged AS unjudged
FROM judged
LEFT JOIN shared ON shared.sha256 = judged.sha256 AND judged.passes
