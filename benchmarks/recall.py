"""Which changed copies of photographs are found, confirmed and set aside, and which pairs of different pictures are.

Run: python benchmarks/recall.py [--out benchmarks/results/recall.json]
Of each photograph of ../shared/data/photos a copy is made in each way; originals and copies of one way go through `curate`
(measures, pairs, near_duplicate) in a workspace of their own. Proposed: their hashes lie within reach; confirmed: within the
threshold, and the second measure agrees; set aside: near_duplicate excludes one of the two (mirror images: review). The same
for every pair of different photographs, which must all stay 0 in the last column; and for drawn index cards, where only the
handwriting differs and which are no copies of each other.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / "curate").is_dir():
    sys.path.insert(0, str(ROOT))

SETTINGS = "[criteria.too_small]\nmin_side_px = 1\n"
REQUIRED = 0.98
CARDS = 60

Change = Callable[[Image.Image], tuple[Image.Image, dict[str, Any]]]


def _resized(picture: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    return picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.LANCZOS), {}


def _cropped(share: float) -> Change:
    def crop(picture: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
        across, down = round(picture.width * share), round(picture.height * share)
        return picture.crop((across, down, picture.width - across, picture.height - down)), {}

    return crop


def _bordered(share: float, colour: str) -> Change:
    return lambda picture: (ImageOps.expand(picture, round(max(picture.size) * share), colour), {})


def _with_strip(picture: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """A strip of grey steps and colour patches under the picture, an eighth of its height."""
    strip = Image.new("RGB", (picture.width, picture.height // 8), "black")
    draw, side = ImageDraw.Draw(strip), picture.width / 14
    colours = ["#fff", "#ccc", "#999", "#666", "#333", "#111", "#07f", "#0a4", "#d22", "#fd0", "#d2c", "#0ad"]
    for at, colour in enumerate(colours):
        draw.rectangle(((at + 1) * side, strip.height * 0.2, (at + 2) * side - 2, strip.height * 0.8), fill=colour)
    whole = Image.new("RGB", (picture.width, picture.height + strip.height))
    whole.paste(picture, (0, 0))
    whole.paste(strip, (0, picture.height))
    return whole, {}


CHANGES: Mapping[str, Change] = {
    "re-encoded, quality 20": lambda picture: (picture, {"quality": 20}),
    "quarter size": _resized,
    "brightness × 1.4": lambda picture: (picture.point([min(255, round(level * 1.4)) for level in range(256)] * 3), {}),
    "cropped by 2 % a side": _cropped(0.02),
    "cropped by 5 % a side": _cropped(0.05),
    "white border of 3 %": _bordered(0.03, "white"),
    "black border of 5 %": _bordered(0.05, "black"),
    "mirrored": lambda picture: (ImageOps.mirror(picture), {}),
    "turned by 90°": lambda picture: (picture.transpose(Image.Transpose.ROTATE_90), {}),
    "colour-target strip": _with_strip,
}
MUST_BE_FOUND = (
    "re-encoded, quality 20", "quarter size", "white border of 3 %", "black border of 5 %", "mirrored", "turned by 90°",
)  # fmt: skip


def main() -> None:
    """Make the copies, curate, print the table, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "photos")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    files = sorted(given.photos.rglob("*.jpg"))
    if not files:
        sys.exit(f"{given.photos}: no photographs there; name their folder with --photos.")
    originals = {f"{path.parent.name}/{path.stem}": path.read_bytes() for path in files}
    rows = [measured(name, originals, change) for name, change in CHANGES.items()]
    rows.append(templates())
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    failed = [row["change"] for row in rows if row["change"] in MUST_BE_FOUND and row["set_aside"] < REQUIRED]
    failed += [row["change"] for row in rows if row["different_set_aside"]]
    if given.out:
        from base.files import write_json
        from curate.confirm import VERIFIED_BY
        from pixels.hashes import PHASH_VERSION

        command = f"python benchmarks/recall.py --out {given.out}"
        target = f"{', '.join(MUST_BE_FOUND)}: at least {REQUIRED}; different_set_aside: 0"
        machine = {"photographs": len(files), "hash": PHASH_VERSION, "second_measure": VERIFIED_BY, "target": target}
        write_json(given.out, {"machine": machine | {"command": command}, "rows": rows, "failed": failed})
    if failed:
        sys.exit(f"below the target: {', '.join(failed)}")


def measured(name: str, originals: Mapping[str, bytes], change: Change) -> dict[str, Any]:
    """One row of the table: shares of the copies made in this way, and numbers of pairs of different pictures."""
    files = dict(originals)
    for original, data in originals.items():
        with Image.open(io.BytesIO(data)) as opened:
            picture, options = change(ImageOps.exif_transpose(opened).convert("RGB"))
        files[f"{original} copy"] = encoded(picture, **{"quality": 90, **options})
    found = curated(files)
    same = [pair for pair in found if _subject(pair["a_name"]) == _subject(pair["b_name"])]
    others = [pair for pair in found if _subject(pair["a_name"]) != _subject(pair["b_name"])]
    count = len(originals)
    return {
        "change": name,
        "proposed": round(len(same) / count, 3),
        "confirmed": round(sum(pair["confirmed"] for pair in same) / count, 3),
        "set_aside": round(sum(pair["set_aside"] for pair in same) / count, 3),
        **_different(others, 2 * count * (count - 1)),
    }


def templates() -> dict[str, Any]:
    """The row of drawn index cards: one ruled form, different handwriting; there are no copies among them."""
    found = curated({f"card {number}": encoded(card(number), quality=90) for number in range(CARDS)})
    return {"change": "index cards, none a copy", **_different(found, CARDS * (CARDS - 1) // 2)}


def _different(pairs: Sequence[Mapping[str, Any]], possible: int) -> dict[str, Any]:
    return {
        "different_pairs": possible,
        "different_proposed": len(pairs),
        "different_confirmed": sum(pair["confirmed"] for pair in pairs),
        "different_set_aside": sum(pair["set_aside"] for pair in pairs),
    }


def card(number: int) -> Image.Image:
    """A ruled index card with lines of strokes that stand for handwriting."""
    chance = np.random.default_rng(number)
    picture = Image.new("RGB", (600, 400), (236, 228, 205))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((12, 12, 588, 388), outline=(120, 60, 50), width=3)
    for line in range(70, 390, 32):
        draw.line((12, line, 588, line), fill=(150, 160, 190), width=2)
    for line in range(int(chance.integers(3, 10))):
        left, base = 30, 64 + line * 32
        while left < chance.integers(200, 570):
            width = int(chance.integers(4, 14))
            draw.line((left, base, left + width, base - int(chance.integers(6, 22))), fill=(40, 40, 70), width=3)
            left += width + int(chance.integers(1, 12))
    return picture


def encoded(picture: Image.Image, **options: Any) -> bytes:
    """A JPEG of it."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


PAIRS = """
SELECT
  one.source_id AS a_name,
  other.source_id AS b_name,
  pair.distance <= 8 AND pair.verified >= $min_correlation AS confirmed,
  coalesce(one_said.same_as = other.candidate_id OR other_said.same_as = one.candidate_id, FALSE) AS set_aside,
  pair.distance,
  pair.verified
FROM pairs AS pair
JOIN current_candidates AS one ON one.sha256 = pair.a
JOIN current_candidates AS other ON other.sha256 = pair.b
LEFT JOIN said AS one_said ON one_said.subject = one.candidate_id
LEFT JOIN said AS other_said ON other_said.subject = other.candidate_id
WHERE pair.kind = 'phash'
"""
SAID = "SELECT subject, evidence ->> '$.same_as' AS same_as FROM current_decisions WHERE criterion = 'near_duplicate'"


def curated(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Every proposed pair of these files after a curation, with both names, whether confirmed and whether set aside."""
    from catalog import db, runs
    from catalog.records import Candidate
    from catalog.records import Image as HeldImage
    from catalog.rights import read_rights
    from catalog.store import Store
    from curate.criteria.near_duplicate import PARAMS
    from curate.curate import curate
    from pixels.decode import header

    rights = read_rights("CC BY 4.0")
    with tempfile.TemporaryDirectory(prefix="fototeca-recall-") as name:
        workspace = Path(name)
        (workspace / "curation.toml").write_text(SETTINGS, encoding="utf-8")
        store = Store(workspace)
        with runs.begin(workspace, "harvest", {}) as run:
            for file, data in files.items():
                sha256, head = store.put(data), header(data)
                assert head is not None
                size = {"width_px": head.width_px, "height_px": head.height_px, "size_bytes": len(data)}
                run.add("images", HeldImage(sha256=sha256, origin="harvested", format=head.format, **size))
                outcome = {"source": "folder:recall", "source_id": file, "title": file, "outcome": "stored"}
                run.add("candidates", Candidate(**outcome, rights=rights, sha256=sha256))
            store.sync()
        curate(workspace)
        return db.rows(workspace, f"WITH said AS ({SAID}) {PAIRS}", {"min_correlation": PARAMS.min_correlation})


def _subject(name: str) -> str:
    return name.removesuffix(" copy")


if __name__ == "__main__":
    main()
