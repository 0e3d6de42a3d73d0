-- How does each subject stand after the rounds so far? A person's word, else any exclude, else any review, else keep.
CREATE OR REPLACE TEMP TABLE standing AS
WITH said AS (
  SELECT
    subject,
    verdict,
    TRUE AS by_person,
    verdict = 'keep' AND coalesce(evidence ->> '$.evidence', '') = '' AS unproven_keep,
    FALSE AS refusal
  FROM current_decisions
  WHERE criterion = 'person'
  UNION ALL
  SELECT subject, verdict, FALSE, FALSE, FALSE FROM current_decisions WHERE criterion = 'split'
  UNION ALL
  SELECT subject, verdict, FALSE, FALSE, verdict = 'exclude' AND criterion IN ('rights_not_cleared', 'opted_out')
  FROM given
  WHERE verdict IS NOT NULL
)
SELECT
  everything.subject,
  CASE
    WHEN bool_or(said.by_person) AND NOT (bool_or(said.unproven_keep) AND bool_or(said.refusal)) THEN max(said.verdict) FILTER (said.by_person)
    WHEN bool_or(said.verdict = 'exclude') THEN 'exclude'
    WHEN bool_or(said.verdict = 'review') THEN 'review'
    ELSE 'keep'
  END AS verdict
FROM everything
LEFT JOIN said ON said.subject = everything.subject
GROUP BY everything.subject;
