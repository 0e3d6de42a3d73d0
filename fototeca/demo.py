"""The whole flow on a small museum of its own: what `fototeca demo` does, step by step, and the page it ends with."""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base import locks
from base.errors import UsageError
from base.files import write_json, write_text
from fototeca.desk import Desk
from fototeca.words import augment_words, curation_words, export_words, harvest_words, training_words

MARKER = "demo.json"  # a folder with this file is a demo, and may be worked in again
SCARCE = "chimarrão"
CONFIGURATION = Path(__file__).parent / "museum" / "workspace"
MODEL = Path(__file__).parent / "museum" / "model"
PROMPTS = (
    "a sks gourd on the pampas at dusk, low horizon",
    "a sks gourd on the pampas by day, middle horizon",
    "a gourd on the pampas by day, middle horizon",
)
PICTURES_A_PROMPT = 4
STEPS_OF_THE_DEMO = 8


@dataclass(kw_only=True)
class Telling:
    """What the demo says while it works, and how long each step took."""

    desk: Desk
    started: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step and time it."""
        began = time.monotonic()
        self.say(f"\n{len(self.seconds) + 1}/{STEPS_OF_THE_DEMO}  {title}")
        yield
        self.seconds[title] = round(time.monotonic() - began, 1)

    def say(self, words: str) -> None:
        """Print, unless JSON was asked for."""
        if not self.desk.json:
            print(words, flush=True)


def run_demo(desk: Desk) -> None:
    """Harvest, curate, augment, export, train and draw, in `desk.workspace`; a second run finds nothing left to do.

    Raises:
        UsageError: the folder holds something that is not a demo.
        BusyError: another demo works in the same folder.
    """
    from fototeca.museum.server import open_museum

    known = claim_folder(desk.workspace)
    with locks.held(desk.workspace / "demo.lock", "`fototeca demo` in this folder"):
        telling = Telling(desk=desk)
        telling.say(f"fototeca demo, in {desk.workspace}")
        with open_museum(port=known.get("port", 0)) as museum:
            write_json(desk.workspace / MARKER, {"what": "a demo of fototeca: safe to delete", "port": museum.port})
            done = _harvest(telling, museum)
        done |= _curate_and_augment(telling)
        done |= _export_and_train(telling)
        done |= _draw(telling, anew=not done["finetune"].already_done)
        page = _summary(telling, done)
        write_text(desk.workspace / "SUMMARY.txt", page + "\n")
        desk.answer({**done, "seconds": telling.seconds, "summary": desk.workspace / "SUMMARY.txt"}, page)


def claim_folder(folder: Path) -> dict[str, Any]:
    """Make the folder a demo's, or recognise it as one; returns what its marker says.

    Raises:
        UsageError: it holds something else.
    """
    marker = folder / MARKER
    if marker.exists():
        return dict(json.loads(marker.read_text(encoding="utf-8")))
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something that is not a demo: name an empty folder, `fototeca demo --workspace DIR`.")
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(CONFIGURATION.glob("*.toml")):
        shutil.copyfile(source, folder / source.name)
    write_json(marker, {"what": "a demo of fototeca: safe to delete"})
    return {}


def _harvest(telling: Telling, museum: Any) -> dict[str, Any]:
    from fototeca.museum.folder import write_folder
    from harvest.crawl import harvest_folder, harvest_iiif

    desk = telling.desk
    with telling.step("Harvest a museum (IIIF, over HTTP on this machine)"):
        iiif = harvest_iiif(
            desk.workspace,
            [museum.collection_url],
            allow_hosts=(museum.host,),
            progress=desk.progress,
        )
        telling.say(harvest_words(iiif))
    with telling.step("Add a folder with a sheet"):
        archive = desk.workspace / "atelier"
        if not archive.exists():
            write_folder(archive)
        folder = harvest_folder(desk.workspace, archive, archive / "sheet.csv", progress=desk.progress)
        telling.say(harvest_words(folder))
    return {"harvest_iiif": iiif, "harvest_folder": folder}


def _curate_and_augment(telling: Telling) -> dict[str, Any]:
    from augment.recipe import read
    from augment.vary import augment
    from curate.curate import curate

    desk = telling.desk
    with telling.step("Curate: measure, find copies, judge, draw the splits"):
        first = curate(desk.workspace, progress=desk.progress)
        telling.say(curation_words(first))
    with telling.step("Augment what is scarce, with a Stable Diffusion pipeline over our own tiny model"):
        made = augment(desk.workspace, read("demo", {"model": str(MODEL)}), progress=desk.progress)
        telling.say(augment_words(made, plan_only=False))
    with telling.step("Curate again: the variations pass the same criteria"):
        second = curate(desk.workspace, progress=desk.progress)
        telling.say(curation_words(second))
    return {"curate": first, "augment": made, "curate_again": second}


def _export_and_train(telling: Telling) -> dict[str, Any]:
    from export.shards import ExportSettings, export
    from fototeca.make import run_training

    desk = telling.desk
    with telling.step("Export WebDataset shards with credits"):
        exported = export(desk.workspace, desk.workspace / "shards", ExportSettings(), progress=desk.progress)
        telling.say(export_words(exported))
    with telling.step("Teach the model (DreamBooth, LoRA) from the shards"):
        trained = run_training(desk, "demo", desk.workspace / "shards", desk.workspace / "runs" / "demo")
        telling.say(training_words(trained))
    return {"export": exported, "finetune": trained}


def _draw(telling: Telling, *, anew: bool) -> dict[str, Any]:
    from export.contact_sheet import draw_contact_sheet
    from export.gallery import write_gallery
    from finetune.grid import before_after

    desk = telling.desk
    with telling.step("Draw: before and after, on the same seeds; and a gallery"):
        grid = desk.workspace / "grid.png"
        if anew or not grid.exists():
            before_after(
                desk.workspace / "runs" / "demo",
                PROMPTS,
                out=grid,
                count=PICTURES_A_PROMPT,
                seed=0,
                progress=desk.progress,
            )
        write_gallery(desk.workspace, desk.workspace / "gallery", progress=desk.progress)
        draw_contact_sheet(desk.workspace, desk.workspace / "gallery", desk.workspace / "gallery" / "contact-sheet.png")
        telling.say(f"{grid}\n{desk.workspace / 'gallery' / 'index.html'}")
    return {"grid": grid, "gallery": desk.workspace / "gallery" / "index.html"}


def _summary(telling: Telling, done: Mapping[str, Any]) -> str:
    from fototeca.summary import summary_page

    return summary_page(telling.desk.workspace, done, telling.seconds)
