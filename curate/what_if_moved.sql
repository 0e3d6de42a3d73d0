-- Which held pictures would get another verdict?
SELECT
  everything.subject,
  coalesce(everything.title, everything.source_id, everything.subject) AS title,
  before.verdict AS before,
  after.verdict AS after
FROM everything
JOIN standing_before AS before USING (subject)
JOIN standing_after AS after USING (subject)
WHERE everything.sha256 IS NOT NULL AND before.verdict <> after.verdict
ORDER BY title, everything.subject
