"""What changed over time: licences as their sources stated them, proposed withdrawals, and views that stay fast and agree."""

from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from small_catalogue import candidate, stored

from catalog import db, excerpt, runs
from catalog.correct import correct
from catalog.rights import read_rights
from catalog.status import status
from catalog.subjects import matches
from catalog.why import why
from catalog.withdraw import withdraw

CHANGES = [
    ("CC BY 4.0", "CC BY 4.0", "same"),
    ("CC BY 4.0", "CC BY-NC 4.0", "downgrade"),
    ("CC BY-NC 4.0", "CC BY 4.0", "upgrade"),
    ("CC BY 3.0", "CC BY 4.0", "changed"),
    ("CC BY-SA 4.0", "CC BY 4.0", "upgrade"),
    ("CC BY 4.0", "CC0 1.0", "upgrade"),
    ("CC0 1.0", "CC BY 4.0", "downgrade"),
    ("CC BY-NC 4.0", "CC BY-ND 4.0", "changed"),
    ("CC BY 4.0", "all rights reserved", "downgrade"),
    ("all rights reserved", "CC BY-NC-ND 4.0", "upgrade"),
    ("all rights reserved", "nonsense", "changed"),
    ("nonsense", "No known copyright restrictions", "upgrade"),
    ("No known copyright restrictions", "CC BY 4.0", "upgrade"),
    ("CC BY 4.0", "CC BY 4.0 DE", "changed"),
]


def test_every_change_of_a_licence_has_a_direction(workspace: Path) -> None:
    for place in (0, 1):
        with runs.begin(workspace, "harvest", {}) as run:
            for number, licences in enumerate(CHANGES):
                item = candidate(f"{number}.jpg", rights=read_rights(licences[place]), title=f"{number} {place}")
                run.add("candidates", item)
    sql = """
        SELECT said.source_id, history.previous_licence, history.licence, history.direction
        FROM rights_history AS history
        JOIN current_candidates AS said ON said.candidate_id = history.subject
        ORDER BY history.run_id"""
    found = db.rows(workspace, sql)
    assert {row["direction"] for row in found[: len(CHANGES)]} == {"first"}
    directions = {row["source_id"]: row["direction"] for row in found[len(CHANGES) :]}
    assert [directions[f"{number}.jpg"] for number in range(len(CHANGES))] == [expected for *_, expected in CHANGES]
    assert ("CC BY 4.0", "CC BY-NC 4.0") in [(row["previous_licence"], row["licence"]) for row in found]


def test_an_alternative_that_is_offered_no_longer_is_told(workspace: Path) -> None:
    for licences in (["CC BY-SA 4.0", "GFDL 1.2"], ["CC BY-SA 4.0"]):
        with runs.begin(workspace, "harvest", {}) as run:
            run.add("candidates", candidate("a.jpg", rights=read_rights({"choice": licences})))
    found = db.rows(workspace, "SELECT previous_licence, licence, direction FROM rights_history ORDER BY run_id")
    assert found[1] == {"previous_licence": "CC BY-SA 4.0 or GFDL 1.2", "licence": "CC BY-SA 4.0", "direction": "changed"}


def _propose(workspace: Path, *rows: tuple[str, str, str]) -> None:
    for kind, state, detail in rows:
        with runs.begin(workspace, "recheck", {}) as run:
            subject = candidate("a/one.jpg").candidate_id
            run.add("proposals", {"subject": subject, "kind": kind, "state": state, "detail": detail})


def test_open_proposals_are_listed_with_since_when(workspace: Path, collection: dict[str, str]) -> None:
    _propose(
        workspace, ("gone", "open", "404"), ("gone", "cleared", "it is back"), ("gone", "open", "404"), ("gone", "open", "410")
    )
    _propose(workspace, ("flag", "open", "x"), ("flag", "cleared", "y"))
    (row,) = db.rows(workspace, "SELECT * FROM proposed_withdrawals")
    assert (row["kind"], row["detail"], row["title"]) == ("gone", "410", "Picture a/one.jpg")
    times = [
        one["stated_at"] for one in db.rows(workspace, "SELECT stated_at FROM proposals WHERE kind = 'gone' ORDER BY run_id")
    ]
    assert row["since"] == times[2]
    assert status(workspace)["proposed_withdrawals"] == [{"kind": "gone", "items": 1, "since": times[2]}]
    assert [one["state"] for one in why(workspace, "a/one.jpg")["proposals"]] == [
        "cleared",
        "open",
        "open",
        "open",
        "cleared",
        "open",
    ]
    withdraw(workspace, "a/one.jpg", reason="Gone at the source.", who="Ana")
    assert db.rows(workspace, "SELECT * FROM proposed_withdrawals") == []


def test_status_counts_what_changed_over_time(workspace: Path, collection: dict[str, str]) -> None:
    correct(workspace, "a/one.jpg", creator="Joana", who="Ana", reason="The sleeve says so.")
    withdraw(workspace, "b/two.jpg", who="Ana", reason="The family asks for it.")
    found = status(workspace)
    assert found["corrections"] == [{"field": "creator", "items": 1}]
    assert found["totals"]["withdrawn"] == 1
    assert found["disk"]["free_bytes"] > found["disk"]["catalogue_bytes"] > 0
    total = found["totals"]
    assert total["kept_harvested"] + total["waiting"] + total["excluded"] + total["unjudged"] == total["candidates"] == 3


def _filled(workspace: Path) -> Archive:
    archive = Archive(workspace)
    data = encoded(drawn(1, 32))
    one = archive.add("a.jpg", data, concepts=("cuia", "hill"), page_url="https://example.org/a")
    archive.add("copy.jpg", data, source="folder:other")
    archive.add("b.jpg", encoded(drawn(2, 32)), licence="all rights reserved")
    archive.add("later.jpg")
    made = archive.vary(str(one.sha256), encoded(drawn(3, 32)))
    with runs.begin(workspace, "curate", {}) as run:
        concept = {"name": "cuia", "words": {}, "class_noun": "gourd", "rare_token": "zz", "target": 5}
        run.add("concepts", concept)
        run.add("concepts", {**concept, "name": "hill"})
        for name, score in (("cuia", 1.0), ("hill", 0.0)):
            run.add("depictions", {"subject": one.candidate_id, "concept": name, "source": "caption", "score": score})
        run.add("groups", {"anchor": one.sha256, "member": one.sha256})
        run.add("splits", {"anchor": one.sha256, "split": "train"})
        row = {"criterion": "rights_not_cleared", "version": "1", "verdict": "exclude", "reason": "r", "evidence": {}, "who": "c"}
        run.add(
            "decisions", {**row, "subject": archive.rows("SELECT subject FROM records WHERE source_id = 'b.jpg'")[0]["subject"]}
        )
    with runs.begin(workspace, "curate", {}) as run:
        run.add("decisions", {**row, "criterion": "strayed", "verdict": "review", "subject": made})
        run.pour()
        stored(run, b"x")
    return archive


def test_status_says_the_same_as_the_views(workspace: Path) -> None:
    archive = _filled(workspace)
    found = status(workspace)
    total = found["totals"]
    for name in ("waiting", "excluded", "unjudged"):
        assert total[name] == archive.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"], name
    for kind in ("harvested", "generated"):
        assert total[f"kept_{kind}"] == archive.rows(f"SELECT count(*) AS n FROM kept WHERE kind = '{kind}'")[0]["n"], kind
    kept = archive.rows("SELECT kind, concepts, split FROM kept")
    for row in found["concepts"]:
        shown = [one for one in kept if row["concept"] in one["concepts"]]
        assert row["kept"] == sum(one["kind"] == "harvested" for one in shown), row
        assert row["generated"] == sum(one["kind"] == "generated" for one in shown), row
    assert sum(row["harvested"] + row["generated"] for row in found["splits"]) == sum(one["split"] is not None for one in kept)
    excluded = archive.rows("SELECT criterion, count(*) AS items FROM excluded GROUP BY criterion ORDER BY items DESC, criterion")
    assert found["excluded"] == excluded


def test_an_excerpt_of_a_large_catalogue_says_what_the_whole_says(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _filled(workspace)
    correct(workspace, "a.jpg", title="Mata", who="Ana", reason="The sleeve says so.")
    made = archive.rows("SELECT subject FROM generated_records")[0]["subject"]
    whole = (why(workspace, "Mata"), matches(workspace, made[:8]))
    monkeypatch.setattr(excerpt, "SMALL", -1)
    assert (why(workspace, "Mata"), matches(workspace, made[:8])) == whole
