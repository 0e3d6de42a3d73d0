-- What speaks against these subjects: verdicts, and refusals that no curation has seen yet.
WITH asked AS (
  SELECT unnest($subjects::VARCHAR[]) AS subject
)
SELECT subject, criterion, reason
FROM current_decisions
WHERE verdict <> 'keep' AND criterion <> 'person' AND subject IN (SELECT subject FROM asked)
UNION
SELECT candidate_id, 'opted_out', 'The source asks that models do not use it (not judged yet).'
FROM current_candidates
WHERE candidate_id IN (SELECT subject FROM asked)
  AND (json_array_length(opt_outs) > 0 OR outcome IN ('robots', 'not_fetched_opt_out'))
  AND candidate_id NOT IN (SELECT subject FROM current_decisions WHERE criterion = 'opted_out')
UNION
SELECT candidate_id, 'rights_not_cleared', 'No licence is offered that clears anything (not judged yet).'
FROM current_candidates
WHERE candidate_id IN (SELECT subject FROM asked)
  AND candidate_id NOT IN (SELECT subject FROM licences_offered WHERE NOT refused)
  AND candidate_id NOT IN (SELECT subject FROM current_decisions WHERE criterion = 'rights_not_cleared')
ORDER BY subject, criterion
