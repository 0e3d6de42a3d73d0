"""What people call each licence in English, Portuguese and Spanish, for credits that are read by people."""

from collections.abc import Mapping
from types import MappingProxyType

LANGUAGES = ("en", "pt", "es")


def licence_title(family: str, version: str | None, jurisdiction: str | None, language: str) -> str | None:
    """The licence as people write it; None where nothing is known of it, so that nothing is claimed."""
    if family == "unknown":
        return None
    port = jurisdiction.upper() if jurisdiction else None
    if family in _CREATIVE_COMMONS:
        return " ".join(filter(None, ["CC", family.upper(), version, port]))
    if family == "cc0":
        return " ".join(filter(None, ["CC0", version]))
    names = NAMES.get(family)
    if names is None:
        return " ".join(filter(None, [family, version]))
    name = names[LANGUAGES.index(language)]
    return " ".join(filter(None, [name, version if family in _VERSIONED else None]))


_CREATIVE_COMMONS = frozenset(
    ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "sa", "nc", "nd", "nc-sa", "nd-nc")
)  # fmt: skip
_VERSIONED = frozenset(
    ("pddl", "dl-de-zero", "ogl", "etalab", "nlod", "dl-de-by", "odc-by", "ogdl-tw", "fal", "odbl", "gfdl", "sampling",
     "sampling+", "nc-sampling+", "devnations")
)  # fmt: skip

NAMES: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "pddl": (
        "Public Domain Dedication and License", "Public Domain Dedication and License",
        "Public Domain Dedication and License",
    ),
    "dl-de-zero": (
        "Datenlizenz Deutschland – Zero", "Datenlizenz Deutschland – Zero", "Datenlizenz Deutschland – Zero",
    ),
    "unlicense": ("The Unlicense", "The Unlicense", "The Unlicense"),
    "wtfpl": ("WTFPL", "WTFPL", "WTFPL"),
    "pdm": ("Public domain", "Domínio público", "Dominio público"),
    "free-use": (
        "In copyright, free for any use", "Protegido por direito autoral, uso livre",
        "Protegido por derechos de autor, uso libre",
    ),
    "ogl": ("Open Government Licence", "Open Government Licence", "Open Government Licence"),
    "etalab": ("Licence Ouverte / Open Licence", "Licence Ouverte / Open Licence", "Licence Ouverte / Open Licence"),
    "nlod": ("Norwegian Licence for Open Government Data", "Licença norueguesa de dados públicos abertos (NLOD)",
             "Licencia noruega de datos públicos abiertos (NLOD)"),
    "dl-de-by": (
        "Datenlizenz Deutschland – Namensnennung", "Datenlizenz Deutschland – Namensnennung",
        "Datenlizenz Deutschland – Namensnennung",
    ),
    "odc-by": (
        "Open Data Commons Attribution License", "Open Data Commons Attribution License", "Open Data Commons Attribution License",
    ),
    "kogl-1": ("Korea Open Government License, type 1", "Licença pública aberta da Coreia, tipo 1",
               "Licencia pública abierta de Corea, tipo 1"),
    "ogdl-tw": ("Open Government Data License, Taiwan", "Licença de dados públicos abertos, Taiwan",
                "Licencia de datos públicos abiertos, Taiwán"),
    "attribution": ("Any use with attribution", "Qualquer uso com atribuição", "Cualquier uso con atribución"),
    "mit": ("MIT License", "Licença MIT", "Licencia MIT"),
    "fal": ("Free Art License", "Licença Arte Livre", "Licencia Arte Libre"),
    "odbl": ("Open Database License", "Open Database License", "Open Database License"),
    "gfdl": ("GNU Free Documentation License", "Licença de Documentação Livre GNU", "Licencia de documentación libre de GNU"),
    "noc-nc": (
        "No copyright, non-commercial use only", "Sem direito autoral, apenas usos não comerciais",
        "Sin derechos de autor, solo usos no comerciales",
    ),
    "nkcr": (
        "No known copyright restrictions", "Sem restrições de direito autoral conhecidas",
        "Sin restricciones de derechos de autor conocidas",
    ),
    "nkc": ("No known copyright", "Sem direito autoral conhecido", "Sin derechos de autor conocidos"),
    "noc-us": (
        "No copyright in the United States", "Sem direito autoral nos Estados Unidos",
        "Sin derechos de autor en los Estados Unidos",
    ),
    "sampling": ("CC Sampling", "CC Sampling", "CC Sampling"),
    "sampling+": ("CC Sampling Plus", "CC Sampling Plus", "CC Sampling Plus"),
    "nc-sampling+": ("CC NonCommercial Sampling Plus", "CC NonCommercial Sampling Plus", "CC NonCommercial Sampling Plus"),
    "devnations": ("CC Developing Nations", "CC Developing Nations", "CC Developing Nations"),
    "noc-oklr": (
        "No copyright, other known legal restrictions", "Sem direito autoral, com outras restrições legais conhecidas",
        "Sin derechos de autor, con otras restricciones legales conocidas",
    ),
    "noc-cr": (
        "No copyright, contractual restrictions", "Sem direito autoral, com restrições contratuais",
        "Sin derechos de autor, con restricciones contractuales",
    ),
    "inc-edu": (
        "In copyright, educational use permitted", "Protegido por direito autoral, uso educativo permitido",
        "Protegido por derechos de autor, uso educativo permitido",
    ),
    "inc-nc": (
        "In copyright, non-commercial use permitted", "Protegido por direito autoral, uso não comercial permitido",
        "Protegido por derechos de autor, uso no comercial permitido",
    ),
    "inc": ("In copyright", "Protegido por direito autoral", "Protegido por derechos de autor"),
    "inc-ow-eu": (
        "In copyright, orphan work in the European Union", "Protegido por direito autoral, obra órfã na União Europeia",
        "Protegido por derechos de autor, obra huérfana en la Unión Europea",
    ),
    "inc-ruu": (
        "In copyright, holder cannot be found", "Protegido por direito autoral, titular não localizado",
        "Protegido por derechos de autor, titular no localizable",
    ),
    "cne": ("Copyright not evaluated", "Direito autoral não avaliado", "Derechos de autor no evaluados"),
    "und": ("Copyright undetermined", "Direito autoral não determinado", "Derechos de autor sin determinar"),
    "arr": ("All rights reserved", "Todos os direitos reservados", "Todos los derechos reservados"),
    "nonfree": ("Not free", "Não livre", "No libre"),
})  # fmt: skip
"""English, Portuguese, Spanish. Proper names of licences that have no official translation stay as they are."""
