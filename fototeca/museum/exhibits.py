"""The drawn pictures of the museum: scene, size, licence and title of each. Chosen so that no two look alike to a hash."""

from dataclasses import dataclass

from fototeca.museum.drawing import Scene

CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
PDM = "http://creativecommons.org/publicdomain/mark/1.0/"
BY = "http://creativecommons.org/licenses/by/4.0/"
BY_SA = "http://creativecommons.org/licenses/by-sa/4.0/"
BY_ND = "http://creativecommons.org/licenses/by-nd/4.0/"
IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"

CONCEPT_OF = {"araucaria": "araucária", "gourd": "chimarrão", "landscape": "pampas", "hut": None}
_LIGHT_PT = {"day": "de dia", "dusk": "ao entardecer", "night": "à noite"}
_TITLE_PT = {"araucaria": "Araucária", "gourd": "Cuia de chimarrão", "landscape": "Campo do pampa", "hut": "Rancho"}


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A drawn picture: what it shows, how large it is, and under which licence it is offered."""

    name: str
    scene: Scene
    width_px: int
    height_px: int
    rights: str

    @property
    def title(self) -> str:
        """A Portuguese title that names the subject and the light: `Araucária ao entardecer`."""
        return f"{_TITLE_PT[self.scene.subject]} {_LIGHT_PT[self.scene.light]}"


def _exhibits(prefix: str, subject: str, rows: list[tuple[str, float, int, int, int, str]], style: str) -> list[Exhibit]:
    return [
        Exhibit(
            name=f"{prefix}-{number:02d}",
            scene=Scene(subject=subject, light=light, horizon=horizon, seed=seed, style=style),
            width_px=width_px,
            height_px=height_px,
            rights=rights,
        )
        for number, (light, horizon, seed, width_px, height_px, rights) in enumerate(rows, start=1)
    ]


# light, horizon as a fraction from the top, seed, width and height in px, licence
ARAUCARIAS = _exhibits("araucaria", "araucaria", [
    ("day", 0.37, 2000, 600, 600, BY),
    ("dusk", 0.5, 2100, 560, 680, CC0),
    ("night", 0.7, 2200, 640, 600, PDM),
    ("day", 0.57, 2300, 600, 640, BY_SA),
    ("dusk", 0.75, 2400, 600, 600, BY),
    ("night", 0.38, 2500, 560, 680, CC0),
    ("day", 0.7, 2600, 640, 600, BY_ND),
    ("dusk", 0.35, 2700, 600, 640, BY_SA),
    ("night", 0.54, 2800, 600, 600, BY),
    ("day", 0.31, 2900, 560, 680, CC0),
    ("dusk", 0.53, 3000, 640, 600, PDM),
    ("night", 0.69, 3100, 600, 640, BY_SA),
    ("day", 0.56, 3200, 600, 600, BY),
    ("dusk", 0.67, 3300, 560, 680, CC0),
], "plain")  # fmt: skip

LANDSCAPES = _exhibits("pampas", "landscape", [
    ("day", 0.37, 3000, 720, 540, BY_SA),
    ("dusk", 0.56, 3100, 640, 640, BY),
    ("night", 0.68, 3200, 680, 520, CC0),
    ("day", 0.56, 3300, 600, 600, PDM),
    ("dusk", 0.75, 3400, 720, 540, BY_SA),
    ("night", 0.3, 3500, 640, 640, BY),
    ("day", 0.73, 3600, 680, 520, CC0),
    ("dusk", 0.3, 3700, 600, 600, PDM),
    ("night", 0.53, 3800, 720, 540, BY_SA),
    ("day", 0.34, 3900, 640, 640, BY),
    ("dusk", 0.5, 4000, 680, 520, CC0),
    ("night", 0.74, 4101, 600, 600, PDM),
], "plain")  # fmt: skip

GOURDS = _exhibits("chimarrao", "gourd", [
    ("day", 0.38, 1000, 600, 600, CC0),
    ("dusk", 0.55, 1100, 640, 600, PDM),
    ("day", 0.71, 1200, 560, 600, BY_SA),
    ("dusk", 0.51, 1300, 640, 640, BY),
    ("night", 0.67, 1400, 600, 600, CC0),
    ("day", 0.34, 1500, 640, 600, PDM),
    ("dusk", 0.7, 1600, 560, 600, BY_SA),
    ("day", 0.3, 1701, 640, 640, BY),
    ("dusk", 0.57, 1800, 600, 600, CC0),
], "special")  # fmt: skip
