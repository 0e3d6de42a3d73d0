-- Which of these decisions, now written, change less than they seem to, and why?
WITH asked AS (
  SELECT unnest($subjects::VARCHAR[]) AS subject
),
said AS (
  SELECT subject, verdict
  FROM current_decisions
  WHERE criterion = 'person' AND subject IN (SELECT subject FROM asked)
)
SELECT
  coalesce(record.title, record.source_id, record.subject) || ' is to be kept, and still stays out: '
  || CASE
    WHEN record.sha256 IS NULL THEN 'its bytes are not held.'
    WHEN verdict.verdict = 'exclude' THEN coalesce(verdict.reason, 'no reason is known.')
  END AS notice
FROM said
JOIN records AS record USING (subject)
JOIN verdicts AS verdict USING (subject)
WHERE said.verdict = 'keep' AND (record.sha256 IS NULL OR verdict.verdict = 'exclude')
UNION ALL
SELECT
  coalesce(record.title, record.source_id, record.subject) || ' is to be left out, and the same file is held as '
  || other.source || ': ' || other.source_id || ' too: decide about ' || other.subject || ' as well.'
FROM said
JOIN records AS record USING (subject)
JOIN records AS other ON other.sha256 = record.sha256 AND other.subject <> record.subject AND other.kind = 'harvested'
LEFT JOIN current_decisions AS theirs ON theirs.subject = other.subject AND theirs.criterion = 'person'
WHERE said.verdict = 'exclude' AND record.kind = 'harvested' AND theirs.verdict IS DISTINCT FROM 'exclude'
ORDER BY notice
