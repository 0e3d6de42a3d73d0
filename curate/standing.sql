-- How does each subject stand after the rounds so far? A person's word, else any exclude, else any review, else keep.
CREATE OR REPLACE TEMP TABLE standing AS
WITH said AS (
  SELECT
    subject,
    verdict,
    TRUE AS by_person,
    verdict = 'keep' AND coalesce(evidence ->> '$.evidence', '') = '' AS unproven_keep,
    FALSE AS refusal
  FROM last_words
  WHERE criterion = 'person'
  UNION ALL
  SELECT subject, verdict, FALSE, FALSE, FALSE FROM last_words WHERE criterion = 'split'
  UNION ALL
  -- A criterion that abstains now is still held to its last word.
  SELECT
    given.subject,
    coalesce(given.verdict, last.verdict),
    FALSE,
    FALSE,
    coalesce(given.verdict, last.verdict) = 'exclude'
      AND given.criterion IN ('rights_not_cleared', 'opted_out', 'restricted_subject')
  FROM given
  LEFT JOIN last_words AS last
    ON given.verdict IS NULL AND last.subject = given.subject AND last.criterion = given.criterion
  WHERE coalesce(given.verdict, last.verdict) IS NOT NULL
),
weighed AS (
  SELECT
    subject,
    CASE
      WHEN bool_or(by_person) AND NOT (bool_or(unproven_keep) AND bool_or(refusal)) THEN max(verdict) FILTER (by_person)
      WHEN bool_or(verdict = 'exclude') THEN 'exclude'
      WHEN bool_or(verdict = 'review') THEN 'review'
      ELSE 'keep'
    END AS verdict
  FROM said
  GROUP BY subject
)
SELECT everything.subject, coalesce(weighed.verdict, 'keep') AS verdict
FROM everything
LEFT JOIN weighed ON weighed.subject = everything.subject;
