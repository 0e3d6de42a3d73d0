-- What does this criterion say now that differs from its last word?
SELECT
  coalesce(given.subject, last.subject) AS subject,
  coalesce(given.version, last.version) AS version,
  coalesce(given.verdict, 'keep') AS verdict,
  coalesce(given.reason, 'No longer so: ' || last.reason) AS reason,
  coalesce(given.evidence, '{}') AS evidence,
  last.version AS old_version,
  last.verdict AS old_verdict,
  last.reason AS old_reason,
  last.evidence AS old_evidence
FROM (SELECT * FROM given WHERE criterion = $criterion) AS given
FULL JOIN (
  SELECT *
  FROM last_words
  WHERE criterion = $criterion AND subject NOT IN (SELECT subject FROM withdrawals)
) AS last ON last.subject = given.subject
WHERE
  -- A new answer, or one in other words; an abstention leaves the last word standing.
  (given.verdict IS NOT NULL AND (
    last.subject IS NULL
    OR last.verdict <> given.verdict
    OR last.reason <> given.reason
    OR last.evidence::VARCHAR <> given.evidence::VARCHAR
    OR last.version <> given.version AND given.verdict <> 'keep'
  ))
  -- No answer any more where there was one: it is taken back.
  OR (given.subject IS NULL AND last.verdict <> 'keep')
ORDER BY subject
