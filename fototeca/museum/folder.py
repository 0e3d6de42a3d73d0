"""Writes a small archive's folder of drawn pictures with a Portuguese licence sheet, some of whose rows are wrong on purpose."""

import csv
import io
from pathlib import Path

from fototeca.museum.drawing import Scene, caption, draw

COLUMNS = ("ficheiro", "titulo", "autor", "licenca", "conceito", "legenda")
AUTHOR = "Ateliê Coxilha (demo do fototeca)"
SIDE_PX = 512

_Row = tuple[str, str, str, Scene, str | None]  # file, title, licence, scene, concept

PICTURES: tuple[_Row, ...] = (
    (
        "cuia-de-prata.jpg", "Cuia de chimarrão com bocal de prata", "CC BY 4.0",
        Scene(subject="gourd", light="day", horizon=0.69, seed=7001, style="special"), "chimarrão",
    ),
    (
        "araucaria-da-serra.jpg", "Araucária da serra", "CC BY-SA 4.0",
        Scene(subject="araucaria", light="day", horizon=0.55, seed=7002), "araucária",
    ),
    (
        "araucaria-ao-luar.png", "Araucária ao luar", "CC0 1.0",
        Scene(subject="araucaria", light="night", horizon=0.7, seed=7003), "araucária",
    ),
    (
        "campo-aberto.jpg", "Campo aberto ao entardecer", "CC BY 4.0",
        Scene(subject="landscape", light="dusk", horizon=0.35, seed=7004), "pampas",
    ),
    (
        "rancho-de-barro.jpg", "Rancho de barro", "Todos os direitos reservados",
        Scene(subject="hut", light="day", horizon=0.5, seed=7005), None,
    ),
)  # fmt: skip
WITHOUT_ROW = ("sem-ficha.jpg", Scene(subject="hut", light="dusk", horizon=0.7, seed=7006))
WITHOUT_FILE = ("perdida.jpg", "Fotografia perdida", AUTHOR, "CC BY 4.0", "araucária", "an araucaria on the pampas by day")


def write_folder(path: Path) -> None:
    """Writes six pictures and `sheet.csv` (semicolons, UTF-8 with BOM) into a folder, which is made if need be.

    The sheet has a row for each picture but one, a row whose file is missing, and a row that stands there twice.
    The bytes are the same at each call.
    """
    path.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    for file, title, licence, scene, concept in PICTURES:
        _write_picture(path / file, scene)
        rows.append((file, title, AUTHOR, licence, concept or "", caption(scene)))
    _write_picture(path / WITHOUT_ROW[0], WITHOUT_ROW[1])
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([COLUMNS, *rows, WITHOUT_FILE, rows[1]])
    (path / "sheet.csv").write_bytes(text.getvalue().encode("utf-8-sig"))


def _write_picture(path: Path, scene: Scene) -> None:
    picture = draw(scene, SIDE_PX, SIDE_PX)
    if path.suffix == ".png":
        picture.save(path, "PNG", optimize=False)
    else:
        picture.save(path, "JPEG", quality=92)
