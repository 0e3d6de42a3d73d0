-- Which subjects go with an evicted picture, and which evictions stand now?
SELECT
  record.subject,
  coalesce(record.parent, record.sha256) AS sha256,
  record.kind,
  last.verdict AS old_verdict,
  last.reason AS old_reason
FROM records AS record
LEFT JOIN current_decisions AS last ON last.subject = record.subject AND last.criterion = 'split'
WHERE record.sha256 IS NOT NULL
ORDER BY record.subject
