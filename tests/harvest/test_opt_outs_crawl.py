"""A harvest of a museum that opts out in every way: what is not requested, what is dropped, and what a reason changes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest

from catalog import db
from harvest.crawl import harvest_iiif
from pixels.marks import write_xmp

ROBOTS = "User-agent: *\nAllow: /\nContent-Signal: search=yes, ai-train=yes\nContent-Usage: /img/usage train-ai=n\n"
RESERVED = [
    {"location": "/img/tdm", "tdm-reservation": 1, "tdm-policy": "/policy"},
    {"location": "/img/lifted", "tdm-reservation": 1},
    {"location": "/", "tdm-reservation": 0},
]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Loopback]:
    """Another host, to which one picture is redirected."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture(scope="module")
def museum(loopback: Loopback, elsewhere: Loopback) -> Loopback:
    """One picture for each way to say no, and one that nobody speaks of."""
    image = ("Content-Type", "image/jpeg")
    loopback.page("/robots.txt", ROBOTS)
    loopback.page("/.well-known/tdmrep.json", RESERVED)
    loopback.page("/ai.txt", "User-Agent: *\nDisallow: *.png\nAllow: *.jpg\n")
    for step, path in enumerate(["/robots.txt", *(f"/moved-{n}" for n in range(1, 5))], 1):
        elsewhere.page(path, "", ("Location", f"/moved-{step}"), status=301)
    elsewhere.page("/moved-5", "User-agent: *\nContent-Signal: ai-train=no\n")
    elsewhere.page("/ai.txt", "User-Agent: *\nDisallow: *.jpg\n")
    moved = elsewhere.page("/img/moved.jpg", drawn(1), image)
    prohibited = write_xmp(drawn(2), {"plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"})
    urls = {
        "good": loopback.page("/img/good.jpg", drawn(3), image),
        "usage": loopback.page("/img/usage.jpg", drawn(4), image),
        "tdm": loopback.page("/img/tdm.jpg", drawn(5), image),
        "lifted": loopback.page("/img/lifted.jpg", drawn(6), image, ("TDM-Reservation", "0")),
        "kind": loopback.page("/img/kind.png", drawn(7), image),
        "header": loopback.page("/img/header.jpg", drawn(8), image, ("tdm-reservation", "1"), ("Content-Usage", "search=y")),
        "plus": loopback.page("/img/plus.jpg", prohibited, image),
        "moved": loopback.page("/img/moved.jpg", "", ("Location", moved), status=302),
    }
    canvases = [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in urls.items()]
    loopback.page("/m", manifest(loopback.url + "/m", *canvases, rights=BY))
    return loopback


def harvest(museum: Loopback, elsewhere: Loopback, workspace: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    museum.asked.clear()
    elsewhere.asked.clear()
    harvest_iiif(workspace, [museum.url + "/m"], allow_hosts=[museum.host, elsewhere.host], **settings)
    rows = db.rows(workspace, "SELECT source_id, outcome, outcome_detail, opt_outs, consulted, rights_evidence FROM candidates")
    return {row["source_id"].rpartition("/")[2]: row | {"opt_outs": json.loads(row["opt_outs"])} for row in rows}


def test_what_is_opted_out_is_not_requested_or_dropped_with_evidence(
    museum: Loopback, elsewhere: Loopback, workspace: Path
) -> None:
    rows = harvest(museum, elsewhere, workspace)
    denied = {name: row["opt_outs"] for name, row in rows.items() if row["outcome"] == "not_fetched_opt_out"}
    assert {name: [one["channel"] for one in said] for name, said in denied.items()} == {
        "usage": ["robots-content-usage"],
        "tdm": ["tdmrep-file"],
        "lifted": ["tdmrep-file"],
        "kind": ["ai.txt"],
        "header": ["tdmrep-header"],
        "plus": ["plus-data-mining"],
        "moved": ["robots-content-signal", "ai.txt"],
    }
    assert rows["good"]["outcome"] == "stored"
    (said,) = denied["tdm"]
    assert said["value"] == f"tdm-reservation: 1; tdm-policy: {museum.url}/policy"
    assert said["where"] == museum.url + "/.well-known/tdmrep.json"
    assert rows["kind"]["outcome_detail"] == "the owner opts out: Disallow: *.png"

    assert not {"/img/usage.jpg", "/img/tdm.jpg", "/img/lifted.jpg", "/img/kind.png"} & set(museum.asked)
    assert "/img/moved.jpg" not in elsewhere.asked
    for server in (museum, elsewhere):
        assert [server.asked.count(path) for path in ("/robots.txt", "/.well-known/tdmrep.json", "/ai.txt")] == [1, 1, 1]

    before = ["robots", "robots-content-signal", "robots-content-usage", "tdmrep-file", "ai.txt"]
    assert rows["tdm"]["consulted"] == before
    after = ["content-signal", "content-usage", "tdmrep-header", "x-robots-tag", "c2pa", "plus-data-mining"]
    assert rows["good"]["consulted"] == before + after


def test_a_reason_fetches_them_and_keeps_the_evidence_that_nothing_overrules(
    museum: Loopback, elsewhere: Loopback, workspace: Path
) -> None:
    rows = harvest(museum, elsewhere, workspace, fetch_anyway="contract 7")
    assert {row["outcome"] for row in rows.values()} == {"stored"}
    assert {name for name, row in rows.items() if not row["opt_outs"]} == {
        "good",
        "lifted",
    }  # its header says 0: TDMRep's own rule
    excused = {name for name, row in rows.items() if "contract 7" in (row["rights_evidence"] or "")}
    assert excused == set(rows) - {"good", "lifted"}
    assert rows["moved"]["opt_outs"][0]["where"] == elsewhere.url + "/robots.txt"  # after five redirects
