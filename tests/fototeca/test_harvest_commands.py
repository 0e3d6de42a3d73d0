"""Every source has its command; retry and recheck answer in words and leave with the design's exit codes."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest

from base import plugins
from base.errors import UsageError
from fototeca.harvesting import base_urls
from fototeca.main import documented_commands

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def museum() -> Iterator[Loopback]:
    """A manifest of one good picture and one whose server is down."""
    server = Loopback()
    good = server.page("/img/good.jpg", drawn(1, side_px=96), ("Content-Type", "image/jpeg"), ("ETag", '"1"'))
    bad = server.page("/img/bad.jpg", b"busy", status=500)
    canvases = [canvas(f"{server.url}/canvas/{name}", url) for name, url in (("good", good), ("bad", bad))]
    server.page("/m", manifest(server.url + "/m", *canvases, rights=BY))
    yield server
    server.close()


def test_every_source_has_a_command_that_says_how_it_is_asked() -> None:
    commands = documented_commands()
    for name in plugins.names("harvest.sources"):
        assert len(commands[f"harvest {name}"]) > 40, f"`fototeca harvest {name} --help` says next to nothing"


def test_a_base_url_is_for_the_source_harvested_unless_another_is_named() -> None:
    given = ["http://127.0.0.1:8000", "commons=http://127.0.0.1:8001/w/api.php?x=1"]
    assert base_urls("openverse", given) == {"openverse": given[0], "commons": "http://127.0.0.1:8001/w/api.php?x=1"}
    assert base_urls("met", ["https://mirror.example/?a=b"]) == {"met": "https://mirror.example/?a=b"}
    with pytest.raises(UsageError, match="comons"):
        base_urls("met", ["comons=http://127.0.0.1"])
    with pytest.raises(UsageError, match="no http"):
        base_urls("met", ["ftp://127.0.0.1"])


def test_failures_are_retried_by_class_and_the_rest_rechecked(fototeca: Run, museum: Loopback, tmp_path: Path) -> None:
    first = fototeca("harvest", "iiif", museum.url + "/m", "--allow-host", museum.host, cwd=tmp_path)
    assert "2 candidates: 1 stored, 1 failed (500)." in first.stdout, first.stderr
    assert "by licence: 2 CC BY 4.0." in first.stdout
    wrong = fototeca("retry", "--errors", "timout", cwd=tmp_path)
    assert (wrong.returncode, "500" in wrong.stderr) == (2, True)
    museum.page("/img/bad.jpg", drawn(2, side_px=96), ("Content-Type", "image/jpeg"))
    museum.asked.clear()
    again = fototeca("retry", "--errors", "5xx", "--allow-host", museum.host, cwd=tmp_path)
    assert "1 candidate: 1 stored." in again.stdout, again.stderr
    assert [path for path in museum.asked if path.startswith("/img")] == ["/img/bad.jpg"]
    checked = fototeca("recheck", "--allow-host", museum.host, "--json", cwd=tmp_path)
    assert json.loads(checked.stdout)["licence_changes"] == [], checked.stderr


def test_a_live_host_is_refused_in_one_line_without_a_contact(fototeca: Run, tmp_path: Path) -> None:
    done = fototeca("harvest", "commons", "Category:Mate", cwd=tmp_path, FOTOTECA_CONTACT="")
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "FOTOTECA_CONTACT" in done.stderr


def test_a_source_that_needs_a_key_names_its_variable(fototeca: Run, tmp_path: Path) -> None:
    done = fototeca("harvest", "europeana", "mate", cwd=tmp_path, FOTOTECA_CONTACT="ana@example.org", EUROPEANA_API_KEY="")
    assert (done.returncode, "EUROPEANA_API_KEY" in done.stderr) == (2, True)
