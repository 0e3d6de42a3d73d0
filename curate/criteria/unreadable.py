"""Pictures that cannot be decoded to the last byte, and addresses that gave no picture at all."""

VERSION = "2"
APPLIES_TO = ("harvested", "generated")
PARAMS = None
FACTS = {"decode": "word", "decode_detail": "word"}

QUERY = """
SELECT
  subject.subject,
  CASE WHEN subject.outcome IN ('not_an_image', 'too_large') OR facts.decode <> 'ok' THEN 'exclude' END AS verdict,
  CASE
    WHEN subject.outcome = 'not_an_image'
      THEN 'No picture was given: '
        || rtrim(regexp_replace(coalesce(subject.outcome_detail, 'other bytes'), '^not an image: ', ''), '.') || '.'
    WHEN subject.outcome = 'too_large'
      THEN 'The file is too large to be taken: '
        || coalesce(rtrim(subject.outcome_detail, '.'), 'larger than its source allows') || '.'
    WHEN facts.decode = 'truncated' THEN 'The file is cut off: ' || detail || '.'
    WHEN facts.decode = 'too_many_pixels' THEN 'The picture is too large to be decoded safely: ' || detail || '.'
    WHEN facts.decode IN ('not_an_image', 'empty') THEN 'The file is no picture but ' || detail || '.'
    WHEN facts.decode <> 'ok' THEN 'The file is broken inside: ' || detail || '.'
  END AS reason,
  json_object('decode', facts.decode, 'outcome', subject.outcome) AS evidence
FROM subjects AS subject
LEFT JOIN (SELECT sha256, decode, coalesce(decode_detail, decode) AS detail FROM facts) AS facts ON facts.sha256 = subject.sha256
WHERE subject.outcome IN ('not_an_image', 'too_large') OR (subject.sha256 IS NOT NULL AND facts.decode IS DISTINCT FROM 'ok')
"""
