-- How many held pictures of each concept are kept, wait, or are left out, before and after?
WITH judged AS (
  SELECT
    everything.subject,
    CASE WHEN len(everything.concepts) = 0 THEN ['(none)'] ELSE everything.concepts END AS concepts,
    before.verdict AS before,
    after.verdict AS after
  FROM everything
  JOIN standing_before AS before USING (subject)
  JOIN standing_after AS after USING (subject)
  WHERE everything.sha256 IS NOT NULL
),
named AS (
  SELECT unnest(concepts) AS concept, before, after FROM judged
  UNION ALL
  SELECT '(all)', before, after FROM judged
)
SELECT
  concept,
  count(*) FILTER (before = 'keep') AS kept_before,
  count(*) FILTER (after = 'keep') AS kept_after,
  count(*) FILTER (before = 'review') AS waiting_before,
  count(*) FILTER (after = 'review') AS waiting_after,
  count(*) FILTER (before = 'exclude') AS excluded_before,
  count(*) FILTER (after = 'exclude') AS excluded_after
FROM named
GROUP BY concept
ORDER BY concept = '(all)', concept
