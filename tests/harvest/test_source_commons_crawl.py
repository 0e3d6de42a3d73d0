"""Crawls on loopback: a category of Commons in continued batches, and images that Openverse hands over to Commons."""

import hashlib
import json
from pathlib import Path
from typing import Any

from commons_answers import BY_SA, batch, page
from drawn_pictures import drawn
from iiif_loopback import Loopback

from catalog import db
from harvest.crawl import harvest_web
from harvest.source import Answer
from harvest.sources.commons import Source

JPEG = ("Content-Type", "image/jpeg")


def serve(loopback: Loopback, url: str, answer: Any) -> None:
    loopback.page(url.removeprefix(loopback.url), answer, ("Content-Type", "application/json"))


def on_loopback(loopback: Loopback, number: int) -> dict[str, Any]:
    """A page of Commons whose file is served here."""
    url = loopback.page(f"/img/{number}.jpg", drawn(number), JPEG)
    sha1 = hashlib.sha1(drawn(number), usedforsecurity=False).hexdigest()
    return page(number, {"url": url, "descriptionurl": f"{loopback.url}/wiki/{number}", "sha1": sha1}, **BY_SA)


def test_a_category_is_harvested_in_two_continued_batches(loopback: Loopback, tmp_path: Path) -> None:
    source = Source(base_url=loopback.url)
    (ask,) = source.start(["Category:Cuias"])
    bare = [{"pageid": n, "ns": 6, "title": f"File:{n}.jpg"} for n in (1, 2)]
    first = {"continue": {"iicontinue": "2", "continue": "||"}, "query": {"pages": [on_loopback(loopback, 1), bare[1]]}}
    (more,) = source.parse(Answer(ask.url, json.dumps(first).encode()), ask.carry)
    rest = {**batch(bare[0], on_loopback(loopback, 2)), "continue": {"gcmcontinue": "file|3", "continue": "gcmcontinue||"}}
    after = list(source.parse(Answer(more.url, json.dumps(rest).encode()), more.carry))[-1]
    sound = page(4, {"mediatype": "AUDIO", "mime": "audio/ogg"})
    for url, answer in ((ask.url, first), (more.url, rest), (after.url, batch(on_loopback(loopback, 3), sound))):
        serve(loopback, url, answer)
    report = harvest_web(
        tmp_path, "commons", ["Category:Cuias"], allow_hosts=[loopback.host], base_urls={"commons": loopback.url}
    )
    assert report.outcomes == {"stored": 3}
    assert [one["what"] for one in report.problems] == ["not an image but sound (audio/ogg): passed over"]
    rows = db.rows(tmp_path, "SELECT source, source_id, rights_family FROM candidates ORDER BY source_id")
    assert [(row["source"], row["source_id"], row["rights_family"]) for row in rows] == [("commons", n, "by-sa") for n in "123"]
    assert ("gcmcontinue" in more.url, "iicontinue" in after.url) == (False, False)


def test_what_openverse_finds_at_commons_is_stated_by_commons(loopback: Loopback, tmp_path: Path) -> None:
    other = loopback.page("/img/other.jpg", drawn(9), JPEG)
    known_by = {"license": "by", "license_version": "2.0", "title": "Mate"}
    found = [
        {"id": "a" * 8, "foreign_landing_url": f"https://commons.wikimedia.org/w/index.php?curid={n}", **known_by} for n in (5, 6)
    ]
    found.append({"id": "b" * 8, "url": other, "foreign_landing_url": f"{loopback.url}/museum/9", **known_by})
    serve(loopback, "/v1/images/?q=mate&page=1&page_size=20", {"page_count": 1, "results": found})
    (ask,) = Source(base_url=loopback.url).start(["pageid:5", "pageid:6"])
    serve(loopback, ask.url, batch(on_loopback(loopback, 5), {"pageid": 6, "missing": True}))
    report = harvest_web(
        tmp_path, "openverse", ["mate"], allow_hosts=[loopback.host],
        base_urls={"openverse": f"{loopback.url}/v1", "commons": loopback.url},
    )  # fmt: skip
    assert report.outcomes == {"stored": 2}
    assert [one["what"].partition(":")[0] for one in report.problems] == ["the file is gone, or never was"]
    rows = db.rows(tmp_path, "SELECT source, source_id, rights_family, rights_flags FROM candidates ORDER BY source")
    assert [(row["source"], row["source_id"], row["rights_family"]) for row in rows] == [
        ("commons", "5", "by-sa"), ("openverse", "b" * 8, "by"),
    ]  # fmt: skip
    assert [("second-hand" in row["rights_flags"]) for row in rows] == [False, True]
    again = harvest_web(
        tmp_path, "openverse", ["mate"], allow_hosts=[loopback.host],
        base_urls={"openverse": f"{loopback.url}/v1", "commons": loopback.url},
    )  # fmt: skip
    assert (again.unchanged, loopback.asked.count("/img/5.jpg"), loopback.asked.count("/img/other.jpg")) == (2, 1, 1)
