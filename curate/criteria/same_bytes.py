"""The same file under several items: the best described of those that may be used stays, the others step back for it."""

from dataclasses import dataclass

from curate.scans import DESCRIBED, TRUST, TRUSTED_SOURCES

VERSION = "2"
APPLIES_TO = ("harvested",)
ROUND = 2


@dataclass(frozen=True, kw_only=True)
class Params:
    """Whose word counts."""

    trusted_sources: tuple[str, ...] = TRUSTED_SOURCES
    """Sources by name or kind, the most trusted first; decides where licence and description are equal (assumption)."""


PARAMS = Params()

QUERY = f"""
WITH items AS (
  SELECT
    subject.subject,
    subject.sha256,
    subject.source,
    coalesce(subject.title, subject.source_id) AS name,
    CASE standing.verdict WHEN 'keep' THEN 0 ELSE 1 END AS standing_rank,
    coalesce(offer.openness, 99) AS openness,
    {DESCRIBED} AS described,
    {TRUST.format(list="$trusted_sources::VARCHAR[]").replace("source,", "subject.source,")} AS trust
  FROM subjects AS subject
  JOIN standing ON standing.subject = subject.subject
  LEFT JOIN (
    SELECT subject, min(openness) AS openness FROM licences_offered WHERE NOT refused GROUP BY subject
  ) AS offer ON offer.subject = subject.subject
  WHERE standing.verdict <> 'exclude'
    AND subject.sha256 IN (SELECT sha256 FROM subjects WHERE sha256 IS NOT NULL GROUP BY sha256 HAVING count(*) > 1)
),
ranked AS (
  SELECT
    *,
    row_number() OVER best AS place,
    first_value({{
      'described': described, 'name': name, 'openness': openness, 'source': source, 'standing_rank': standing_rank,
      'subject': subject, 'trust': trust
    }}) OVER best AS chosen
  FROM items
  WINDOW best AS (PARTITION BY sha256 ORDER BY standing_rank, openness, described DESC, trust, subject)
)
SELECT
  subject,
  'exclude' AS verdict,
  'The same file as “' || chosen.name || '” (' || chosen.source || '), '
    || CASE
      WHEN chosen.standing_rank < standing_rank THEN 'which is cleared, while this one waits for a person.'
      WHEN chosen.openness < openness THEN 'which has the more open licence.'
      WHEN chosen.described > described THEN 'which is better described.'
      WHEN chosen.trust < trust THEN 'whose source comes first in the list of trusted sources.'
      ELSE 'which is taken for both.'
    END AS reason,
  json_object('same_as', chosen.subject, 'sha256', sha256) AS evidence
FROM ranked
WHERE place > 1
"""
