"""Patterns of licence names, over folded text with plain hyphens; every one must match a whole value."""

import re

_LICENCE = r"licen[sc]e"
_JOIN = r"[\s\-/]+"
_NUMBER = r"[0-9]+(?:\.[0-9]+)*"
_V = r"[\s,-]*(?:v\.?|version)?\s*(?P<v>[0-9](?:\.[0-9])?)?"
"""An optional version after a name: "v3", "version 2.0", ", 1.3", "-2.0"."""

LOOSE = re.compile(r"[\s\-/,:]+")
"""What may stand between the words of a name."""

PART = r"(?:attribution|non[\s-]?commercial|no[\s-]?deriv(?:ative)?s?(?:[\s-]works)?|share[\s-]?alike)"
ONE_PART = re.compile(PART)

CODE = re.compile(
    rf"(?:bild[\s-])?(?:cc|creative commons){_JOIN}"
    rf"(?P<code>(?:by|nc|nd|sa)(?:{_JOIN}(?:by|nc|nd|sa))*)(?P<rest>(?![\w+]).*)"
)
TITLE = re.compile(
    rf"(?P<cc>(?:creative commons|cc)[\s,:-]+)?(?P<parts>{PART}(?:(?:[\s,/+&-]|\band\b)+{PART})*)"
    rf"(?P<word>[\s,-]*(?:public )?{_LICENCE})?(?P<rest>(?!\w).*)"
)
TAIL = re.compile(
    rf"[\s\-/,]*(?:{_LICENCE}[\s,-]+)?(?:v\.?|ver\.?|version)?\s*"
    rf"(?P<versions>{_NUMBER}(?:(?:\s*[,&-]\s*(?:and\s+)?|\s+and\s+)[0-9]+\.[0-9]+)*)?"
    r"(?P<open>\s*\+|\s+or\s+later)?(?P<all>[\s-]?\ball)?(?P<words>(?![\w.+]).*)"
)
NOISE = re.compile(
    r"\bmigrated[\s-]with[\s-]disclaimers\b|\bmigrated\b|\bstma\b|\binternational\b|\bunported\b|\bgeneric\b|"
    rf"\b(?:public\s+)?{_LICENCE}\b|\bdeed\b"
)
"""Words after a version that change nothing."""

CC0 = re.compile(
    r"(?:bild[\s-])?(?:cc[\s-]?0|cc[\s-]zero|creative commons[\s-](?:cc[\s-]?)?(?:0|zero))"
    rf"(?:[\s-]+(?:v|version )?(?P<v>{_NUMBER}))?(?:\s+universal)?(?:\s+\(cc0(?: 1\.0)?\))?"
    rf"(?:[\s,:(-]+public domain(?: dedication)?\)?)?(?:\s+{_LICENCE})?(?:\s+deed)?"
)
PDM = re.compile(
    r"(?:(?:cc|creative commons)[\s-]+)?(?:pdm|public domain mark|pd[\s-]?mark)"
    rf"(?:[\s-]+v?(?P<v>{_NUMBER}))?(?:\s+universal)?(?:\s+deed)?"
)
PD = re.compile(r"pd-[^\s,;:!?=<>][^,;:!?=<>\n]{0,58}")
"""A Commons template "PD-…"; the longest in use has 42 characters."""

PD_US = re.compile(r"pd-us(?!er|sr|sia)")
PD_ART = re.compile(r"pd-art(?![a-z])")
NO_TEMPLATE = re.compile(r"\breserved\b|\blicen[sc]ed\b|\bcopyrighted\b")
NKCR = re.compile(r"(?:wsm |[\w.&'() ]{1,60}-\s?)?no known (?:copyright )?restrictions(?: on publication)?")
NONFREE = re.compile(r"non-?\s?free\b[^.;:!?]{0,60}")

GFDL = re.compile(
    rf"(?:bild-)?(?:gnu free documentation {_LICENCE}|gnu fdl|gfdl)"
    r"(?:,?[\s-]*(?:v\.?|version)?\s*(?P<v>[0-9]\.[0-9](?:\s*[,-]\s*[0-9]\.[0-9])*))?"
    r"(?P<later>\+|[\s,-]+(?:or|and)[\s-](?:any[\s-])?later(?:[\s-]versions?)?)?"
    r"(?:[\s-](?:only|self|neu|user|user-[a-z]{1,3}|gmt|migrated|opencores|[a-z]{2}|"
    r"(?:no-)?invariants(?:-only|-or-later)?|(?:with|no|con|without)?-?disclaimers?))*"
)

_DE = rf"(?:dl-de|datenlizenz deutschland|data {_LICENCE} germany)[\s/-]+"
_DE_V = r"[\s/-]*(?:version )?(?P<v>[0-9][.-][0-9])?"

NUMBERED = (
    (
        "ogl",
        re.compile(
            rf"(?:uk )?(?:open government {_LICENCE}|ogl)(?:[\s-]+uk)?(?:\s+for public sector information)?{_V}"
            r"(?:\s+\(?(?:uk|united kingdom)\)?)?"
        ),
    ),
    (
        "etalab",
        re.compile(
            rf"(?:(?:etalab )?licence ouverte(?:\s*/\s*open {_LICENCE})?(?: etalab| \(etalab\))?|"
            rf"etalab(?: open {_LICENCE})?|open {_LICENCE} etalab|fr-lo){_V}(?:\s+\(?etalab\)?)?"
        ),
    ),
    (
        "nlod",
        re.compile(
            rf"(?:nlod|norwegian {_LICENCE} for open government data|"
            rf"norsk lisens for (?:åpne )?offentlige data)(?:\s*\(nlod\))?{_V}(?:\s*\(nlod\))?"
        ),
    ),
    ("dl-de-by", re.compile(rf"{_DE}(?:by|namensnennung|attribution){_DE_V}")),
    ("dl-de-zero", re.compile(rf"{_DE}zero{_DE_V}")),
    (
        "odbl",
        re.compile(rf"(?:odc-odbl|odbl|(?:open data commons )?open database {_LICENCE})(?:\s*\(odbl\))?{_V}(?:\s*\(odbl\))?"),
    ),
    (
        "odc-by",
        re.compile(rf"(?:odc[\s-]by|open data commons attribution {_LICENCE})(?:\s*\(odc-by\))?{_V}(?:\s*\(odc-by\))?"),
    ),
    (
        "pddl",
        re.compile(
            rf"(?:odc-pddl|pddl|(?:open data commons )?public domain dedication (?:and|&) {_LICENCE})"
            rf"(?:\s*\(pddl\))?{_V}(?:\s*\(pddl\))?"
        ),
    ),
    (
        "fal",
        re.compile(
            rf"(?:lal|fal|free art {_LICENCE}|licence art libre|art libre)(?:\s*\((?:lal|fal)\))?{_V}(?:\s*\((?:lal|fal)\))?"
        ),
    ),
)
"""Families whose name is followed by nothing but a version."""

BRACKET = re.compile(
    rf"(?P<title>[^()]{{1,160}}?)\s*\((?P<code>cc[^()]{{1,40}})\)\s*(?:{_LICENCE}|deed|public domain dedication)?"
)
BRACKETED_TITLE = re.compile(r"(?P<code>cc[^()]{1,40}?)\s*\((?P<title>[^()]{1,160})\)")
CHOICE = re.compile(r"\s+or\s+|\s*\|\s*")
BOTH = re.compile(r"\s+and\s+|\s*\+\s+|\s*&\s*")
TEMPLATE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
UNDERSCORED_VERSION = re.compile(r"_([0-9])_([0-9])$")
VERSION = re.compile(_NUMBER)
