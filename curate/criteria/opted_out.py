"""Pictures that somebody asks not to be used by models: robots.txt, an X-Robots-Tag, on them or on the same file elsewhere."""

VERSION = "1"
APPLIES_TO = ("harvested",)
PARAMS = None

QUERY = """
WITH stated AS (
  SELECT
    subject,
    sha256,
    {
      'channel': json_extract_string(opt_outs, '$[0].channel'),
      'outcome': outcome,
      'place': json_extract_string(opt_outs, '$[0].where'),
      'source': source,
      'subject': subject,
      'value': json_extract_string(opt_outs, '$[0].value')
    } AS said
  FROM subjects
  WHERE json_array_length(opt_outs) > 0 OR outcome IN ('robots', 'not_fetched_opt_out')
),
elsewhere AS (
  SELECT sha256, arg_min(said, subject) AS said
  FROM stated
  WHERE sha256 IS NOT NULL
  GROUP BY sha256
)
SELECT
  judged.subject,
  'exclude' AS verdict,
  CASE WHEN said.subject <> judged.subject THEN 'The same file is opted out at ' || said.source || ': ' ELSE '' END
    || CASE
      WHEN said.channel IN ('robots', 'robots.txt') OR said.outcome = 'robots' AND said.channel IS NULL
        THEN 'The site''s robots.txt asks robots to stay away'
      ELSE 'The source asks that models do not use it'
    END
    || coalesce(' (' || said.channel || ': “' || said.value || '”, ' || said.place || ')', '')
    || '.' AS reason,
  json_object(
    'channel', said.channel, 'said_of', said.subject, 'value', said.value, 'where', said.place
  ) AS evidence
FROM (
  SELECT subjects.subject, coalesce(stated.said, elsewhere.said) AS said
  FROM subjects
  LEFT JOIN stated ON stated.subject = subjects.subject
  LEFT JOIN elsewhere ON elsewhere.sha256 = subjects.sha256
) AS judged
WHERE said IS NOT NULL
"""
