"""How an image is asked for: once at a time whatever many items name it, and compared with what is said of it."""

import time
from pathlib import Path

from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest

from catalog import db
from harvest.crawl import harvest_iiif
from harvest.plan import CrawlPlan
from harvest.settings import scrapy_settings, user_agent
from harvest.source import Politeness


def test_items_that_ask_for_one_address_at_one_time_share_its_answer(loopback: Loopback, workspace: Path) -> None:
    image = ("Content-Type", "image/jpeg")
    same = loopback.page("/same.jpg", drawn(1), image)
    missing = loopback.url + "/missing.jpg"
    wrong = loopback.page("/wrong.jpg", drawn(2), image, ("Repr-Digest", "sha-256=:" + "A" * 43 + "=:"))
    for path in ("/same.jpg", "/missing.jpg"):
        loopback.hooks[path] = lambda: time.sleep(0.3)
    urls = {"a": same, "b": same, "c": same + "#c", "d": missing, "e": missing, "f": wrong}
    canvases = [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in urls.items()]
    loopback.page("/m", manifest(loopback.url + "/m", *canvases, rights=BY))
    harvest_iiif(workspace, [loopback.url + "/m"], allow_hosts=[loopback.host])
    rows = db.rows(workspace, "SELECT source_id, outcome, outcome_detail FROM current_candidates")
    assert {row["source_id"][-1]: row["outcome"] for row in rows} == {
        **dict.fromkeys("abc", "stored"),
        **dict.fromkeys("de", "failed_404"),
        "f": "failed_checksum",
    }
    assert loopback.asked.count("/same.jpg") == loopback.asked.count("/missing.jpg") == 1


def test_we_say_who_we_are_and_wait_for_no_answer_for_ever() -> None:
    plan = CrawlPlan(source="iiif", contact="https://archive.example/contact")
    settings = scrapy_settings(plan, Politeness(timeout_s=12.0, max_size_bytes=1_000))
    assert settings["USER_AGENT"] == user_agent(plan.contact)
    assert settings["USER_AGENT"].startswith("fototeca/")
    assert "(+https://archive.example/contact)" in settings["USER_AGENT"]
    assert (settings["DOWNLOAD_TIMEOUT"], settings["DOWNLOAD_MAXSIZE"], settings["REDIRECT_MAX_TIMES"]) == (12.0, 1_000, 5)
    assert settings["DOWNLOAD_VERIFY_CERTIFICATES"] is True
    assert {name for name, handler in settings["DOWNLOAD_HANDLERS"].items() if handler} == {"http", "https"}
