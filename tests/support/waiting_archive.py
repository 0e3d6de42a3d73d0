"""Pictures that wait for a person, as a curation would have left them; no curation is run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from curated_archive import Archive, empty_catalogue, encoded
from PIL import Image

from catalog import db, runs
from catalog.records import Candidate, Decision
from catalog.records import Image as HeldImage
from catalog.rights import read_rights


def empty_archive(folder: Path) -> Archive:
    """A workspace whose catalogue is there already: to make one takes most of a second, to copy it nothing."""
    folder.mkdir(parents=True)
    db.catalogue_path(folder).write_bytes(empty_catalogue())
    return Archive(folder)


def let_wait(archive: Archive, subjects: Sequence[str], *, criterion: str = "blurred", **fields: Any) -> None:
    """Write a verdict of `criterion` on each subject; `fields` replace those of the row."""
    common: dict[str, Any] = {
        "criterion": criterion, "version": "test", "verdict": "review", "reason": f"{criterion}: a person must look.",
        "evidence": {"sharpness": 3.5}, "who": "criteria", **fields,
    }  # fmt: skip
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add_all("decisions", [Decision(subject=subject, **common) for subject in subjects])


def beside(archive: Archive, names: Mapping[str, str], *, best: str, verdict: str = "review", **evidence: Any) -> None:
    """Let each of these items (sha256 by subject) be a near-duplicate of the item `best`."""
    sha256 = archive.rows("SELECT sha256 FROM records WHERE subject = $best", {"best": best})[0]["sha256"]
    said = {"correlation": 0.987, "distance_bits": 2, "orientation": "upright", **evidence}
    said |= {"same_as": best, "same_as_sha256": sha256}
    let_wait(archive, list(names), criterion="near_duplicate", verdict=verdict, evidence=said)


def add_many(archive: Archive, number: int) -> None:
    """State so many tiny pictures, all different, in one harvest."""
    chance = np.random.default_rng(7)
    rights = read_rights("CC BY 4.0")
    images, candidates = [], []
    for at, pixels in enumerate(chance.integers(0, 255, (number, 12, 12, 3), dtype=np.uint8)):
        data = encoded(Image.fromarray(pixels))
        sha256 = archive.store.put(data)
        name = f"many/{at:04d}.png"
        common = {"source": "folder:test", "source_id": name, "title": name, "rights": rights, "outcome": "stored"}
        candidates.append(Candidate(sha256=sha256, **common))  # type: ignore[arg-type]  # the fields are spelled out above
        images.append(HeldImage(sha256=sha256, origin="harvested", format="PNG", width_px=12, height_px=12, size_bytes=len(data)))
    archive.store.sync()
    with runs.begin(archive.folder, "harvest", {}) as run:
        run.add_all("images", images)
        run.add_all("candidates", candidates)


def subjects_of(archive: Archive) -> dict[str, str]:
    """Subject by file name."""
    return {row["source_id"]: row["subject"] for row in archive.rows("SELECT source_id, subject FROM harvested_records")}
