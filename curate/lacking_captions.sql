-- Which pictures have no caption from anybody, how do their subjects stand, and has a curation seen them? One row an image.
-- What is left out is not captioned: nobody will see the words, and some of it asks that no model looks at it.
SELECT
  record.sha256,
  list(record.subject ORDER BY record.subject) FILTER (verdict.judged AND verdict.verdict <> 'exclude') AS subjects,
  count(*) FILTER (NOT verdict.judged) AS unjudged,
  count(*) FILTER (verdict.judged AND verdict.verdict = 'exclude') AS left_out
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE record.kind = 'harvested'
  AND record.sha256 IS NOT NULL
  AND record.caption IS NULL
  AND ($concept IS NULL OR list_contains(record.concepts, $concept))
GROUP BY record.sha256
ORDER BY record.sha256
