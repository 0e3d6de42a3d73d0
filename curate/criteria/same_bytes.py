"""The same file under several items: the best described of those that may be used stays, the others step back for it."""

VERSION = "1"
APPLIES_TO = ("harvested",)
PARAMS = None
ROUND = 2

QUERY = """
WITH items AS (
  SELECT
    subject.subject,
    subject.sha256,
    subject.source,
    coalesce(subject.title, subject.source_id) AS name,
    standing.verdict,
    CASE standing.verdict WHEN 'keep' THEN 0 ELSE 1 END AS standing_rank,
    coalesce(offer.openness, 99) AS openness,
    (subject.title IS NOT NULL)::INTEGER + (subject.creator IS NOT NULL)::INTEGER + (subject.caption IS NOT NULL)::INTEGER
      + (subject.credit_line IS NOT NULL)::INTEGER + (subject.page_url IS NOT NULL)::INTEGER AS described
  FROM subjects AS subject
  JOIN standing ON standing.subject = subject.subject
  LEFT JOIN (
    SELECT subject, min(openness) AS openness FROM licences_offered WHERE NOT refused GROUP BY subject
  ) AS offer ON offer.subject = subject.subject
  WHERE subject.sha256 IS NOT NULL AND standing.verdict <> 'exclude'
),
ranked AS (
  SELECT
    *,
    row_number() OVER best AS place,
    first_value({
      'described': described, 'name': name, 'openness': openness, 'source': source, 'standing_rank': standing_rank,
      'subject': subject
    }) OVER best AS chosen
  FROM items
  WINDOW best AS (PARTITION BY sha256 ORDER BY standing_rank, openness, described DESC, subject)
)
SELECT
  subject,
  'exclude' AS verdict,
  'The same file as “' || chosen.name || '” (' || chosen.source || '), '
    || CASE
      WHEN chosen.standing_rank < standing_rank THEN 'which is cleared, while this one waits for a person.'
      WHEN chosen.openness < openness THEN 'which has the more open licence.'
      WHEN chosen.described > described THEN 'which is better described.'
      ELSE 'which is taken for both.'
    END AS reason,
  json_object('same_as', chosen.subject, 'sha256', sha256) AS evidence
FROM ranked
WHERE place > 1
"""
