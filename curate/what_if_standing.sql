-- How does each subject stand, and a variation with its parent?
SELECT
  stands.subject,
  CASE
    WHEN everything.kind = 'generated' AND NOT coalesce(parent.kept, FALSE) THEN 'exclude'
    ELSE stands.verdict
  END AS verdict
FROM standing AS stands
JOIN everything ON everything.subject = stands.subject
LEFT JOIN (
  SELECT harvested.sha256, bool_or(own.verdict = 'keep') AS kept
  FROM everything AS harvested
  JOIN standing AS own ON own.subject = harvested.subject
  WHERE harvested.kind = 'harvested' AND harvested.sha256 IS NOT NULL
  GROUP BY harvested.sha256
) AS parent ON parent.sha256 = everything.parent
