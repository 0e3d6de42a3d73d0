"""A small folder of pictures drawn in code with a sheet: enough for every stage, a copy and a refusal among them."""

import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

CONCEPT = "quadro"
PICTURES = 8


def picture(number: int, width_px: int = 320, height_px: int = 260) -> Image.Image:
    """A picture of soft shapes with a photograph's grain, unlike those of other numbers."""
    chance = random.Random(number)
    drawn = Image.new("RGB", (width_px, height_px), tuple(chance.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(drawn)
    for _ in range(14):
        left, top = chance.randrange(width_px), chance.randrange(height_px)
        size = chance.randrange(30, 120)
        pen.ellipse((left, top, left + size, top + size), fill=tuple(chance.randrange(256) for _ in range(3)))
    grain = Image.frombytes("L", drawn.size, chance.randbytes(width_px * height_px)).convert("RGB")
    return Image.blend(drawn.filter(ImageFilter.GaussianBlur(2)), grain, 0.04)


def save_collection(folder: Path) -> None:
    """Eight pictures under CC BY, one smaller copy, one too small, one broken, one without a licence; and `sheet.csv`."""
    folder.mkdir(parents=True)
    lines = ["file,title,creator,licence,concept,caption"]
    for number in range(PICTURES):
        picture(number).save(folder / f"{number}.jpg", quality=92)
        lines.append(f"{number}.jpg,Quadro {number},Maria,CC BY 4.0,{CONCEPT},a painting of shapes number {number}")
    picture(0).resize((290, 236)).save(folder / "copy.jpg", quality=80)
    picture(90, 60, 50).save(folder / "small.png")
    (folder / "broken.jpg").write_bytes((folder / "1.jpg").read_bytes()[:3000])
    picture(91).save(folder / "secret.png")
    lines += [
        f"copy.jpg,Quadro 0 again,Maria,CC BY 4.0,{CONCEPT},",
        "small.png,Small,Maria,CC BY 4.0,,",
        "broken.jpg,Broken,Maria,CC BY 4.0,,",
        "secret.png,Secret,Maria,All rights reserved,,",
    ]
    (folder / "sheet.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
