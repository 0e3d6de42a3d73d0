"""SIGKILL at each kill point of a harvest, then the same harvest again: the same content as undisturbed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from small_catalogue import content

from catalog.store import Store
from harvest.crawl import harvest_folder, harvest_iiif

ROOT = Path(__file__).resolve().parents[2]
FOLDER = """
import sys
from pathlib import Path
from harvest.crawl import harvest_folder
harvest_folder(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[2]) / "sheet.csv", collection="atelier")
"""
IIIF = """
import sys
from pathlib import Path
from harvest.crawl import harvest_iiif
harvest_iiif(Path(sys.argv[1]), [sys.argv[2]], allow_hosts=["127.0.0.1"])
"""
POINTS = [
    "store.before_group_sync",
    "store.before_rename",
    "store.after_rename",
    "spool.mid_line",
    "spool.mid_line:4",
    "spool.after_line:2",
    "spool.after_line:4",
    "spool.after_line:5",
    "pour.before",
    "pour.inside",
    "pour.after",
]
"""The spool's lines are one source, two images, three candidates."""


def killed(code: str, workspace: Path, what: str, point: str) -> int:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "FOTOTECA_KILL_AT": point}
    command = [sys.executable, "-c", code, str(workspace), what]
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=60, check=False).returncode


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures, one of them without a cleared licence, and their sheet in the folder."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(drawn(number))
    (folder / "sheet.csv").write_text("file,licence\n0.jpg,CC0\n1.jpg,CC BY 4.0\n2.jpg,\n")
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """The workspace of a harvest that nothing disturbed."""
    workspace = tmp_path_factory.mktemp("undisturbed")
    harvest_folder(workspace, pictures, pictures / "sheet.csv", collection="atelier")
    return workspace


@pytest.mark.parametrize("point", POINTS)
def test_a_folder_harvest_killed_anywhere_ends_with_the_same_content(
    workspace: Path, undisturbed: Path, pictures: Path, point: str
) -> None:
    assert killed(FOLDER, workspace, str(pictures), point) == -9
    harvest_folder(workspace, pictures, pictures / "sheet.csv", collection="atelier")
    assert content(workspace) == content(undisturbed)
    assert Store(workspace).names() == Store(undisturbed).names()
    assert not list((workspace / "store" / "incoming").glob("*"))


def test_a_web_harvest_killed_before_it_is_poured_asks_for_no_picture_again(workspace: Path, loopback: Loopback) -> None:
    urls = [loopback.page(f"/k/{number}.jpg", drawn(number)) for number in range(4)]
    canvases = [canvas(f"{loopback.url}/c/{number}", url) for number, url in enumerate(urls)]
    url = loopback.page("/k", manifest(loopback.url + "/k", *canvases, rights=BY))
    assert killed(IIIF, workspace, url, "pour.before") == -9
    loopback.asked.clear()
    report = harvest_iiif(workspace, [url], allow_hosts=[loopback.host])
    assert loopback.asked == ["/robots.txt", "/k"]
    assert (report.unchanged, report.outcomes) == (4, {"stored": 4})
