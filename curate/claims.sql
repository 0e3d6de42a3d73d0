-- What is claimed of each subject, and in which words is it described?
SELECT
  candidate_id AS subject,
  concepts AS claims,
  'source' AS source,
  concat_ws(' . ', said.title, words.text, CASE WHEN words.origin <> 'source' THEN said.caption END) AS words
FROM current_candidates AS said
LEFT JOIN best_captions AS words ON words.subject = said.candidate_id
UNION ALL
SELECT made.sha256, list_sort(list_distinct(list(asked.concept))), 'parent', NULL
FROM variations AS made
JOIN requests AS asked ON asked.digest = made.request
GROUP BY made.sha256
ORDER BY subject
