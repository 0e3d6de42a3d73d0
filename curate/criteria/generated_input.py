"""Harvested pictures that, by the marks in their own files, a model made: a collection of the past is no place for them.

How strong the mark is decides. A file that states its picture's source type as made by a trained model is left out; where only
a part was made so, or a generator is merely named, a person looks. Marks can be false or taken away: that there is none proves
nothing, and no classifier is asked, as its guess is no evidence.
"""

from dataclasses import dataclass
from typing import Literal

VERSION = "1"
APPLIES_TO = ("harvested",)


@dataclass(frozen=True, kw_only=True)
class Params:
    """What each kind of mark leads to."""

    stated: Literal["exclude", "review", "keep"] = "exclude"
    """The file states that a trained model made the whole picture (IPTC's Digital Source Type trainedAlgorithmicMedia)."""
    partly: Literal["exclude", "review", "keep"] = "review"
    """It states that a part was made by a model, or the whole by a program without training."""
    named: Literal["exclude", "review", "keep"] = "review"
    """It only names a program that makes pictures with a model, which may have done no more than retouch."""


PARAMS = Params()
FACTS = {"c2pa": "value", "decode": "word", "digital_source_type": "word", "generator": "word"}

QUERY = """
SELECT
  subject,
  verdict,
  'By the marks in its own file '
    || CASE mark
      WHEN 'stated' THEN 'a trained model made this picture'
      WHEN 'partly' THEN 'a model or a program made this picture or a part of it'
      ELSE 'the picture passed through a program that makes pictures with a model'
    END
    || ': ' || concat_ws(
      ', ',
      CASE WHEN mark <> 'named' THEN 'Digital Source Type ' || source_type END,
      'generator ' || generator,
      CASE WHEN c2pa > 0 THEN 'with a C2PA manifest' END
    )
    || '.' || CASE verdict WHEN 'review' THEN ' A person must look.' ELSE '' END AS reason,
  json_object('c2pa', c2pa::INTEGER, 'digital_source_type', source_type, 'generator', generator, 'mark', mark) AS evidence
FROM (
  SELECT
    *,
    CASE mark WHEN 'stated' THEN $stated WHEN 'partly' THEN $partly WHEN 'named' THEN $named END AS verdict
  FROM (
    SELECT
      subject.subject,
      facts.digital_source_type AS source_type,
      facts.generator,
      facts.c2pa,
      CASE
        WHEN facts.digital_source_type = 'trainedAlgorithmicMedia' THEN 'stated'
        WHEN facts.digital_source_type IN ('compositeWithTrainedAlgorithmicMedia', 'algorithmicMedia', 'compositeSynthetic')
          THEN 'partly'
        WHEN facts.generator IS NOT NULL THEN 'named'
      END AS mark
    FROM subjects AS subject
    LEFT JOIN facts ON facts.sha256 = subject.sha256
    WHERE subject.sha256 IS NOT NULL AND coalesce(facts.decode, 'ok') = 'ok'
  )
  WHERE mark IS NOT NULL OR source_type IS NULL
)
WHERE verdict IS DISTINCT FROM 'keep'
"""
