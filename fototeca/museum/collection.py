"""What hangs in the museum: real photographs from scikit-image, drawn pictures of the pampas, and traps for a harvester."""

import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Literal

from PIL import Image

from base.errors import UsageError
from fototeca.museum.drawing import Scene, caption, draw
from fototeca.museum.exhibits import (
    ARAUCARIAS,
    BY,
    BY_SA,
    CC0,
    CONCEPT_OF,
    GOURDS,
    IN_COPYRIGHT,
    LANDSCAPES,
    PDM,
    Exhibit,
)

Trap = Literal[
    "no_rights",
    "all_rights_reserved",
    "noai_header",
    "robots_disallowed",
    "near_duplicate",
    "same_bytes",
    "too_small",
    "truncated",
    "html_as_image",
    "not_found",
]
JPEG_QUALITY = 92


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing on show.

    Attributes:
        id: Its name in addresses, for example `araucaria-03`.
        title: In Portuguese for drawn pictures, in English for photographs.
        creator: Who made it, as a credit would say.
        date: When it was made, or None where that is not known.
        rights: A licence's or rights statement's address, or None.
        statement: What must be shown with it (IIIF's requiredStatement), or None.
        caption: What is to be seen, in the language of `language`.
        language: A language code.
        concepts: Names of what it shows: chimarrão, araucária, pampas.
        content: Gives the bytes that are served; equal at each call. Status 404 is served where it gives None.
        media_type: What the server calls those bytes, truly or not.
        width_px: As the manifest says.
        height_px: As the manifest says.
        headers: Sent with the picture.
        private: Whether it lies under the folder that robots.txt closes.
        trap: What is wrong with it, or None.
    """

    id: str
    title: str
    creator: str
    date: str | None
    rights: str | None
    statement: str | None = None
    caption: str
    language: str = "en"
    concepts: tuple[str, ...] = ()
    content: Callable[[], bytes | None] = field(repr=False)
    media_type: str = "image/jpeg"
    width_px: int
    height_px: int
    headers: tuple[tuple[str, str], ...] = ()
    private: bool = False
    trap: Trap | None = None


@dataclass(frozen=True)
class _Photograph:
    name: str
    file: str
    title: str
    creator: str
    date: str | None
    rights: str
    caption: str
    width_px: int
    height_px: int


# Creator and terms as the docstrings of scikit-image 0.26's skimage/data/_fetchers.py give them (read 2026-11-21). CC0 where
# they name it; the Public Domain Mark where they say that the picture was released into the public domain.
_PHOTOGRAPHS = (
    _Photograph("camera", "camera.png", "Camera", "Lav Varshney", None, CC0, "a man with a film camera on a tripod", 512, 512),
    _Photograph(
        "chelsea", "chelsea.png", "Chelsea the cat", "Stefan van der Walt", None, CC0, "the face of a tabby cat", 451, 300
    ),
    _Photograph(
        "coffee", "coffee.png", "Coffee cup", "Rachel Michetti", None, CC0, "a cup of coffee on a wooden table", 600, 400
    ),
    _Photograph("retina", "retina.jpg", "Human retina", "Mikael Häggström", "2014", CC0, "the back of a human eye", 1411, 1411),
    _Photograph("grass", "grass.png", "Grass", "linolafett", None, CC0, "blades of grass seen from above", 512, 512),
    _Photograph("astronaut", "astronaut.png", "Eileen Collins", "NASA", None, PDM, "an astronaut in an orange suit", 512, 512),
    _Photograph(
        "rocket", "rocket.jpg", "Launch of DSCOVR on Falcon 9", "SpaceX", "2015", PDM, "a rocket leaves its launch pad", 640, 427
    ),
    _Photograph(
        "hubble", "hubble_deep_field.jpg", "Hubble eXtreme Deep Field", "NASA", "2012", PDM, "galaxies in deep space", 1000, 872
    ),
    _Photograph(
        "clock", "clock_motion.png", "Moving clock", "Stefan van der Walt", None, PDM, "a wall clock blurred by motion", 400, 300
    ),
)


def items() -> list[Item]:
    """Gives everything on show, photographs first, traps last, always in the same order.

    Raises:
        UsageError: scikit-image, whose photographs hang here, is not installed.
    """
    return [*_photographs(), *(_drawn(exhibit) for exhibit in (*GOURDS, *ARAUCARIAS, *LANDSCAPES)), *_traps()]


def photograph_folder() -> Path:
    """Finds the folder of scikit-image's own pictures without importing the package.

    Raises:
        UsageError: it is not installed; the message says how to install it.
    """
    found = importlib.util.find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        raise UsageError(
            "The demo's photographs come with scikit-image, which is not installed: run `uv run --all-extras fototeca demo`, "
            "or install fototeca[demo]."
        )
    return Path(found.submodule_search_locations[0]) / "data"


def _photographs() -> list[Item]:
    folder = photograph_folder()
    return [
        Item(
            id=f"photograph-{photograph.name}",
            title=photograph.title,
            creator=photograph.creator,
            date=photograph.date,
            rights=photograph.rights,
            statement=f"{photograph.creator}, through scikit-image",
            caption=photograph.caption,
            content=(folder / photograph.file).read_bytes,
            media_type="image/png" if photograph.file.endswith(".png") else "image/jpeg",
            width_px=photograph.width_px,
            height_px=photograph.height_px,
        )
        for photograph in _PHOTOGRAPHS
    ]


@cache
def jpeg(scene: Scene, width_px: int, height_px: int, quality: int = JPEG_QUALITY, shrink_to_px: int | None = None) -> bytes:
    """Draws a scene as a JPEG file, made smaller afterwards when `shrink_to_px`, its new width, is given."""
    picture = draw(scene, width_px, height_px)
    if shrink_to_px is not None:
        picture = picture.resize((shrink_to_px, round(height_px * shrink_to_px / width_px)), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()


def _drawn(exhibit: Exhibit) -> Item:
    scene = exhibit.scene
    concept = CONCEPT_OF[scene.subject]
    return Item(
        id=exhibit.name,
        title=exhibit.title,
        creator="fototeca demo",
        date="2026",
        rights=exhibit.rights,
        statement=f"fototeca demo, drawn in code, seed {scene.seed}",
        caption=caption(scene),
        concepts=(concept,) if concept else (),
        content=partial(jpeg, scene, exhibit.width_px, exhibit.height_px),
        width_px=exhibit.width_px,
        height_px=exhibit.height_px,
    )


def _trap(
    name: str,
    trap: Trap,
    title: str,
    scene: Scene,
    *,
    rights: str | None = BY,
    statement: str | None = "fototeca demo, drawn in code",
    side_px: tuple[int, int] = (560, 560),
    content: Callable[[], bytes | None] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    private: bool = False,
) -> Item:
    concept = CONCEPT_OF[scene.subject]
    return Item(
        id=name,
        title=title,
        creator="fototeca demo",
        date="2026",
        rights=rights,
        statement=statement,
        caption=caption(scene),
        concepts=(concept,) if concept else (),
        content=content or partial(jpeg, scene, *side_px),
        width_px=side_px[0],
        height_px=side_px[1],
        headers=headers,
        private=private,
        trap=trap,
    )


def _traps() -> list[Item]:
    tree, field_, gourd = ARAUCARIAS[0], LANDSCAPES[1], GOURDS[0]
    page = b"<!doctype html><html><head><title>Please wait</title></head><body>Checking your browser.</body></html>"
    small = round(tree.width_px * 0.6)

    def scene(subject: str, light: str, horizon: float, seed: int) -> Scene:
        return Scene(subject=subject, light=light, horizon=horizon, seed=seed)

    def cut() -> bytes:
        whole = jpeg(scene("araucaria", "day", 0.52, 9108), 560, 560)
        return whole[: len(whole) * 2 // 5]

    return [
        _trap("unlabelled-hut", "no_rights", "Rancho sem licença", scene("hut", "day", 0.5, 9101), rights=None, statement=None),
        _trap(
            "unlabelled-araucaria", "no_rights", "Araucária sem licença", scene("araucaria", "dusk", 0.7, 9102),
            rights=None, statement=None,
        ),
        _trap(
            "reserved-hut", "all_rights_reserved", "Rancho, todos os direitos reservados", scene("hut", "dusk", 0.68, 9103),
            rights=None, statement="© 2026 Estúdio Coxilha. All rights reserved.",
        ),
        _trap(
            "reserved-gourd", "all_rights_reserved", "Cuia de chimarrão em direito de autor", scene("gourd", "day", 0.36, 9104),
            rights=IN_COPYRIGHT, statement="All rights reserved",
        ),
        _trap(
            "noai-hut", "noai_header", "Rancho à noite", scene("hut", "night", 0.5, 9105),
            headers=(("X-Robots-Tag", "noai, noimageai"),),
        ),
        _trap(
            "private-araucaria", "robots_disallowed", "Araucária do arquivo fechado", scene("araucaria", "day", 0.7, 9106),
            rights=CC0, private=True,
        ),
        _trap(
            "araucaria-again", "near_duplicate", f"{tree.title}, cópia menor", tree.scene, rights=tree.rights,
            side_px=(small, round(tree.height_px * small / tree.width_px)),
            content=partial(jpeg, tree.scene, tree.width_px, tree.height_px, 70, small),
        ),
        _trap(
            "pampas-again", "same_bytes", f"{field_.title}, segundo registo", field_.scene, rights=field_.rights,
            side_px=(field_.width_px, field_.height_px),
        ),
        _trap("chimarrao-thumb", "too_small", f"{gourd.title}, miniatura", scene("gourd", "dusk", 0.5, 9107), side_px=(90, 70)),
        _trap("torn-araucaria", "truncated", "Araucária, ficheiro cortado", scene("araucaria", "day", 0.52, 9108), content=cut),
        _trap(
            "page-for-picture", "html_as_image", "Campo atrás de uma página", scene("landscape", "day", 0.5, 9109),
            content=lambda: page, rights=BY_SA,
        ),
        _trap(
            "missing-gourd", "not_found", "Cuia de chimarrão desaparecida", scene("gourd", "night", 0.5, 9110),
            content=lambda: None, rights=CC0,
        ),
    ]  # fmt: skip
