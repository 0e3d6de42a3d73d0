"""A recheck on loopback: what each change at the source becomes, what is proposed, and what a later recheck clears."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, manifest
from small_catalogue import by, candidate

from base.errors import UsageError
from catalog import db, runs
from catalog.records import Candidate, OptOut, Rights
from catalog.rights import read_rights
from harvest.again import GONE, NOT_ASKED, Again
from harvest.crawl import harvest_iiif, harvest_web
from harvest.known import candidate_of, rows_of, unread
from harvest.news import GONE_AT_SOURCE, Finding, change_of_licence, direction, found_out
from harvest.plan import Wanted
from harvest.recheck import RecheckReport, recheck
from harvest.wire import Answered

NAMES = {1: "same", 2: "repainted", 3: "lost", 4: "stricter", 5: "doomed", 6: "deleted", 7: "noai", 8: "markless", 9: "arr"}


class Wiki:
    """A small Wikimedia Commons: one file a number, whose words and bytes a test changes."""

    def __init__(self, loopback: Loopback) -> None:
        self.loopback = loopback
        self.words: dict[int, dict[str, str]] = {}
        for number, name in NAMES.items():
            code = "" if name == "arr" else "cc-by-4.0"
            self.words[number] = {"License": code, "LicenseShortName": "CC BY 4.0" if code else "All rights reserved"}
            self.picture(number, number, None if name == "markless" else f'"{number}"')
        loopback.services["/w/api.php"] = self.answer

    def picture(self, number: int, seed: int, etag: str | None, *headers: tuple[str, str]) -> None:
        marks = [("ETag", etag), ("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")] if etag else []
        self.loopback.page(f"/img/{number}.jpg", drawn(seed), ("Content-Type", "image/jpeg"), *marks, *headers)

    def answer(self, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        named = parse_qs(urlsplit(path).query).get("pageids", ["|".join(map(str, self.words))])[0]
        pages = [self._page(int(one)) for one in named.split("|")]
        return (
            200,
            [("Content-Type", "application/json")],
            json.dumps({"batchcomplete": True, "query": {"pages": pages}}).encode(),
        )

    def _page(self, number: int) -> dict[str, Any]:
        if number not in self.words:
            return {"pageid": number, "missing": True}
        said = {name: {"value": words, "source": "commons-desc-page"} for name, words in self.words[number].items()}
        url = f"{self.loopback.url}/img/{number}.jpg"
        about = {"url": url, "descriptionurl": f"{self.loopback.url}/wiki/{number}", "mime": "image/jpeg", "mediatype": "BITMAP"}
        info = {**about, "width": 32, "height": 32, "size": 900, "extmetadata": said}
        return {"pageid": number, "ns": 6, "title": f"File:{NAMES[number]}.jpg", "imageinfo": [info]}


@pytest.fixture(scope="module")
def wiki(loopback: Loopback) -> Wiki:
    return Wiki(loopback)


def asked_again(wiki: Wiki, workspace: Path, **settings: Any) -> RecheckReport:
    wiki.loopback.asked.clear()
    wiki.loopback.not_modified.clear()
    bases = {"commons": wiki.loopback.url + "/w/api.php"}
    return recheck(workspace, allow_hosts=[wiki.loopback.host], base_urls=bases, **settings)


@pytest.fixture(scope="module")
def harvested(wiki: Wiki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("wiki")
    bases = {"commons": wiki.loopback.url + "/w/api.php"}
    ids = [f"pageid:{number}" for number in NAMES]
    harvest_web(workspace, "commons", ids, allow_hosts=[wiki.loopback.host], base_urls=bases, concept="mate")
    return workspace


@pytest.fixture(scope="module")
def changed(wiki: Wiki, harvested: Path) -> tuple[RecheckReport, list[str], list[str]]:
    """A recheck after all sorts of changes; what it asked for, and what was not modified."""
    wiki.picture(2, 22, '"2b"')
    del wiki.loopback.pages["/img/3.jpg"]
    wiki.words[4] = {"License": "cc-by-sa-4.0", "LicenseShortName": "CC BY-SA 4.0"}
    wiki.words[5]["DeletionReason"] = "copyright violation"
    del wiki.words[6]
    wiki.picture(7, 7, '"7"', ("X-Robots-Tag", "noai"))
    report = asked_again(wiki, harvested)
    return report, list(wiki.loopback.asked), list(wiki.loopback.not_modified)


def rows(workspace: Path) -> dict[str, dict[str, Any]]:
    return {NAMES[int(row["source_id"])]: row for row in db.rows(workspace, "SELECT * FROM current_candidates")}


def proposals(workspace: Path) -> dict[tuple[str, str], str]:
    sql = """
        SELECT source_id, kind, state
        FROM proposals JOIN current_candidates ON candidate_id = subject
        QUALIFY row_number() OVER (PARTITION BY subject, kind ORDER BY proposals.run_id DESC) = 1
        """
    return {(NAMES[int(row["source_id"])], row["kind"]): row["state"] for row in db.rows(workspace, sql)}


Changed = tuple[RecheckReport, list[str], list[str]]


def test_each_item_has_its_news_and_the_counts_add_up(changed: Changed) -> None:
    report, _, _ = changed
    assert report.outcomes == {
        "not_modified": 2, "other_bytes": 1, "gone": 2, "refused": 1, "opted_out": 1, "same_bytes": 1, "noted": 1,
    }  # fmt: skip
    assert report.items == sum(report.outcomes.values()) == report.changed + report.unchanged == 9
    assert report.changed == 4
    assert report.sentence().startswith("9 items asked again: 2 ")


def test_unchanged_pictures_are_not_sent_again(changed: Changed) -> None:
    _, asked, not_modified = changed
    assert sorted(not_modified) == ["/img/1.jpg", "/img/4.jpg", "/img/7.jpg"]
    assert not {"/img/5.jpg", "/img/6.jpg", "/img/9.jpg"} & set(asked)


def test_items_are_stated_anew_in_one_question_where_the_source_takes_several(changed: Changed) -> None:
    assert sum(path.startswith("/w/api.php") for path in changed[1]) == 1


def test_what_changed_is_a_new_statement_and_what_is_gone_stays_stored(changed: Changed, harvested: Path) -> None:
    found = rows(harvested)
    assert [name for name, row in found.items() if row["outcome"] != "stored"] == ["arr"]
    assert all(found[name]["sha256"] for name in ("lost", "doomed", "deleted", "noai"))
    assert found["stricter"]["rights_family"] == "by-sa"
    assert found["noai"]["opt_outs"] != "[]"
    assert found["same"]["concepts"] == ["mate"]
    history = db.rows(harvested, "SELECT count(*) AS n FROM candidates WHERE source_id = '2' AND sha256 IS NOT NULL")
    assert history == [{"n": 2}]


def test_licence_changes_are_listed_with_their_direction(changed: Changed, harvested: Path) -> None:
    found = rows(harvested)
    told = {one["subject"]: (one["from"], one["to"], one["direction"]) for one in changed[0].licence_changes}
    assert told == {
        found["stricter"]["candidate_id"]: ("CC BY 4.0", "CC BY-SA 4.0", "downgrade"),
        found["doomed"]["candidate_id"]: ("CC BY 4.0", "Unknown", "downgrade"),
    }


def test_what_is_gone_marked_or_opted_out_is_proposed_for_withdrawal(changed: Changed, harvested: Path) -> None:
    expected = {("lost", "gone"), ("deleted", "gone"), ("doomed", "deletion"), ("noai", "opt_out")}
    assert changed[0].proposed == 4
    assert set(proposals(harvested)) == expected


def test_a_later_recheck_clears_what_is_over_and_asks_for_the_longest_unasked_first(
    changed: Changed, wiki: Wiki, harvested: Path, tmp_path: Path
) -> None:
    assert asked_again(wiki, harvested, limit=1, metadata=False).items == 1
    assert asked_again(wiki, harvested, older_than_days=1).items == 0
    wiki.picture(3, 3, '"3"')
    wiki.words[5].pop("DeletionReason")
    wiki.words[6] = dict(wiki.words[1])
    wiki.picture(7, 7, '"7"')
    report = asked_again(wiki, harvested)
    assert (report.proposed, report.cleared) == (0, 4)
    assert set(proposals(harvested).values()) == {"cleared"}
    assert rows(harvested)["noai"]["opt_outs"] == "[]"
    assert report.outcomes == {"not_modified": 6, "same_bytes": 2, "noted": 1}


def test_without_a_question_only_bytes_are_asked_for_and_failures_propose_nothing(loopback: Loopback, workspace: Path) -> None:
    urls = [loopback.page(f"/b/{number}.jpg", drawn(number), ("ETag", f'W/"{number}"')) for number in range(2)]
    canvases = [loopback.canvas(f"b{number}", url) for number, url in enumerate(urls)]
    url = loopback.page("/b", manifest(loopback.url + "/b", *canvases, rights=BY))
    harvest_iiif(workspace, [url], allow_hosts=[loopback.host])
    loopback.page("/b/1.jpg", "<html>no picture today</html>", ("ETag", '"html"'))
    loopback.asked.clear()
    report = recheck(workspace, allow_hosts=[loopback.host], metadata=False)
    assert "/b" not in loopback.asked
    assert report.outcomes["not_modified"] == 1
    assert (report.changed, report.unchanged, report.proposed) == (0, 2, 0)
    marks = {row["etag"] for row in db.rows(workspace, "SELECT etag FROM answers WHERE etag IS NOT NULL")}
    assert marks == {'W/"0"', 'W/"1"'}
    with pytest.raises(UsageError, match="--allow-host"):
        recheck(workspace)


STORED = candidate("a.jpg", "a" * 64, image_url="https://x.example/a.jpg")
NOAI = OptOut(channel="x-robots-tag", value="noai", where="https://x.example/a.jpg")
PAGE = OptOut(channel="robots-meta", value="noai", where="https://x.example/a.html")
FRESH = unread(STORED)


def found(status: int | None = None, outcome: str = "metadata_only", body: bytes | None = None, **changes: Any) -> Finding:
    delivered = replace(FRESH, outcome=outcome, **changes)
    answered = Answered(url="u", status=status, etag='"x"') if status else None
    return found_out(STORED, delivered, body, status == 304, answered, stated_anew=True)


@pytest.mark.parametrize(
    ("finding", "news", "causes"),
    [
        (found(304), "not_modified", set()),
        (found(200, body=b"other"), "other_bytes", set()),
        (found(404, "failed_404"), "gone", {"gone"}),
        (found(410, "failed_410"), "gone", {"gone"}),
        (found(403, "failed_403"), "failed_403", set()),
        (found(None, "failed_timeout"), "failed_timeout", set()),
        (found(None, GONE), "gone", {"gone"}),
        (found(None, NOT_ASKED), NOT_ASKED, set()),
        (found(None, "not_fetched_opt_out", opt_outs=(NOAI,)), "opted_out", {"opt_out"}),
        (found(None, "robots", opt_outs=(NOAI,)), "opted_out", {"opt_out"}),
        (found(None, "robots"), "robots", set()),
        (found(200, "not_an_image"), "not_an_image", set()),
        (found(None, "not_fetched_rights", rights=read_rights("All rights reserved")), "refused", set()),
        (found(304, other={"DeletionReason": "copyvio"}), "not_modified", {"deletion"}),
        (found(304, other={"DeletionReason": "", "NonFree": "false"}), "not_modified", set()),
        (found(None, "not_fetched_rights", rights=Rights(family="nonfree", flags=("refuse",))), "refused", {"flag"}),
    ],
)
def test_what_an_answer_means(finding: Finding, news: str, causes: set[str]) -> None:
    assert (finding.news, set(finding.causes)) == (news, causes)
    if news != "other_bytes":
        assert (finding.candidate.outcome, finding.candidate.sha256, finding.body) == ("stored", "a" * 64, None)
    if finding.answered and news not in ("not_modified", "other_bytes"):
        assert finding.answered.etag is None  # a mark of an error page would stand for the picture later


def test_a_whole_answer_lifts_what_its_channels_said_and_leaves_the_others() -> None:
    before = replace(STORED, opt_outs=(NOAI, PAGE))
    delivered = replace(FRESH, consulted=("x-robots-tag",))
    whole = found_out(before, delivered, b"x", False, Answered(url="u", status=200), stated_anew=False)
    assert whole.candidate.opt_outs == (PAGE,)
    short = found_out(before, delivered, None, True, Answered(url="u", status=304), stated_anew=False)
    assert short.candidate.opt_outs == (NOAI, PAGE)


def test_a_proposal_is_cleared_only_by_looking_where_its_cause_was() -> None:
    there = found(304)
    assert there.clears("gone", "its address answered with status 404")
    assert there.clears("gone", GONE_AT_SOURCE)
    assert not replace(there, stated_anew=False).clears("gone", GONE_AT_SOURCE)
    assert not found(None, "failed_timeout").clears("gone", "its address answered with status 404")
    assert not replace(there, stated_anew=False).clears("deletion", "its source gives a reason")
    assert not found(404, "failed_404").clears("gone", "its address answered with status 404")


@pytest.mark.parametrize(
    ("before", "now", "turn"),
    [
        (by(), by(), "same"),
        (by("2.0"), by("4.0"), "changed"),
        (by(), read_rights("CC BY-SA 4.0"), "downgrade"),
        (read_rights("CC BY-NC 4.0"), by(), "upgrade"),
        (by(), replace(by(), flags=("refuse",)), "downgrade"),
        (read_rights("All rights reserved"), read_rights("CC0"), "upgrade"),
        (read_rights("CC BY-NC 4.0"), read_rights("CC BY-ND 4.0"), "changed"),
        (read_rights("All rights reserved"), read_rights(None), "changed"),
        (read_rights("No known copyright restrictions"), read_rights("All rights reserved"), "downgrade"),
    ],
)
def test_the_direction_of_a_licence_change(before: Rights, now: Rights, turn: str) -> None:
    assert direction(before, now) == turn
    assert (change_of_licence(replace(STORED, rights=before), replace(STORED, rights=now)) is None) == (turn == "same")


def test_an_item_is_gone_only_when_its_question_was_read_whole() -> None:
    items = [
        Wanted(candidate=candidate(name), asked=asked) for name, asked in (("a", "q1"), ("b", "q1"), ("c", "q2"), ("d", None))
    ]
    again = Again(items)
    assert list(again.questions(1)) == [("q1",), ("q2",)]
    assert list(again.questions(5)) == [("q1", "q2")]
    assert [one.candidate.source_id for one in again.without_question()] == ["d"]
    assert again.stated(candidate("a").candidate_id) is items[0]
    assert again.stated(candidate("a").candidate_id) is None
    again.not_known(("q2",), "no answer in time")
    assert {one.source_id: one.outcome for one in again.left_over()} == {"b": GONE, "c": NOT_ASKED}


def test_a_row_gives_back_the_candidate_that_it_was_made_of(harvested: Path) -> None:
    for row in db.rows(harvested, "SELECT * FROM candidates"):
        one: Candidate = candidate_of(row)
        assert (one.digest(), one.candidate_id) == (row["digest"], row["candidate_id"])


def test_an_archivists_correction_is_not_taken_for_the_sources_word(workspace: Path) -> None:
    one = candidate("a")
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", one)
        word = {"subject": one.candidate_id, "field": "title", "value": "Better", "who": "Ana", "reason": "a letter"}
        run.add("corrections", word)
    assert db.rows(workspace, "SELECT title FROM current_candidates") == [{"title": "Better"}]
    assert [found.title for found in rows_of(workspace, [one.candidate_id])] == [one.title]
