"""The corpus through the real harvest and the real curation, in a process of its own whose memory and time are noted."""

import csv
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bombs import encoded
from curated_archive import drawn
from hostile_images import Hostile, corpus, ending_of

from catalog.records import Measure
from curate import measure
from curate.curate import curate
from curate.measure import Ask
from harvest.local import harvest_folder

ODD_NAMES = (
    "two\nlines.jpg",
    "a" * 240 + ".jpg",
    "-rf.jpg",
    "'; DROP TABLE images; --.jpg",
    "%s%n{0}$(reboot)`.jpg",
    '"quoted", comma; semicolon.jpg',
    "\U0001f5bc\ufe0f pampa açaí ñandú.jpg",
    "e\u0301 in two signs.jpg",
    "dots...jpg",
    "<b>bold<b>&amp;.jpg",
    "CON.jpg",
    "=1+1.jpg",
)
UNSAYABLE = ("tab\tand\rreturn.jpg", "right\u202egpj.exe.jpg", " spaces at both ends .jpg")
"""Names that no sheet can say, for its cells are cleaned: the row finds no file, and the file has no row, hence no licence."""

NO_FILES = {
    "link out of the folder.jpg": "is a link that leaves the folder",
    "link to itself.jpg": "cannot be looked up",
    "link to nothing.jpg": "does not exist",
    "pipe.jpg": "is no ordinary file",
    "a folder.jpg": "is a folder",
    "../outside.jpg": "leaves the folder",
}


def place_of(number: int, name: str) -> str:
    """The file in which an entry of the corpus lies."""
    return f"{number:03} {name}.{ending_of(name)}"


def write_folder(folder: Path, entries: dict[str, Hostile]) -> None:
    """The corpus as files, then names and places that are traps themselves, and a sheet that speaks for all of them."""
    folder.mkdir(parents=True)
    rows = []
    for number, (name, hostile) in enumerate(entries.items()):
        (folder / place_of(number, name)).write_bytes(hostile.data)
        rows.append(place_of(number, name))
    for number, name in enumerate([*ODD_NAMES, *UNSAYABLE]):
        (folder / name).write_bytes(encoded(drawn(800 + number), "JPEG"))
        rows.append(name)
    outside = folder.parent / "outside.jpg"
    outside.write_bytes(encoded(drawn(830), "JPEG"))
    (folder / "link out of the folder.jpg").symlink_to(outside)
    (folder / "link to itself.jpg").symlink_to(folder / "link to itself.jpg")
    (folder / "link to nothing.jpg").symlink_to(folder / "gone.jpg")
    (folder / "folder of links").mkdir()
    (folder / "folder of links" / "up").symlink_to(folder)
    (folder / "a folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    with (folder / "sheet.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "licence", "title"])
        writer.writerows([name, "CC0", f"Picture {number}"] for number, name in enumerate([*rows, *NO_FILES]))


def peak_kb() -> int:
    """The most memory that this process has held, in kB. Linux: `ru_maxrss` would count what its parent held, too."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))


def measure_and_note(batch: Sequence[Ask]) -> list[tuple[str, list[Measure]]]:
    """The real measuring of a batch, picture by picture, with seconds and the process's peak of memory written down."""
    answers = []
    with open(os.environ["HOSTILE_NOTES"], "a", encoding="utf-8") as notes:
        for ask in batch:
            begun = time.monotonic()
            answers += measure_batch([ask])
            line = {"sha256": ask[0], "seconds": time.monotonic() - begun, "peak_kb": peak_kb(), "process": os.getpid()}
            notes.write(json.dumps(line) + "\n")
    return answers


measure_batch = measure.measure_batch


def main(folder: Path, workspace: Path) -> None:
    """Harvest, curate, and print what the test wants to know."""
    write_folder(folder, corpus())
    begun = time.monotonic()
    harvested = harvest_folder(workspace, folder, folder / "sheet.csv", collection="hostile")
    harvest_s = time.monotonic() - begun
    harvest_peak_kb = peak_kb()
    measure.measure_batch = measure_and_note
    report = curate(workspace)
    said = {
        "outcomes": harvested.outcomes, "harvest_s": harvest_s, "harvest_peak_kb": harvest_peak_kb, "measured": report.measured,
        "problems": [dict(one) for one in report.problems], "seconds": time.monotonic() - begun,
    }  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
