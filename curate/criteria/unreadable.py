"""Pictures that cannot be decoded to the last byte, and addresses that gave no picture at all."""

VERSION = "1"
APPLIES_TO = ("harvested", "generated")
PARAMS = None

QUERY = """
SELECT
  subject.subject,
  CASE WHEN subject.outcome = 'not_an_image' OR decoded.word <> 'ok' THEN 'exclude' END AS verdict,
  CASE
    WHEN subject.outcome = 'not_an_image'
      THEN 'No picture was given: '
        || rtrim(regexp_replace(coalesce(subject.outcome_detail, 'other bytes'), '^not an image: ', ''), '.') || '.'
    WHEN decoded.word = 'truncated' THEN 'The file is cut off: ' || detail.word || '.'
    WHEN decoded.word = 'too_many_pixels' THEN 'The picture is too large to be decoded safely: ' || detail.word || '.'
    WHEN decoded.word IN ('not_an_image', 'empty') THEN 'The file is no picture but ' || detail.word || '.'
    WHEN decoded.word <> 'ok' THEN 'The file is broken inside: ' || detail.word || '.'
  END AS reason,
  json_object('decode', decoded.word, 'outcome', subject.outcome) AS evidence
FROM subjects AS subject
LEFT JOIN facts AS decoded ON decoded.sha256 = subject.sha256 AND decoded.measure = 'decode'
LEFT JOIN facts AS detail ON detail.sha256 = subject.sha256 AND detail.measure = 'decode_detail'
WHERE subject.outcome = 'not_an_image' OR (subject.sha256 IS NOT NULL AND decoded.word IS DISTINCT FROM 'ok')
"""
