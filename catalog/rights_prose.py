"""Reads running text: exactly one licence named in full may be believed, a denial never; credit lines are no licence."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from catalog.licence_names import COUNTRIES, PUBLIC_DOMAIN_WORDS, RESERVED_WORDS
from catalog.licence_patterns import PART
from catalog.licence_versions import KNOWN_PORTS
from catalog.records import Rights
from catalog.rights_address import looks_like_address, read_address, read_badge
from catalog.rights_build import build, unknown
from catalog.rights_combine import combine_and, permissions
from catalog.rights_name import read_name
from catalog.rights_text import MARK, Clean

LONGEST = 50_000
"""Characters; a longer text is not read at all, since a denial might stand in the part left out."""

_LETTERS = r"(?:BY|NC|ND|SA)"
_CODE = re.compile(
    rf"(?<![\w./-])(?P<code>(?:Bild-)?(?P<cc>CC|Creative Commons)[\s/-]+{_LETTERS}(?:[\s/-]+{_LETTERS})*)(?![\w+])"
    r"(?P<version>[\s/,-]*(?:v\.?\s?|version\s)?[0-9]+(?:\.[0-9]+)*(?:[,-][0-9]\.[0-9])*\+?(?!\w|\.[0-9]))?"
    r"(?:(?P<join>[\s/-])(?!cc\b|by\b)(?P<port>igo|scotland|[a-z]{2})(?![\w'-]))?(?![/-]\w)",
    re.IGNORECASE,
)
_COUNTRY = "|".join(sorted((re.escape(name) for name in COUNTRIES), key=len, reverse=True))
_TITLE = re.compile(
    rf"(?<!\w)(?:(?:creative commons|cc)[\s,:-]+)?{PART}(?:[\s,/+&-]+{PART})*(?:[\s,-]+(?:public )?licen[sc]e)?"
    rf"(?:[\s,-]+(?:v\.?|version )?[0-9]\.[0-9](?![\w]))?(?:\s+(?:international|unported|generic|{_COUNTRY})(?!\w))?",
    re.IGNORECASE,
)
_ZERO = re.compile(
    r"(?<![\w./-])(?:CC[\s-]?(?:0|Zero)|Creative Commons Zero)(?!\w|\.[0-9])(?:[\s-]+v?[0-9]\.[0-9](?!\w))?", re.IGNORECASE
)
_MARK = re.compile(r"(?<!\w)Public Domain Mark(?:\s+[0-9]\.[0-9])?(?!\w)", re.IGNORECASE)
_NAMED = re.compile(
    r"(?<![\w-])(?:GNU Free Documentation Licen[sc]e(?:,?\s+version\s+1\.[0-9])?|GFDL(?:[\s-]1\.[0-9])?|"
    r"(?:UK )?Open Government Licen[sc]e(?:\s+v?(?:ersion )?[0-9](?:\.[0-9])?)?|OGL[\s-]?(?:UK-)?v?[0-9](?:\.[0-9])?|"
    r"Free Art Licen[sc]e(?:\s+1\.[0-9])?|Licence Art Libre(?:\s+1\.[0-9])?|ODbL(?:[\s-]1\.0)?|Open Database Licen[sc]e|"
    r"Licence Ouverte(?:\s+v?(?:ersion )?[0-9](?:\.[0-9])?)?|dl-de/(?:by|zero)-[0-9]-[0-9])(?!\w|[\s.-]*[0-9])",
    re.IGNORECASE,
)
_RESERVED = re.compile(rf"(?<!\w)(?:{RESERVED_WORDS})(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_BEFORE, _AFTER = "\"'()[]{}<>,;|", "\"'()[]{}<>,;|.:!*"
_WEB = re.compile(r"https?://|(?<![:\w])//", re.IGNORECASE)
_AFTER_BARE = re.compile(r"\s*(?:$|[.,;:)\]|]|licen[sc]e)", re.IGNORECASE)
_NEG = (
    r"(?:\b(?:not|cannot|never|neither|no longer|without|nicht|niet|inte|ikke|não|nao|nie|pas|no est[aá]|no es|non [eè])\b"
    r"|n't\b|\bn[o']t\b|\bno (?:more )?(?=(?:cc|creative)\b)|\bkeine[rnms]?\b|\bnon(?=[\s-]))"
)
_DENIED = re.compile(rf"{_NEG}(?:[\s\"'-]+[^\s.,;:!?()]+){{0,4}}?[\s\"'(-]+(?:{MARK}|{PUBLIC_DOMAIN_WORDS})")
_DENIED_PD = re.compile(rf"{_NEG}(?:[\s\"'-]+[^\s.,;:!?(){MARK}]+){{0,4}}?[\s\"'(-]+(?:{PUBLIC_DOMAIN_WORDS})")
_NOT_UNDER = re.compile(
    r"(?:\b(?:not|no longer|never|cannot be|nicht(?: mehr)?|pas|plus|niet|no)\b|n't\b)"
    r"(?:\s+(?:been|be|being|currently|est[aá]))?"
    r"(?:\s+(?:licen[sc]ed|released|published|available|offered|distributed|covered|shared|lizenziert|verfügbar))?"
    r"\s+(?:under|unter|sous|bajo|sob|sotto|onder)\b"
    r"|\b(?:not|no longer|never|nicht|isn't) (?:openly |freely )?(?:licen[sc]ed|lizenziert)\b"
)
_VOID = re.compile(
    rf"{MARK}(?:\s+[\w-]+){{0,3}}?\s+(?:does|do|did|is|are|was|has|have|gilt|no|may|can)\s*(?:not|n't|longer|no longer|nicht)"
    r"\s*(?:been\s+)?(?:appl\w+|valid|grant\w*|cover\w*|extend\w*|mehr|available|in force|licen\w+|$|[.,;!])"
    rf"|{MARK}(?:\s+[\w-]+){{0,3}}?\s+(?:has been |was |is )?(?:withdrawn|revoked|removed|expired)\b"
)
_STRICTER = re.compile(
    r"\bnon-?\s?commercial(?:ly)?\b|\bno commercial\b|\bnot for commercial\b|"
    r"\b(?:personal|educational|private|research) use only\b|"
    r"\bno derivatives?\b|\bno modifications?\b"
)
_SIGN = re.compile(r"(?:©|\(c\)|copyright(?=[\s:]|$)|copr\.)", re.IGNORECASE)
_HALVES = re.compile(r"\s*[/|]\s*")
_LABEL = re.compile(
    r"(?:(?:image |media |photo )?(?:licen[sc]e|licen[cç][ai]a?|lizenz|licenza|licentie|rights|copyright|usage|rechte|derechos|"
    r"direitos|diritti|droits)(?:\s+(?:status|terms|statement|type|info))?|usage terms)\s*[:=]\s*(?P<rest>.+)",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:(?:photo(?:graph(?:ed)?)?|image|picture|pictures|scan|foto|fotografie|bild|imagen|imagem|text)\s*(?:by|von|par|por|di|av|:|credit)"
    r"|(?:image |photo |picture )?(?:provided|supplied|contributed|digiti[sz]ed|made available|uploaded|"
    r"published|created|taken|held|owned)\s+by\b"
    r"|(?:image |photo |picture |by )?courtesy\b|(?:image |photo )?credits?\b|with (?:kind )?(?:permission|thanks)|"
    r"source\b|gift of|bequest of"
    r"|from the collections? of|collections? of|by permission of|mit freundlicher|avec l'aimable|cortes[ií]a|cortesia)",
    re.IGNORECASE,
)
_INSTITUTION = re.compile(
    r"\b(?:museum|museo|museu|musée|musei|library|libraries|archives?|archivo|arquivo|archiv|archivio|arxiu|bibliothek|bibliothèque|"
    r"biblioteca|bibliotheek|collections?|gallery|galerie|galeria|galleria|institut\w*|university|universi\w+|trust|society|foundation|"
    r"fundaci\w+|rijksmuseum|fototeca|nationalmuseum|observatory|academy|college)\b",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"\b(?:licen[sc]\w+|rights?|terms|conditions?|restrict\w+|permission|copyright\w*|use|usage)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Scan:
    """What a text names, and the text, folded, with `MARK` wherever a licence was named."""

    named: tuple[Rights, ...]
    marked: str


def read_prose(value: Clean) -> Rights:
    """The one licence named, with flag prose; strictest with conflict if several; else unknown (or arr) and why."""
    text = value.text
    if len(value.prose) > LONGEST:
        return unknown()
    halves = _read_halves(text)
    if halves:
        return halves
    scan = _scan(value)
    if _DENIED.search(scan.marked) or _NOT_UNDER.search(scan.marked) or _VOID.search(scan.marked):
        return unknown("prose-negation", evidence=text[:200])
    notice = is_copyright_notice(text)
    if scan.named:
        rights = combine_and(scan.named)
        flags = {*rights.flags, "prose"}
        if permissions(rights).commercial and _STRICTER.search(scan.marked):
            flags |= {"conflict", "refuse"}
        confidence = rights.confidence if rights.confidence == "none" else "prose"
        credit = text if notice else None
        return replace(rights, flags=tuple(sorted(flags)), confidence=confidence, credit_line=credit, evidence=text[:200])
    labelled = _LABEL.fullmatch(text)
    if labelled:
        rights_or_none = read_name(labelled["rest"])
        if rights_or_none:
            return replace(rights_or_none, flags=tuple(sorted({*rights_or_none.flags, "prose"})), evidence=text[:200])
    if notice:
        return replace(build("arr", confidence="prose"), credit_line=text, evidence=text[:200])
    if is_credit(text):
        return replace(unknown("credit-only"), credit_line=text)
    return unknown()


def denies(value: Clean) -> str | None:
    """What the text denies: "public domain", "licence" (also when both), or None."""
    scan = _scan(value)
    without_pd = _DENIED_PD.sub(" ", scan.marked)
    if _DENIED.search(without_pd) or _NOT_UNDER.search(without_pd) or _VOID.search(without_pd):
        return "licence"
    return "public domain" if _DENIED_PD.search(scan.marked) else None


def is_copyright_notice(text: str) -> bool:
    """True for "© …", "(c) …" and "Copyright …"."""
    return bool(_SIGN.match(text))


def is_credit(text: str) -> bool:
    """True when the text only says whom to thank: a credit formula, or the short name of an institution."""
    if len(text) > 300:
        return False
    if _CREDIT.match(text):
        return True
    return len(text.split()) <= 10 and bool(_INSTITUTION.search(text)) and not _NO_CREDIT.search(text)


def _read_halves(text: str) -> Rights | None:
    """ "Copyright <institution> / CC BY": the licence half decides, the other is the credit line."""
    if not is_copyright_notice(text):
        return None
    for cut in _HALVES.finditer(text):
        credit, statement = text[: cut.start()].strip(), text[cut.end() :].strip()
        if statement.casefold() in ("orphan work", "orphan works"):
            return replace(build("arr"), credit_line=credit)
        rights = read_address(statement) if looks_like_address(statement) else read_name(statement)
        if rights is not None and rights.family != "unknown":
            reserved = _RESERVED.search(credit) and "refuse" not in rights.flags
            return None if reserved else replace(rights, credit_line=credit)
    return None


def _scan(value: Clean) -> _Scan:
    named: list[Rights] = []

    def take(rights: Rights | None) -> bool:
        if rights is None or (rights.family == "unknown" and "impossible-version" not in rights.flags):
            return False
        named.append(rights)
        return True

    def reader(read: Callable[[re.Match[str]], tuple[Rights | None, str]]) -> Callable[[re.Match[str]], str]:
        def swap(match: re.Match[str]) -> str:
            rights, left = read(match)
            return f" {MARK} {left}" if take(rights) else match[0]

        return swap

    badges = [badge for badge in map(read_badge, value.images) if badge is not None]
    text = _WORD.sub(lambda match: _address_in(match[0], take, badges), value.prose)
    if badges and value.text:
        named.extend(badges)
        whole = read_name(value.text)
        if whole is not None:
            take(whole)
    text = _ZERO.sub(reader(lambda match: (read_name(match[0]), "")), text)
    text = _CODE.sub(reader(_code_in), text)
    text = _NAMED.sub(reader(lambda match: (read_name(match[0]), "")), text)
    text = _MARK.sub(reader(lambda match: (read_name(match[0]), "")), text)
    text = _TITLE.sub(reader(_title_in), text)
    text = _RESERVED.sub(reader(lambda match: (build("arr", confidence="prose"), "")), text)
    return _Scan(tuple(named), text.casefold())


def _address_in(word: str, take: Callable[[Rights | None], bool], badges: list[Rights]) -> str:
    """The mark for a licence's address, a blank for any other, the word itself when it is none."""
    web = _WEB.search(word)
    lead = word[: web.start()] if web else ""
    inner = word[len(lead) :].lstrip(_BEFORE).rstrip(_AFTER)
    if "/" not in inner or not looks_like_address(inner):
        return word
    badge = read_badge(inner)
    if badge is not None:
        badges.append(badge)
        return f"{lead} "
    return f"{lead} {MARK} " if take(read_address(inner)) else f"{lead} "


def _code_in(match: re.Match[str]) -> tuple[Rights | None, str]:
    """A code inside text. Without version it must look like a code: "CC by Jane" names no licence."""
    code, version, port = match["code"], match["version"] or "", match["port"]
    after = match.string[match.end() :]
    left = ""
    if port:
        joined = "-" in match["join"] or "/" in match["join"] or port.isupper() or not after.strip() or after[0] in ").],;"
        if not version or not joined or (port.casefold() not in KNOWN_PORTS and not port.isupper()):
            left, port, after = f"{match['join']}{match['port']}", None, f"{match['join']}{match['port']}"
    letters = code[match.start("cc") - match.start("code") + len(match["cc"]) :]
    if not version and not ((letters.upper() == letters or "-" in code) and _AFTER_BARE.match(after)):
        return None, ""
    rights = read_name(f"{code}{version}{f' {port}' if port else ''}")
    return rights, left


def _title_in(match: re.Match[str]) -> tuple[Rights | None, str]:
    """A title inside text counts only in full: with "Creative Commons" in front, or with a version."""
    title = match[0].strip()
    if (
        title.casefold().startswith("cc ")
        or title.casefold().startswith("creative commons")
        or any(sign.isdigit() for sign in title)
    ):
        return read_name(title), ""
    return None, ""
