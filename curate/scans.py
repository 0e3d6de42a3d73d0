"""Which of two scans of the same is the better one: the order, and the words for it, that all criteria on copies share."""

TRUSTED_SOURCES = (
    "folder", "met", "smithsonian", "iiif", "europeana", "commons", "gbif", "inaturalist", "flickr", "openverse", "webpage",
)  # fmt: skip
"""Whose record is taken where two are equal in all else, the best first; a kind of source stands for all of its name. The
archive's own sheet, then museums that speak of what they hold, then who gathers from many, then pages without records
(assumption, not measured)."""

TRUST = "coalesce(list_position({list}, source), list_position({list}, split_part(source, ':', 1)), 1000)"
"""Place of a source in a list; the full name (`folder:Glass negatives`) comes before its kind."""

DESCRIBED = """(subject.title IS NOT NULL)::INTEGER + (subject.creator IS NOT NULL)::INTEGER
      + (subject.creation_date IS NOT NULL)::INTEGER + (subject.caption IS NOT NULL)::INTEGER
      + (subject.credit_line IS NOT NULL)::INTEGER"""
"""How many of title, creator, date, caption and credit are given."""

SCANS = f"""
CREATE OR REPLACE TEMP TABLE scans AS
SELECT
  *,
  {TRUST.format(list=list(TRUSTED_SOURCES))} AS trust,
  row_number() OVER (PARTITION BY sha256 ORDER BY standing_rank, openness, described DESC, trust, subject) AS place
FROM (
  SELECT
    subject.subject,
    subject.sha256,
    subject.source,
    coalesce(subject.title, subject.source_id) AS name,
    coalesce(subject.format, 'unknown') AS format,
    CASE standing.verdict WHEN 'keep' THEN 0 ELSE 1 END AS standing_rank,
    CASE subject.split WHEN 'test' THEN 0 WHEN 'val' THEN 1 ELSE 2 END AS held_out,
    coalesce(subject.width_px::BIGINT * subject.height_px, 0) AS pixels,
    coalesce(offer.openness, 99) AS openness,
    {DESCRIBED} AS described,
    CASE subject.format WHEN 'TIFF' THEN 0 WHEN 'PNG' THEN 1 WHEN 'JPEG2000' THEN 2 WHEN 'JPEG' THEN 3 ELSE 4 END
      AS format_rank
  FROM subjects AS subject
  JOIN standing ON standing.subject = subject.subject
  LEFT JOIN (
    SELECT subject, min(openness) AS openness FROM licences_offered WHERE NOT refused GROUP BY subject
  ) AS offer ON offer.subject = subject.subject
  WHERE standing.verdict <> 'exclude'
    AND subject.sha256 IN (SELECT unnest([a, b]) FROM pairs UNION SELECT unnest([a, b]) FROM current_links)
)
"""
"""Every subject in a pair or link that is not excluded so far; of several with the same bytes, place 1 speaks for them."""

BETTER_FIRST = "standing_rank, held_out, pixels DESC, openness, described DESC, trust, format_rank, sha256"
"""Pictures held out for validation or test come before larger ones, so that a set once handed over keeps its test pictures."""

WHY_BETTER = """CASE
    WHEN best.standing_rank < member.standing_rank THEN 'which is cleared, while this one waits for a person'
    WHEN best.held_out < member.held_out THEN 'which is held out for testing'
    WHEN best.pixels > member.pixels THEN 'which is the larger scan'
    WHEN best.openness < member.openness THEN 'which has the more open licence'
    WHEN best.described > member.described THEN 'which is better described'
    WHEN best.trust < member.trust THEN 'whose source comes first in the list of trusted sources'
    WHEN best.format_rank < member.format_rank THEN 'which is the better file (' || best.format || ')'
    ELSE 'which is as good and is taken for both'
  END"""
"""Why the scan `best` stays and the scan `member` steps back, in words."""
