-- Which variations of the scarce concepts exist already without counting as kept: those that wait, and those that curation left out?
-- standing: pending (no curation has judged it, or it waits for a person), else the criterion that excludes it.
-- Parameter: concepts (list of names).
SELECT
  asked.concept,
  CASE WHEN verdict.verdict = 'exclude' THEN verdict.criterion ELSE 'pending' END AS standing,
  count(*) AS variations
FROM generated_records AS made
JOIN requests AS asked ON asked.digest = made.request
JOIN verdicts AS verdict ON verdict.subject = made.subject
WHERE list_contains($concepts::VARCHAR[], asked.concept)
  AND (verdict.verdict <> 'keep' OR NOT verdict.judged)
GROUP BY ALL
ORDER BY asked.concept, standing
