"""What a community asks not to be used: sacred things, the dead, ceremonies, places, whatever its list says.

The list is `restricted.toml` in the workspace. Each entry names words (looked for in title and caption, whatever their accents
and case), concepts or single items, says why and whose word it is, and whether such pictures are left out or looked at first.
The reason given is the community's own. A person overrules it only with evidence, as with rights.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from curate.concepts import fold

VERSION = "1"
APPLIES_TO = ("harvested", "generated")
PARAMS = None
USES = ("restricted",)

QUERY = """
SELECT
  found.subject,
  found.verdict,
  CASE found.verdict WHEN 'exclude' THEN 'Not to be used, by the word of ' ELSE 'To be looked at first, by the word of ' END
    || found.said_by || ': “' || found.reason || '” ('
    || CASE found.kind
      WHEN 'word' THEN 'its title or caption says “' || found.named || '”'
      WHEN 'concept' THEN 'it shows “' || found.named || '”'
      ELSE 'the list names it'
    END || ').'
    || CASE found.verdict WHEN 'review' THEN ' A person must look.' ELSE '' END AS reason,
  json_object('by', found.said_by, 'kind', found.kind, 'named', found.named) AS evidence
FROM restricted_found AS found
JOIN subjects USING (subject)
QUALIFY row_number() OVER (PARTITION BY found.subject ORDER BY found.verdict, found.entry, found.kind, found.named) = 1
"""
"""Of several entries an excluding one speaks, then the first of the list."""

TABLES = """
CREATE OR REPLACE TEMP TABLE restricted_entries AS
SELECT entry::INTEGER AS entry, verdict, reason, said_by, kind, named
FROM (
  SELECT
    unnest($entries::INTEGER[]) AS entry, unnest($verdicts::VARCHAR[]) AS verdict, unnest($reasons::VARCHAR[]) AS reason,
    unnest($said_by::VARCHAR[]) AS said_by, unnest($kinds::VARCHAR[]) AS kind, unnest($named::VARCHAR[]) AS named
)
"""
BY_NAME = """
CREATE OR REPLACE TEMP TABLE restricted_found AS
SELECT subjects.subject, entries.*
FROM restricted_entries AS entries
JOIN (
  SELECT subject, 'concept' AS kind, unnest(concepts) AS named FROM subjects
  UNION
  SELECT subject, 'id', unnest([subject, source_id, sha256]) FROM subjects
) AS subjects ON subjects.kind = entries.kind AND subjects.named = entries.named
"""
IN_WORDS = """
SELECT subject, words
FROM (SELECT subject, concat_ws(' . ', title, caption) AS words FROM subjects)
WHERE regexp_matches(strip_accents(lower(words)), $loosely) OR regexp_matches(words, $unusual)
"""
FOUND = """
INSERT INTO restricted_found
SELECT found.subject, entries.*
FROM (
  SELECT unnest($subjects::VARCHAR[]) AS subject, unnest($places::INTEGER[]) AS place, unnest($words::VARCHAR[]) AS word
) AS found
JOIN restricted_entries AS entries ON entries.entry = found.place AND entries.kind = 'word' AND entries.named = found.word
"""
UNUSUAL = r"[^\x{0000}-\x{024F}\x{0300}-\x{036F}\x{2000}-\x{206F}]|ß|ſ"
"""Signs that DuckDB folds in another way than `fold`, or may: such texts are all looked at one by one."""


def prepare(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Find what the list names; texts are first sifted in SQL by the beginnings of words, loosely, then read exactly."""
    rows = list(_rows(parameters["restricted"]))
    columns = ("entries", "verdicts", "reasons", "said_by", "kinds", "named")
    connection.execute(TABLES, {name: [row[at] for row in rows] for at, name in enumerate(columns)})
    connection.execute(BY_NAME)
    words = [(row[0], row[5], fold(row[5])) for row in rows if row[4] == "word"]
    if not words:
        return
    pieces = {re.escape(folded.split()[0]) for _, _, folded in words}
    sifted = connection.execute(IN_WORDS, {"loosely": "|".join(sorted(pieces)), "unusual": UNUSUAL}).fetchall()
    finders = [(place, word, re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")) for place, word, folded in words]
    found = [
        (subject, place, word)
        for subject, text in sifted
        for folded in [fold(text)]
        for place, word, finder in finders
        if finder.search(folded)
    ]
    connection.execute(FOUND, {name: [one[at] for one in found] for at, name in enumerate(("subjects", "places", "words"))})


def _rows(entries: Sequence[Mapping[str, Any]]) -> Iterable[tuple[int, str, str, str, str, str]]:
    """One row a name: number of the entry, verdict, reason, whose word, kind (word, concept or id), and the name itself."""
    for place, entry in enumerate(entries):
        said = (place, entry["verdict"], entry["reason"].strip().rstrip("."), entry["by"].strip())
        yield from ((*said, "word", word) for words in entry["words"].values() for word in words)
        yield from ((*said, "concept", name) for name in entry["concepts"])
        yield from ((*said, "id", one) for one in entry["ids"])
