"""Names of licences in words: whole-value aliases, countries of the ports, and phrases in other languages."""

from collections.abc import Mapping
from types import MappingProxyType

ASSERTED = ("pd-assertion",)
"""Raised for every name of the public domain but the Public Domain Mark itself."""

Alias = tuple[str, str | None, tuple[str, ...]]

_TABLE: tuple[tuple[str, str | None, tuple[str, ...], str], ...] = (
    (
        "pdm",
        None,
        ASSERTED,
        "public domain|pd|cc pd|cc pddc|cc pddc 1.0|publicdomain|pdm owner|pdmark owner",
    ),
    (
        "pdm",
        None,
        ASSERTED,
        "creative commons public domain dedication and certification",
    ),
    ("pdm", None, ASSERTED, "gemeinfrei|domaine public|dominio público|domínio público|pubblico dominio|dominio pubblico"),
    ("pdm", None, ASSERTED, "publiek domein|domini públic|domena publiczna|общественное достояние|パブリックドメイン"),
    ("pdm", None, (*ASSERTED, "us-only"), "us government work|us government works|u.s. government work|u.s. government works"),
    ("pdm", None, (*ASSERTED, "us-only"), "united states government work|united states government works|us gov work"),
    ("pdm", None, (*ASSERTED, "us-only"), "work of the united states government|usgov|u.s. federal government work"),
    ("attribution", None, (), "attribution|attribution only license|attribution only licence|attribution only"),
    ("free-use", None, (), "copyrighted free use|copyrightedfreeuse"),
    ("nonfree", None, (), "fair use|fairuse|fair dealing|unfree|non free|nonfree|not free"),
    ("nkcr", None, (), "no restrictions|flickr commons|no known copyright restriction|no known restrictions"),
    ("arr", None, (), "all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados"),
    ("arr", None, (), "todos os direitos reservados|tutti i diritti riservati|alle rechten voorbehouden"),
    ("arr", None, (), "alla rättigheter förbehållna|wszelkie prawa zastrzeżone|tots els drets reservats|все права защищены"),
    ("arr", None, (), "copyright|copyright all rights reserved|copyrighted|copyrighted all rights reserved|©|(c)"),
    ("inc", None, (), "in copyright"),
    ("inc-ow-eu", None, (), "in copyright eu orphan work|inc eu ow"),
    ("inc-edu", None, (), "in copyright educational use permitted"),
    ("inc-nc", None, (), "in copyright non commercial use permitted|in copyright noncommercial use permitted"),
    ("inc-ruu", None, (), "in copyright rights holder(s) unlocatable or unidentifiable"),
    ("inc-ruu", None, (), "in copyright rights holders unlocatable or unidentifiable"),
    ("inc-ruu", None, (), "in copyright rightsholder(s) unlocatable or unidentifiable"),
    ("noc-cr", None, (), "no copyright contractual restrictions"),
    ("noc-nc", None, (), "no copyright non commercial use only|no copyright noncommercial use only"),
    ("noc-nc", "1.0", (), "noc nc 1.0"),
    ("noc-oklr", None, (), "no copyright other known legal restrictions"),
    ("noc-us", None, (), "no copyright united states|no copyright in the united states"),
    ("cne", None, (), "copyright not evaluated"),
    ("und", None, (), "copyright undetermined"),
    ("nkc", None, (), "no known copyright"),
    ("mit", None, (), "mit|mit license|mit licence|the mit license|mit license (mit)|the mit license (mit)|expat|expat license"),
    ("mit", None, (), "x11|x11 license|isc|isc license|bsd|bsd license|bsd 2 clause|bsd 3 clause|mit 0"),
    ("unlicense", None, (), "unlicense|the unlicense|unlicense license"),
    (
        "wtfpl",
        None,
        (),
        "wtfpl|wtfpl 2.0|wtfpl 2|do what the fuck you want to public license|do what the fuck you want to public licence",
    ),
    ("ogl", "2.0", (), "ogl canada 2.0|open government licence canada 2.0|open government licence 2.0 canada"),
    ("ogl", None, (), "ogl canada|open government licence canada|open government license canada"),
    (
        "kogl-1",
        None,
        (),
        "kogl 1|kogl type 1|kogl type1|kogl1|공공누리 제1유형|공공누리 1유형|korea open government license type 1",
    ),
    ("kogl-1", None, (), "korean open government license type 1|korea open government licence type 1"),
    ("ogdl-tw", "1.0", (), "ogdl taiwan 1.0|open government data license version 1.0|政府資料開放授權條款 第1版"),
    ("ogdl-tw", None, (), "ogdl taiwan|ogdl tw|open government data license taiwan|政府資料開放授權條款"),
    ("sampling", "1.0", (), "sampling 1.0|cc sampling 1.0|creative commons sampling 1.0"),
    ("sampling", None, (), "cc sampling|creative commons sampling"),
    (
        "sampling+",
        "1.0",
        (),
        "sampling+ 1.0|cc sampling+ 1.0|sampling plus 1.0|cc sampling plus 1.0|creative commons sampling plus 1.0",
    ),
    ("sampling+", None, (), "sampling+|cc sampling+|cc sampling plus|sampling plus|creative commons sampling plus"),
    ("nc-sampling+", "1.0", (), "nc sampling+ 1.0|cc nc sampling+ 1.0|noncommercial sampling plus 1.0|cc nc sampling plus 1.0"),
    ("nc-sampling+", None, (), "nc sampling+|cc nc sampling+|noncommercial sampling plus|cc nc sampling plus"),
    ("devnations", "2.0", (), "devnations 2.0|cc devnations 2.0|developing nations 2.0|developing nations license 2.0"),
    ("devnations", None, (), "devnations|cc devnations|developing nations|developing nations license"),
    ("cc0", "1.0", (), "cc0 1 0"),
)

ALIASES: Mapping[str, Alias] = MappingProxyType(
    {name: (family, version, flags) for family, version, flags, names in _TABLE for name in names.split("|")}
)
"""Whole values, folded, with runs of space, hyphen, slash, comma and colon made one space."""

ALIAS_URIS: Mapping[str, str] = MappingProxyType(
    {
        name: "https://open.canada.ca/en/open-government-licence-canada/"
        for family, _, _, names in _TABLE
        for name in names.split("|")
        if family == "ogl" and "canada" in name
    }
)
"""Addresses of aliases that are not at their family's own address."""

REFUSED_NAMES = frozenset(("usage conditions apply", "noncommercial government licence"))
"""Names that say that there are conditions, not which: unknown."""

_PLACES = """
am armenia|au australia|at austria,österreich|az azerbaijan|ca canada|ch switzerland,schweiz,suisse|cl chile|cr costa rica
cz czech republic,czechia|de germany,deutschland|ec ecuador|ee estonia,eesti|eg egypt|es spain,españa|fr france|ge georgia
gr greece|gt guatemala|hk hong kong|hr croatia|ie ireland|igo igo,intergovernmental organization,intergovernmental organizations
it italy,italia|lu luxembourg|nl netherlands,the netherlands,nederland|no norway,norge|nz new zealand,aotearoa new zealand
ph philippines|pl poland,polska|pr puerto rico|pt portugal|ro romania|sg singapore|th thailand|ug uganda
us united states,united states of america,usa|ve venezuela|vn vietnam|za south africa|ar argentina|bg bulgaria|co colombia
dk denmark,danmark|hu hungary|il israel|in india|mk macedonia,north macedonia|mt malta|mx mexico,méxico|my malaysia|pe peru,perú
scotland uk: scotland,uk scotland|se sweden,sverige|si slovenia|jp japan|be belgium|kr korea,south korea|fi finland,suomi
uk united kingdom,england and wales,england & wales,uk: england & wales,uk: england and wales,uk england & wales
br brazil,brasil|cn china,mainland china,china mainland|rs serbia|tw taiwan
"""

COUNTRIES: Mapping[str, str] = MappingProxyType(
    {
        name.strip(): entry.split(" ", 1)[0]
        for line in _PLACES.strip().splitlines()
        for entry in line.strip().split("|")
        for name in entry.split(" ", 1)[1].split(",")
    }
)
"""Country or organisation, folded, to the port's code."""

TITLE_WORDS = frozenset(
    [
        "attribution",
        "namensnennung",
        "attribuzione",
        "atribución",
        "atribuição",
        "atribucion",
        "reconocimiento",
        "reconeixement",
        "erkännande",
        "naamsvermelding",
        "uznanie",
        "navngivelse",
        "navngivnelse",
        "nimeä",
        "nimeäminen",
        "paternité",
        "attribució",
        "nevezd",
        "imenovanje",
        "priznanje",
        "podmínka",
        "uveďte",
        "atıf",
        "αναφορά",
        "атрибуция",
        "із",
        "зазначенням",
        "атрибуція",
        "表示",
        "署名",
        "姓名標示",
        "저작자표시",
        "קרדיט",
        "نسب",
        "creative",
        "cc",
        "cc0",
        "dedication",
        "dedicação",
        "dedicación",
        "universal",
    ]
)
"""First words of licence titles in other languages: before a bracketed code they are a title, not running text."""

RESERVED_WORDS = (
    r"all rights (?:are )?reserved|alle rechte vorbehalten|tous (?:les )?droits r[ée]serv[ée]s|todos los derechos reservados|"
    r"todos os direitos reservados|tutti i diritti riservati|alle rechten voorbehouden|alla r[äa]ttigheter f[öo]rbeh[åa]llna|"
    r"wszelkie prawa zastrze[żz]one|tots els drets reservats|все права защищены"
)
"""A pattern for "all rights reserved", over folded text."""

PUBLIC_DOMAIN_WORDS = (
    r"public[ -]domain|domaine public|dominio p[úu]blico|dom[íi]nio p[úu]blico|(?:pubblico dominio|dominio pubblico)|"
    r"gemeinfrei(?:heit)?|publiek domein|domini p[úu]blic"
)
"""A pattern for "public domain", over folded text; used to hear denials, never to grant."""
