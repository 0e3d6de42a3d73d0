-- What is claimed of each subject, and in which words is it described?
SELECT
  candidate_id AS subject,
  concepts AS claims,
  'source' AS source,
  -- A model's words claim nothing: a claim by a caption reads as somebody's word.
  concat_ws(
    ' . ',
    said.title,
    CASE WHEN words.origin NOT LIKE 'model:%' THEN words.text END,
    CASE WHEN words.origin <> 'source' THEN said.caption END
  ) AS words
FROM current_candidates AS said
LEFT JOIN best_captions AS words ON words.subject = said.candidate_id
UNION ALL
SELECT made.sha256, list_sort(list_distinct(list(asked.concept))), 'parent', NULL
FROM variations AS made
JOIN requests AS asked ON asked.digest = made.request
GROUP BY made.sha256
ORDER BY subject
