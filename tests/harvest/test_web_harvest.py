"""A harvest of a IIIF museum on loopback: what each trap becomes, what is asked for, and what a second harvest asks."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest

from base.errors import BusyError, FototecaError, SourceError, UsageError
from catalog import db
from catalog.store import Store
from harvest.crawl import harvest_iiif
from harvest.keep import HarvestReport

ARR = "All rights reserved"


def current(workspace: Path) -> dict[str, dict[str, Any]]:
    sql = "SELECT * FROM candidates QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY run_id DESC) = 1"
    return {row["source_id"].rpartition("/")[2]: row for row in db.rows(workspace, sql)}


@dataclass
class Visit:
    """One harvest of the whole museum, and what it asked for."""

    workspace: Path
    report: HarvestReport
    asked: list[str]
    rows: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def museum(loopback: Loopback) -> Loopback:
    """Four good pictures and one of each trap, in a collection with a manifest of two kinds."""
    image = ("Content-Type", "image/jpeg")
    loopback.page("/robots.txt", "User-agent: *\nDisallow: /private/\n")
    good = [loopback.page(f"/img/{n}.jpg", drawn(n), image) for n in range(4)]
    traps = {
        "noai": loopback.page("/img/noai.jpg", drawn(10), image, ("X-Robots-Tag", "otherbot: none"), ("x-robots-tag", "NoAI")),
        "html": loopback.page("/img/html.jpg", "<!DOCTYPE html><title>sorry</title>", image),
        "private": loopback.page("/private/a.jpg", drawn(11), image),
        "redirected": loopback.page("/img/moved.jpg", "", ("Location", "/private/a.jpg"), status=302),
        "inward": loopback.page("/img/inward.jpg", "", ("Location", "http://127.0.0.1:9/secret"), status=302),
        "gone": loopback.url + "/img/gone.jpg",
        "cut": loopback.page("/img/cut.jpg", drawn(12)[:-200], image),
        "large": loopback.page("/img/large.jpg", b"", image, ("Content-Length", str(1 << 30))),
        "short": loopback.page("/img/short.jpg", drawn(13), image, ("Content-Length", "99999")),
    }
    canvases = [canvas(f"{loopback.url}/canvas/good{n}", url) for n, url in enumerate(good)]
    canvases += [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in traps.items()]
    arr = loopback.page("/img/arr.jpg", drawn(14), image)
    canvases.append(canvas(f"{loopback.url}/canvas/arr", arr, rights=ARR))
    first = loopback.page("/m/1", manifest(loopback.url + "/m/1", *canvases))
    unstated = canvas(f"{loopback.url}/canvas/unstated", good[0], rights="")
    loopback.page("/m/own", manifest(loopback.url + "/m/own", *canvases[:4], rights=BY))
    second = loopback.page("/m/2", manifest(loopback.url + "/m/2", unstated, rights="http://rightsstatements.org/vocab/CNE/1.0/"))
    broken = loopback.page("/m/broken", "<html>")
    members = [{"id": url, "type": "Manifest"} for url in (first, second, broken, loopback.url + "/m/missing")]
    loopback.page("/collection", {"id": loopback.url + "/collection", "type": "Collection", "rights": BY, "items": members})
    return loopback


def visit(museum: Loopback, workspace: Path, path: str = "/collection", **settings: Any) -> Visit:
    museum.asked.clear()
    report = harvest_iiif(workspace, [museum.url + path], allow_hosts=[museum.host], **settings)
    return Visit(workspace, report, list(museum.asked), current(workspace))


@pytest.fixture(scope="module")
def visited(museum: Loopback, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """The first harvest of the whole museum."""
    return visit(museum, tmp_path_factory.mktemp("museum"), concept="mate")


def test_every_candidate_has_its_outcome_and_the_counts_add_up(visited: Visit) -> None:
    assert {name: row["outcome"] for name, row in visited.rows.items()} == {
        **{f"good{n}": "stored" for n in range(4)},
        "noai": "not_fetched_opt_out",
        "html": "not_an_image",
        "private": "robots",
        "redirected": "robots",
        "inward": "failed_address",
        "gone": "failed_404",
        "cut": "stored",
        "large": "too_large",
        "short": "failed_truncated",
        "arr": "not_fetched_rights",
        "unstated": "not_fetched_rights",
    }
    assert sum(visited.report.outcomes.values()) == visited.report.candidates == len(visited.rows) == visited.report.new
    (run,) = db.rows(visited.workspace, "SELECT outcome, counts, problems FROM runs")
    assert '"stored":5' in run["counts"]


def test_bytes_are_exactly_those_that_were_served(visited: Visit, museum: Loopback) -> None:
    store = Store(visited.workspace)
    for number in range(4):
        assert store.read(visited.rows[f"good{number}"]["sha256"]) == museum.pages[f"/img/{number}.jpg"][2]
    assert len(store.names()) == 5
    assert {row["origin"] for row in db.rows(visited.workspace, "SELECT origin FROM images")} == {"harvested"}


def test_what_may_not_be_asked_for_is_not_asked_for(visited: Visit) -> None:
    assert visited.asked[0] == "/robots.txt"
    assert visited.asked.count("/robots.txt") == 1
    assert not {"/private/a.jpg", "/img/arr.jpg", "/secret"} & set(visited.asked)


def test_opt_outs_are_kept_with_their_words(visited: Visit, museum: Loopback) -> None:
    assert '"value":"noai (X-Robots-Tag: NoAI)"' in visited.rows["noai"]["opt_outs"]
    assert "otherbot" not in visited.rows["noai"]["opt_outs"]
    for name in ("private", "redirected"):
        assert '"channel":"robots"' in visited.rows[name]["opt_outs"]
        assert '"value":"Disallow: /private/"' in visited.rows[name]["opt_outs"]
        assert f'"where":"{museum.url}/robots.txt"' in visited.rows[name]["opt_outs"]


def test_rights_of_the_collection_hold_and_the_concept_is_claimed(visited: Visit) -> None:
    row = visited.rows["good0"]
    assert (row["rights_family"], row["rights_scope"]) == ("by", "dataset")
    assert row["concepts"] == ["mate"]
    assert row["credit_line"]


def test_manifests_that_cannot_be_read_are_problems_of_the_run(visited: Visit, museum: Loopback) -> None:
    named = {one["where"]: one["what"] for one in visited.report.problems}
    assert named[museum.url + "/m/missing"] == "answered with status 404"
    assert "no JSON" in named[museum.url + "/m/broken"]


def test_the_user_agent_says_who_asks(visited: Visit, museum: Loopback) -> None:
    assert all(agent.startswith("fototeca/") for agent in museum.agents)


def test_a_second_harvest_asks_for_no_picture_that_is_held(visited: Visit, museum: Loopback) -> None:
    again = visit(museum, visited.workspace, concept="mate")
    assert (again.report.new, again.report.changed, again.report.images_added) == (0, 0, 0)
    assert again.report.unchanged == again.report.candidates
    assert not {"/img/0.jpg", "/img/1.jpg", "/img/2.jpg", "/img/3.jpg", "/img/cut.jpg"} & set(again.asked)
    assert len(db.rows(visited.workspace, "SELECT 1 FROM candidates")) == len(visited.rows)


def test_a_limit_ends_the_harvest_early(museum: Loopback, workspace: Path) -> None:
    few = visit(museum, workspace, "/m/own", limit=2)
    assert few.report.candidates == 2
    assert few.report.outcomes == {"stored": 2}


def test_metadata_only_asks_for_no_picture_and_forgets_nothing(museum: Loopback, visited: Visit, tmp_path: Path) -> None:
    shutil.copytree(visited.workspace, tmp_path / "copy")
    museum.page("/m/new", manifest(museum.url + "/m/new", museum.canvas("new", museum.url + "/img/0.jpg"), rights=BY))
    museum.asked.clear()
    plan = harvest_iiif(
        tmp_path / "copy", [museum.url + "/collection", museum.url + "/m/new"], allow_hosts=[museum.host],
        metadata_only=True, concept="mate",
    )  # fmt: skip
    assert (plan.new, plan.changed, plan.unchanged) == (1, 0, len(visited.rows))
    assert plan.outcomes["metadata_only"] == 1
    assert not [path for path in museum.asked if path.startswith("/img/")]


def test_a_reason_fetches_what_rights_and_headers_refuse_but_not_what_robots_txt_closes(
    museum: Loopback, workspace: Path
) -> None:
    with_reason = visit(museum, workspace, "/collection", fetch_anyway="contract 7")
    outcomes = {name: with_reason.rows[name]["outcome"] for name in ("arr", "noai", "private")}
    assert outcomes == {"arr": "stored", "noai": "stored", "private": "robots"}
    for name in ("arr", "noai"):
        assert with_reason.rows[name]["rights_evidence"].endswith("fetched although refused: contract 7")
    assert "noai" in with_reason.rows["noai"]["opt_outs"]
    assert "contract 7" not in str(with_reason.rows["good0"]["rights_evidence"])
    assert visit(museum, workspace, "/collection").report.changed == 0


def test_too_little_fails_the_run_after_keeping_what_came(museum: Loopback, workspace: Path) -> None:
    with pytest.raises(SourceError, match="status 404"):
        visit(museum, workspace, "/m/nowhere")
    assert db.rows(workspace, "SELECT outcome FROM runs") == [{"outcome": "failed"}]


def test_private_and_live_hosts_are_refused_before_anything_is_done(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOTOTECA_CONTACT", raising=False)
    with pytest.raises(UsageError, match=r"--allow-host 127\.0\.0\.1:8000"):
        harvest_iiif(workspace, ["http://127.0.0.1:8000/m"])
    with pytest.raises(UsageError, match="FOTOTECA_CONTACT"):
        harvest_iiif(workspace, ["https://museum.example/m"])
    assert not workspace.exists()


def test_a_busy_host_is_asked_again_after_the_pause_it_asks_for(museum: Loopback, workspace: Path) -> None:
    picture = drawn(40)
    url = museum.page("/img/busy.jpg", b"later", ("Retry-After", "1"), status=503)
    museum.page("/m/busy", manifest(museum.url + "/m/busy", museum.canvas("busy", url), rights=BY))
    times: list[float] = []

    def busy_once() -> None:
        times.append(time.monotonic())
        if len(times) == 2:
            museum.page("/img/busy.jpg", picture)

    museum.hooks["/img/busy.jpg"] = busy_once
    assert visit(museum, workspace, "/m/busy").report.outcomes == {"stored": 1}
    assert times[1] - times[0] >= 1.0


def test_a_crawl_that_dies_keeps_what_came_and_says_so(museum: Loopback, workspace: Path) -> None:
    urls = [museum.page(f"/img/fatal{n}.jpg", drawn(50 + n)) for n in range(2)]
    canvases = [museum.canvas(f"fatal{n}", url) for n, url in enumerate(urls)]
    museum.page("/m/fatal", manifest(museum.url + "/m/fatal", *canvases, rights=BY))

    def kill_the_crawl() -> None:
        while not list((workspace / "store").glob("??/*")):
            time.sleep(0.02)
        for task in Path("/proc/self/task").iterdir():
            for child in (task / "children").read_text().split():
                if b"harvest.child" in Path(f"/proc/{child}/cmdline").read_bytes():  # other tests may have left processes here
                    os.kill(int(child), signal.SIGKILL)

    museum.hooks["/img/fatal1.jpg"] = kill_the_crawl
    with pytest.raises(FototecaError, match=r"exit code -9.*goes on from there"):
        visit(museum, workspace, "/m/fatal")
    assert [row["outcome"] for row in current(workspace).values()] == ["stored"]
    del museum.hooks["/img/fatal1.jpg"]
    assert visit(museum, workspace, "/m/fatal").report.outcomes == {"stored": 2}
    assert museum.asked.count("/img/fatal0.jpg") == 0


SLOW = """
import sys
from pathlib import Path
from harvest.crawl import harvest_iiif
harvest_iiif(Path(sys.argv[1]), [sys.argv[2] + "/m/own"], allow_hosts=[sys.argv[2].partition("//")[2]])
"""


def test_a_killed_command_leaves_no_crawl_behind_and_the_next_goes_on(museum: Loopback, workspace: Path) -> None:
    museum.asked.clear()
    root = Path(__file__).resolve().parents[2]
    deadline = time.monotonic() + 30
    killed = threading.Event()

    def wait_for_the_kill() -> None:
        killed.wait(deadline - time.monotonic())

    museum.hooks["/img/3.jpg"] = wait_for_the_kill
    command = subprocess.Popen([sys.executable, "-c", SLOW, str(workspace), museum.url], cwd=root)
    try:
        while "/img/3.jpg" not in museum.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(BusyError):
            harvest_iiif(workspace, [museum.url + "/m/own"], allow_hosts=[museum.host])
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        crawl = int(children.read_text().split()[0]) if children.exists() else None
    finally:
        os.kill(command.pid, signal.SIGKILL)
        command.wait()
        killed.set()
        del museum.hooks["/img/3.jpg"]
    if crawl is not None:
        while Path(f"/proc/{crawl}").exists() and "Z" not in _state(crawl) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(f"/proc/{crawl}").exists() or "Z" in _state(crawl)
    assert visit(museum, workspace, "/m/own").report.outcomes == {"stored": 4}


def _state(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().split()[2]
    except FileNotFoundError:
        return "Z"
