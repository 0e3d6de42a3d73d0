"""The attribution of each picture, title, author, source, licence and whether it was changed, as text, HTML, CSV and JSON-LD.

All functions take rows of the view `credits`, and a language: English, Portuguese or Spanish; another one gives English. What
is not known is left out, never guessed.
"""

import csv
import html
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.licence_words import LANGUAGES, licence_title

COLUMNS = (
    "sha256", "title", "creator", "creation_date", "institution", "source", "page_url", "licence", "licence_uri", "credit_line",
    "modified", "parent", "attribution",
)  # fmt: skip
FORMATS = ("text", "html", "csv", "json-ld")


@dataclass(frozen=True)
class Words:
    """The words of one language; `{}` is where the name goes."""

    page: str
    titled: str
    by: str
    picture_by: str
    picture: str
    variation: str
    scaled: str
    source: str
    licence: str
    credit: str


WORDS = {
    "en": Words(
        "Credits", "“{}”", "{} by {}", "Picture by {}", "Picture {}", "Made by a model, as a variation of: {}",
        "Scaled copy",
        "Source: {}", "Licence: {}", "Credit: {}",
    ),
    "pt": Words(
        "Créditos", "“{}”", "{}, de {}", "Imagem de {}", "Imagem {}", "Feita por um modelo, como variação de: {}",
        "Cópia redimensionada",
        "Fonte: {}", "Licença: {}", "Crédito: {}",
    ),
    "es": Words(
        "Créditos", "«{}»", "{}, de {}", "Imagen de {}", "Imagen {}", "Hecha por un modelo, como variación de: {}",
        "Copia redimensionada",
        "Fuente: {}", "Licencia: {}", "Crédito: {}",
    ),
}  # fmt: skip
FREE_OF_COPYRIGHT = ("cc0", "pdm", "pddl", "nkc", "noc-us", "noc-nc", "noc-oklr", "noc-cr")


def language_of(tag: str | None) -> str:
    """The language in which credits are written for a BCP 47 tag: `pt-BR` gives pt, an unknown one en."""
    wanted = (tag or "").replace("_", "-").split("-")[0].casefold()
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def line(row: Mapping[str, Any], language: str = "en") -> str:
    """The attribution of one picture in one line of text, as one would print it below."""
    words = WORDS[language_of(language)]
    parts = [_work(row, words)]
    if origin := _origin(row):
        parts.append(words.source.format(_with_address(origin, row.get("page_url"))))
    elif _is_web(row.get("page_url")):
        parts.append(words.source.format(row["page_url"]))
    if licence := _licence(row, language_of(language)):
        parts.append(words.licence.format(_with_address(licence, row.get("licence_uri"))))
    if credit := _own_credit(row):
        parts.append(words.credit.format(credit))
    if row.get("scaled"):
        parts.append(words.scaled)
    whole = " ".join(part if part.endswith((".", "!", "?", "…")) else f"{part}." for part in parts)
    return " ".join(whole.split())


def as_text(rows: Iterable[Mapping[str, Any]], language: str = "en") -> str:
    """One line a picture."""
    return "".join(f"{line(row, language)}\n" for row in rows)


def as_csv(rows: Iterable[Mapping[str, Any]], language: str = "en") -> str:
    """One row a picture, with the whole line last; a value that a spreadsheet would run as a formula gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        told = {**row, "attribution": line(row, language), "licence": _licence(row, language_of(language))}
        writer.writerow([_cell(told.get(name)) for name in COLUMNS])
    return stream.getvalue()


def as_html(rows: Iterable[Mapping[str, Any]], language: str = "en") -> str:
    """A page for people, whole in itself; each picture is one paragraph that can be copied out."""
    chosen = language_of(language)
    words = WORDS[chosen]
    body = "\n".join(paragraph(row, chosen) for row in rows)
    return (
        f'<!doctype html>\n<html lang="{chosen}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{words.page}</title></head><body>\n'
        f"<h1>{words.page}</h1>\n{body}\n</body></html>\n"
    )


def paragraph(row: Mapping[str, Any], language: str = "en") -> str:
    """The attribution of one picture as an HTML paragraph with links to the work, and to the licence as `rel=license`."""
    chosen = language_of(language)
    words = WORDS[chosen]
    title = row.get("title")
    cited = _link(f"<cite>{html.escape(str(title))}</cite>", row.get("page_url")) if title else None
    parts = [_composed_work(row, words, cited, html.escape(str(row["creator"])) if row.get("creator") else None)]
    if origin := _origin(row):
        shown = html.escape(origin)
        parts.append(words.source.format(shown if title else _link(shown, row.get("page_url"))))
    if licence := _licence(row, chosen):
        parts.append(words.licence.format(_link(html.escape(licence), row.get("licence_uri"), ' rel="license"')))
    if credit := _own_credit(row):
        parts.append(words.credit.format(html.escape(credit)))
    if row.get("scaled"):
        parts.append(words.scaled)
    return f'<p id="sha256-{html.escape(str(row["sha256"]))}">{". ".join(parts)}.</p>'


def as_json_ld(rows: Iterable[Mapping[str, Any]], language: str = "en") -> str:
    """One schema.org ImageObject a picture; safe to put into a `script` element as it is."""
    document = {"@context": "https://schema.org", "@graph": [image_object(row, language) for row in rows]}
    return json.dumps(document, ensure_ascii=False, indent=2).replace("<", "\\u003c") + "\n"


def image_object(row: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
    """The picture in the words of schema.org; properties of which nothing is known are absent."""
    chosen = language_of(language)
    licence = _licence(row, chosen)
    origin = _origin(row)
    work = {
        "name": row.get("title"),
        "creator": {"name": row["creator"]} if row.get("creator") else None,
        "dateCreated": row.get("creation_date"),
        "sourceOrganization": {"@type": "Organization", "name": origin} if row.get("institution") else None,
        "url": _web(row.get("page_url")),
        "contentUrl": _web(row.get("image_url")),
        "license": _web(row.get("licence_uri")),
        "acquireLicensePage": _web(row.get("page_url")),
    }
    found: dict[str, Any] = {"@type": "ImageObject", "identifier": row["sha256"], "sha256": row["sha256"]}
    if row.get("modified"):
        own = ("license", "acquireLicensePage")
        found |= {name: work[name] for name in own}
        found["isBasedOn"] = _present({"@type": "ImageObject", "identifier": row.get("parent"), **work})
    else:
        found |= work
    found["creditText"] = line(row, chosen)
    found["copyrightNotice"] = _notice(row, licence)
    return _present(found)


def _work(row: Mapping[str, Any], words: Words) -> str:
    title = words.titled.format(row["title"]) if row.get("title") else None
    return _composed_work(row, words, title, row.get("creator") or None)


def _composed_work(row: Mapping[str, Any], words: Words, title: str | None, creator: str | None) -> str:
    """What it is and who made it, as far as that is known; of a variation, what it was made from."""
    if title and creator:
        said = words.by.format(title, creator)
    elif creator:
        said = words.picture_by.format(creator)
    else:
        said = title or words.picture.format(str(row.get("parent") or row["sha256"])[:12])
    return words.variation.format(said) if row.get("modified") else said


def _origin(row: Mapping[str, Any]) -> str | None:
    """Who holds the work: the institution, else the name of the source."""
    return row.get("institution") or row.get("source") or None


def _licence(row: Mapping[str, Any], language: str) -> str | None:
    family = row.get("family")
    return licence_title(family, row.get("version"), row.get("jurisdiction"), language) if family else row.get("licence")


def _own_credit(row: Mapping[str, Any]) -> str | None:
    """The credit line in the words of the source or of an archivist; one that fototeca composed says nothing new."""
    return None if row.get("credit_is_composed") else row.get("credit_line") or None


def _notice(row: Mapping[str, Any], licence: str | None) -> str | None:
    """Who is named under which licence; nobody is said to hold a copyright that nobody claims."""
    named = None if row.get("family") in FREE_OF_COPYRIGHT else row.get("creator")
    return ", ".join(filter(None, [named, licence])) or None


def _with_address(text: str, address: str | None) -> str:
    return f"{text}, {address}" if _is_web(address) else text


def _link(shown: str, address: str | None, more: str = "") -> str:
    return f'<a href="{html.escape(str(address), quote=True)}"{more}>{shown}</a>' if _is_web(address) else shown


def _web(address: str | None) -> str | None:
    return address if _is_web(address) else None


def _is_web(address: str | None) -> bool:
    return bool(address) and str(address).casefold().startswith(("http://", "https://"))


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    if text.isprintable() and text[:1] not in ("=", "+", "-", "@", " "):  # most are: no line ends in it, nothing to run
        return text
    flat = " ".join(text.splitlines())
    return f"'{flat}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else flat
