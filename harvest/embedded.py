"""What a file says of its own rights and author: IPTC, XMP and EXIF in it or in a sidecar, in their order of trust."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from catalog.records import Rights
from catalog.rights import read_rights, weigh
from harvest.text import one_line, plain
from pixels import exif, iptc
from pixels.marks import SYNTHETIC_SOURCES, Marks
from pixels.xmp import Text

LONGEST_CHARACTERS = 5_000
"""Of one statement of rights (assumption, not measured)."""

MOST_VALUES = 50

RIGHTS = (
    "xmpRights:WebStatement",
    "cc:license",
    "plus:LicensorURL",
    "plus:ImageSupplierName",
    "plus:LicensorName",
    "xmpRights:UsageTerms",
    "dc:rights",
    "IPTC 2:116",
    "Exif 0x8298",
)
"""Statements of rights, the most trusted first (IPTC Photo Metadata; reference 2.10)."""

NAMES_ONLY = frozenset(("plus:LicensorURL", "plus:ImageSupplierName", "plus:LicensorName"))
"""Say whom to ask, and only seldom a licence; without one they are kept as facts."""

CREATOR = ("dc:creator", "IPTC 2:80", "Exif Artist")
CREDIT = ("photoshop:Credit", "IPTC 2:110", "cc:attributionName")
TITLE = ("dc:title", "IPTC 2:5")
CAPTION = ("dc:description", "IPTC 2:120", "Exif ImageDescription")
DATE = ("photoshop:DateCreated", "IPTC 2:55", "Exif DateTimeOriginal")
SOURCE = ("photoshop:Source", "IPTC 2:115")

_IPTC = {
    f"IPTC 2:{number}": number
    for number in (iptc.TITLE, iptc.DATE, iptc.CREATOR, iptc.CREDIT, iptc.SOURCE, iptc.COPYRIGHT, iptc.CAPTION)
}
_EXIF = {
    "Exif 0x8298": exif.COPYRIGHT,
    "Exif Artist": exif.ARTIST,
    "Exif ImageDescription": exif.DESCRIPTION,
    "Exif DateTimeOriginal": exif.DATE_TAKEN,
}
_PREFERRED = ("en", "pt", "es", "x-default")
_CAMERA_WORDS = frozenset(
    ("olympus digital camera", "sony dsc", "samsung", "digital camera", "minolta digital camera", "default")
)
"""What cameras write as a description by themselves."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """What marks state; `rights` is None where they say nothing of rights. `other` are further facts, for the candidate's."""

    rights: Rights | None = None
    creator: str | None = None
    credit: str | None = None
    title: str | None = None
    caption: str | None = None
    caption_language: str | None = None
    date: str | None = None
    other: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[str, ...] = field(default=())

    def facts(self) -> list[str]:
        """Everything stated, as texts in a fixed order: for the digest of what was read."""
        said = (self.creator, self.credit, self.title, self.caption, self.caption_language, self.date)
        raw = [text for pair in (self.rights.raw if self.rights else ()) for text in pair]
        return [*(text or "" for text in said), *raw, *(text for pair in self.other for text in pair)]

    @property
    def is_generated(self) -> bool:
        """A model made the picture, by its own mark."""
        return dict(self.other).get("digital_source_type", "") in SYNTHETIC_SOURCES


def stated_in(marks: Marks, evidence: str) -> Embedded:
    """What marks say, each fact from the most trusted place that has it.

    Args:
        marks: Of a picture or of a sidecar.
        evidence: Where they can be seen again.
    """
    caption, language = _first_with_language(marks, CAPTION)
    if caption and caption.casefold() in _CAMERA_WORDS:
        caption, language = None, None
    other = {
        "source": _first(marks, SOURCE),
        "digital_source_type": (_first(marks, ("Iptc4xmpExt:DigitalSourceType",)) or "").rstrip("/").rpartition("/")[2],
        "data_mining": (_first(marks, ("plus:DataMining",)) or "").rpartition("/")[2],
        "licensor": "; ".join(filter(None, (_first(marks, (name,)) for name in ("plus:LicensorName", "plus:LicensorURL")))),
        "rights_marked": _first(marks, ("xmpRights:Marked",)),
        "tiff_pages": str(marks.pages) if marks.pages > 1 else None,
    }
    return Embedded(
        rights=_rights(marks, evidence),
        creator="; ".join(dict.fromkeys(_all(marks, CREATOR))) or None,
        credit=_first(marks, CREDIT),
        title=_first(marks, TITLE),
        caption=caption,
        caption_language=language,
        date=_first(marks, DATE),
        other=tuple((name, text[:1000]) for name, text in other.items() if text),
        unreadable=marks.unreadable,
    )


def over(upper: Rights | None, lower: Rights | None) -> Rights | None:
    """Two statements of one picture, of which the upper counts: a licence that differs below is a conflict.

    A stricter one below refuses. The words of both are kept. A mere notice of copyright below denies nothing.
    """
    if upper is None or lower is None:
        return upper or lower
    weighed = upper
    for _, words in lower.raw:
        weighed = weigh(weighed, words)
    return replace(weighed, raw=tuple(dict.fromkeys((*upper.raw, *lower.raw))))


def laid_over(upper: Embedded, lower: Embedded) -> Embedded:
    """A sidecar's marks over those of the file: the sidecar has the word wherever it says anything."""
    return Embedded(
        rights=over(upper.rights, lower.rights),
        creator=upper.creator or lower.creator,
        credit=upper.credit or lower.credit,
        title=upper.title or lower.title,
        caption=upper.caption or lower.caption,
        caption_language=upper.caption_language if upper.caption else lower.caption_language,
        date=upper.date or lower.date,
        other=tuple((dict(lower.other) | dict(upper.other)).items()),
        unreadable=tuple(dict.fromkeys((*upper.unreadable, *lower.unreadable))),
    )


def _rights(marks: Marks, evidence: str) -> Rights | None:
    """The most trusted statement that names a licence; the others may only make it stricter."""
    said = [(name, words) for name in RIGHTS for one in _values(marks, name) if (words := one_line(one[:LONGEST_CHARACTERS]))]
    read = [(name, words, read_rights(words, field=name, scope="media")) for name, words in said]
    named = [(name, words, rights) for name, words, rights in read if _speaks(rights) or name not in NAMES_ONLY]
    if not named:
        return None
    deciding = next((rights for _, _, rights in named if rights.family not in ("unknown", "arr")), None)
    if deciding is None:  # no licence: a reservation says more than an address that nobody knows
        deciding = next((rights for _, _, rights in named if rights.family == "arr"), named[0][2])
    else:
        for _, words, _ in named:
            deciding = weigh(deciding, words)
    raw = tuple(dict.fromkeys((name, words) for name, words, _ in named))
    return replace(deciding, raw=raw, evidence=evidence)


def _speaks(rights: Rights) -> bool:
    return rights.family not in ("unknown", "arr")


def _words(marks: Marks, name: str) -> Iterator[str]:
    """Every value of a place as plain text of one line."""
    for one in _values(marks, name):
        if text := plain(one):
            yield text[:LONGEST_CHARACTERS]


def _values(marks: Marks, name: str) -> Sequence[str]:
    """Every value of a place as it stands; of one text in several languages, the preferred comes first."""
    if name in _IPTC:
        return marks.iptc.get(_IPTC[name], ())[:MOST_VALUES]
    if name in _EXIF:
        return [text] if (text := marks.exif.get(_EXIF[name])) else []
    return [value.words for value in sorted(marks.xmp.get(name, ()), key=_rank)][:MOST_VALUES]


def _rank(value: Text) -> int:
    language = (value.language or "").lower()
    language = language if language in _PREFERRED else language.partition("-")[0]
    return _PREFERRED.index(language) if language in _PREFERRED else len(_PREFERRED)


def _first(marks: Marks, names: Sequence[str]) -> str | None:
    return next((words for name in names for words in _words(marks, name)), None)


def _first_with_language(marks: Marks, names: Sequence[str]) -> tuple[str | None, str | None]:
    for name in names:
        for words in _words(marks, name):
            languages = [one.language for one in sorted(marks.xmp.get(name, ()), key=_rank)]
            language = languages[0] if languages else None
            return words, None if language in (None, "x-default") else str(language)[:35]
    return None, None


def _all(marks: Marks, names: Sequence[str]) -> list[str]:
    """All values of the first place that has any."""
    return next((found for name in names if (found := list(_words(marks, name)))), [])
