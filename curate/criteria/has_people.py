"""Pictures on which a model finds faces. A person looks, always: nobody's picture is left out or used for it unseen.

Whether someone may be shown depends on who it is, when and where it was taken and what they or their descendants wish. A model
also overlooks faces, above all in profile, in shadow or under a hat: that it finds none proves nothing. Without a model in
`[models] people` nothing is asked.
"""

from dataclasses import dataclass

VERSION = "1"
APPLIES_TO = ("harvested", "generated")


@dataclass(frozen=True, kw_only=True)
class Params:
    """Thresholds."""

    min_face_area: float = 0.002
    """All faces together take at least this share of the picture (0 to 1): in a square picture of 1000 pixels a side one face of
    45 by 45, about the smallest that people recognise (assumption, not measured)."""
    since_year: int = 0
    """Only pictures made in this year or later, by the last year in their date, and those without a date; 0 means of any age."""


PARAMS = Params()
FACTS = {"decode": "word", "face_area": "value", "faces": "value"}

QUERY = """
SELECT
  subject.subject,
  CASE WHEN facts.face_area >= $min_face_area THEN 'review' END AS verdict,
  'A model finds ' || CASE facts.faces WHEN 1 THEN 'a face, which takes ' ELSE facts.faces::INTEGER || ' faces, which take ' END
    || printf('%.1f', 100 * facts.face_area) || ' % of the picture. A person must look whether it may be used.' AS reason,
  json_object(
    'face_area', round(facts.face_area, 4), 'faces', facts.faces::INTEGER, 'min_face_area', $min_face_area::DOUBLE
  ) AS evidence
FROM subjects AS subject
LEFT JOIN facts ON facts.sha256 = subject.sha256
WHERE subject.sha256 IS NOT NULL
  AND coalesce(facts.decode, 'ok') = 'ok'
  AND coalesce(facts.faces > 0 AND facts.face_area >= $min_face_area, facts.faces IS NULL)
  AND coalesce(
    list_max(regexp_extract_all(subject.creation_date, '\\b(1[0-9][0-9][0-9]|20[0-9][0-9])\\b', 1)::INTEGER[]) >= $since_year,
    TRUE
  )
  AND EXISTS (SELECT 1 FROM facts WHERE faces IS NOT NULL)
"""
