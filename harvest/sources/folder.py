"""A folder of pictures with a licence sheet, sidecars, or rights written in the files: an archive's own holdings.

Each row of the sheet and each picture in the folder is one item; its identifier is the relative path. A row speaks for
its file, so a corrected row is a new statement of the same item. Where the sheet gives no licence, or there is no sheet,
the picture's sidecar (`name.jpg.xmp`, else `name.xmp`) counts, then what the file itself says (XMP, IPTC, EXIF). Whatever
differs below is noted as a conflict, and a stricter licence there refuses.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from base.files import canonical_json
from catalog import records
from catalog.records import Candidate, Rights
from catalog.rights import read_rights
from harvest.credit import with_credit
from harvest.embedded import Embedded, over
from harvest.sheet import Row, Sheet
from harvest.sidecars import Sidecars
from harvest.source import Found, Problem

PICTURE_SUFFIXES = [
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
    ".gif",
    ".bmp",
    ".jp2",
    ".j2k",
    ".jpf",
    ".jxl",
    ".avif",
    ".heic",
    ".heif",
    ".psd",
    ".dng",
    ".nef",
    ".cr2",
    ".svg",
]
LITTER = {"thumbs.db", "desktop.ini", "icon\r"}
_SEPARATORS = re.compile(r"\s*[;|,]\s*")


class Source:
    """Reads one folder with or without a sheet; `collection` names it in the catalogue."""

    institution = "the archive that keeps the folder"
    home_url = ""
    terms_url = ""
    checked_on = ""
    at_least = 1
    max_size_bytes = 1 << 30  # a large-format scan as TIFF; assumption, not measured

    def __init__(self, folder: Path, sheet: Sheet | None, collection: str, *, not_in: tuple[Path, ...] = ()) -> None:
        """Nothing is read yet but the sheet's header; files under `not_in` (the workspace's own) are no part of it."""
        self.folder = folder
        self.sheet = sheet
        self.name = f"folder:{collection}"
        self._root = folder.resolve()
        self._not_in = tuple(path.resolve() for path in not_in)
        self._exact: dict[str, str] = {}
        self._sidecars = Sidecars({})

    def stated(self, name: str) -> records.Source:
        """The row of table `sources`."""
        return records.Source(name=name, institution=self.institution, home_url="", terms_url="", checked_on=self.checked_on)

    def start(self) -> Iterator[Found | Problem]:
        """Every row in the sheet's order, then every picture that no row speaks for, by path."""
        self._exact = {}
        for path in self._walk():
            if self._exact.setdefault(_identifier(path), path) != path:
                yield Problem(where=_identifier(path), what="two files whose names differ only in how accents are written")
        self._sidecars = Sidecars(self._exact)
        first_line: dict[str, int] = {}
        if self.sheet is not None:
            yield from self._rows(self.sheet, first_line)
        for name, path in self._exact.items():
            if name not in first_line:
                yield from self._without_row(name, path)

    def _rows(self, sheet: Sheet, first_line: dict[str, int]) -> Iterator[Found | Problem]:
        for row in sheet.rows():
            if isinstance(row, Problem):
                yield row
                continue
            where = f"{sheet.path.name} line {row.line}"
            if "file" not in row.cells:
                yield Problem(where=where, what="the file's name is missing: the row cannot be given to any picture")
                continue
            name = self._source_id(row.cells["file"])
            if name in first_line:
                yield Problem(where=where, what=f"{name!r} stands in line {first_line[name]} already: the first row counts")
                continue
            first_line[name] = row.line
            yield from self._found(name, row, where)

    def _found(self, name: str, row: Row, where: str) -> Iterator[Found | Problem]:
        """The row's candidate, after what is wrong with it, if anything."""
        path = self._root / self._exact.get(name, name)
        if _is_inside(name):
            kind, what = self._judged(path, name)
        else:
            kind, what = "failed_path_outside", f"{name!r} leaves the folder: only files inside it are taken"
        if kind:
            yield Problem(where=where, what=what)
            yield Found(candidate=replace(self._candidate(name, row, Embedded()), outcome=kind, outcome_detail=what))
        else:
            embedded = self._embedded(name, path)
            yield from _remarks(name, embedded)
            yield Found(candidate=self._candidate(name, row, embedded), file=path)

    def _embedded(self, name: str, path: Path) -> Embedded:
        """What sidecar and file say; a sidecar that leads out of the folder says nothing."""
        sidecar = self._sidecars.of(name)
        place = self._root / self._exact[sidecar] if sidecar else None
        if place is not None and self._judged(place, str(sidecar))[0]:
            sidecar = place = None
        return self._sidecars.read(name, path, sidecar, place)

    def _judged(self, path: Path, name: str) -> tuple[str, str]:
        """(outcome, sentence) for a path that is no readable file inside the folder; both empty for a good one."""
        try:
            target = path.resolve()
            if not target.is_relative_to(self._root):
                return "failed_path_outside", f"{name!r} is a link that leaves the folder: only files inside it are taken"
            if target.is_file():
                return "", ""
            kind = "is a folder" if target.is_dir() else "does not exist" if not target.exists() else "is no ordinary file"
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name that the system cannot hold
            kind = "cannot be looked up"
        return "failed_file_missing", f"{name!r} {kind}{self._hint(name)}"

    def _hint(self, name: str) -> str:
        near = [other for other in self._exact if other != name and other.casefold() == name.casefold()]
        return f"; there is {near[0]!r}" if near else ""

    def _without_row(self, name: str, path: str) -> Iterator[Found | Problem]:
        whole = self._root / path
        if (self.sheet is not None and whole.resolve() == self.sheet.path.resolve()) or self._sidecars.is_one(name):
            return
        in_sheet = "no row in the sheet" if self.sheet is not None else "no licence sheet"
        if PurePosixPath(name).suffix.lower() not in PICTURE_SUFFIXES:
            yield Problem(where=name, what=f"{in_sheet}, and not named like a picture: left alone")
            return
        row = Row(line=0, cells={}, other={}, raw=())
        kind, what = self._judged(whole, name)
        embedded = Embedded() if kind else self._embedded(name, whole)
        if embedded.rights is None:
            yield Problem(where=name, what=f"{in_sheet}, so no licence: noted, and its bytes not taken")
        elif self.sheet is not None:
            yield Problem(where=name, what="no row in the sheet: what is written in the file or its sidecar counts")
        yield from _remarks(name, embedded)
        candidate = self._candidate(name, row, embedded)
        if kind:
            yield Found(candidate=replace(candidate, outcome=kind, outcome_detail=what))
        else:
            yield Found(candidate=candidate, file=whole)

    def _candidate(self, name: str, row: Row, embedded: Embedded) -> Candidate:
        cells, other = row.cells, dict(row.other)
        title, creator = cells.get("title") or embedded.title, cells.get("creator") or embedded.creator
        rights = self._rights(cells.get("licence"), embedded)
        rights, note = with_credit(rights, cells.get("credit") or embedded.credit, title=title, creator=creator, name=name)
        caption, language = cells.get("caption"), cells.get("caption_language")
        if not caption and embedded.caption:
            caption, language = embedded.caption, language or embedded.caption_language
        other |= _beside(cells, embedded)
        page_url = cells.get("source_url")
        if page_url and not page_url.startswith(("http://", "https://")):
            other["source_url"], page_url = page_url, None
        return Candidate(
            source=self.name,
            source_id=name,
            rights=rights,
            outcome="metadata_only",
            page_url=page_url,
            title=title,
            creator=creator,
            creation_date=cells.get("date") or embedded.date,
            caption=caption,
            caption_language=language,
            concepts=tuple(dict.fromkeys(filter(None, _SEPARATORS.split(cells.get("concept", ""))))),
            other={**other, **note},
            answer_sha256=_digest([*row.raw, *(["embedded", *embedded.facts()] if embedded != Embedded() else [])]),
        )

    def _rights(self, licence: str | None, embedded: Embedded) -> Rights:
        """The sheet's licence over what is embedded; without one, what is embedded."""
        sheet = self.sheet.path.name if self.sheet is not None else None
        if licence is None and embedded.rights is not None:
            return embedded.rights
        stated = replace(read_rights(licence, field="licence", scope="media"), evidence=sheet)
        return over(stated, embedded.rights) or stated

    def _source_id(self, text: str) -> str:
        """The relative path in one spelling; backslashes are separators unless a file is really named so."""
        name = unicodedata.normalize("NFC", text)
        if name in self._exact:
            return name
        posix = name.replace("\\", "/")
        if not posix.startswith("/") and not PureWindowsPath(name).drive:
            parts = [part for part in posix.split("/") if part not in ("", ".")]
            posix = "/".join(parts) or posix
        return posix

    def _walk(self) -> Iterator[str]:
        """Relative paths of all files, sorted; links to folders are not followed, hidden names passed over."""
        for folder, folders, files in os.walk(self._root):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if self._is_part(here / name))
            for name in sorted(files):
                if name.casefold() not in LITTER and self._is_part(here / name):
                    yield (here / name).relative_to(self._root).as_posix()

    def _is_part(self, path: Path) -> bool:
        return not path.name.startswith(".") and path not in self._not_in


def _beside(cells: Mapping[str, str], embedded: Embedded) -> dict[str, str]:
    """Facts that only the file has, and where its words differ from the sheet's."""
    pairs = {"creator": embedded.creator, "title": embedded.title, "date": embedded.date, "credit": embedded.credit}
    differing = {f"embedded_{name}": text for name, text in pairs.items() if text and cells.get(name, text) != text}
    return {**dict(embedded.other), **differing}


def _remarks(name: str, embedded: Embedded) -> Iterator[Problem]:
    yield from (Problem(where=name, what=f"its {one} cannot be read") for one in embedded.unreadable)
    if embedded.is_generated:
        made = dict(embedded.other)["digital_source_type"]
        yield Problem(where=name, what=f"says of itself that a model made it ({made}): no archive material")


def _digest(raw: Sequence[str]) -> str:
    """Of what was read of one item, as the sheet and the file have it."""
    return hashlib.sha256(canonical_json([*raw]).encode(errors="replace")).hexdigest()


def _identifier(path: str) -> str:
    """The path in normal form C; bytes that are no UTF-8 stand as \\xNN."""
    return unicodedata.normalize("NFC", path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _is_inside(name: str) -> bool:
    """Whether the text, taken as a path, stays in the folder; links are looked at later."""
    return not (name.startswith("/") or PureWindowsPath(name).drive or ".." in name.split("/") or name in ("", "."))
