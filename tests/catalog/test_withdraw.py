"""A withdrawn item leaves for good: bytes, variations and words go, a tombstone stays, whatever happens in between."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded
from small_catalogue import candidate, content

from base import locks
from base.errors import BusyError, UsageError
from catalog import db, runs
from catalog.check import check
from catalog.records import Rights
from catalog.status import status
from catalog.store import Store
from catalog.subjects import find
from catalog.why import why
from catalog.withdraw import engraved, plan_withdrawal, tombstones, withdraw
from catalog.withdrawal import Withdrawal

WHY = {"reason": "The family asks for it.", "who": "Ana"}
SECRET = "Retrato de Dona Zulmira Quaresma"
WORDS = ("Zulmira", "Photographia Quaresma", "Um retrato reservado", "propriedade da familia Zz")


def _fill(workspace: Path) -> dict[str, str]:
    """One item with words everywhere, a variation of it, an export, a training run, and another item that stays."""
    archive = Archive(workspace)
    rights = Rights(
        family="by", version="4.0", raw=(("licence", "CC BY, propriedade da familia Zz"),), source_field="licence",
        confidence="code", credit_line="Photographia Quaresma, CC BY",
    )  # fmt: skip
    item = archive.add(
        "a.jpg", encoded(drawn(1, 64)), licence=rights, title=SECRET, creator="Photographia Quaresma",
        caption="Um retrato reservado", other={"box": "Zulmira 3"}, concepts=("retrato",),
    )  # fmt: skip
    other = archive.add("b.jpg", encoded(drawn(2, 64)), title="A hill")
    assert item.sha256
    assert other.sha256
    made = archive.vary(item.sha256, encoded(drawn(3, 64)))
    subject = item.candidate_id
    with runs.begin(workspace, "curate", {}) as run:
        run.add("captions", {"subject": subject, "origin": "model:x@1", "language": "pt", "text": "Zulmira sentada"})
        run.add("depictions", {"subject": subject, "concept": "retrato", "source": "caption", "score": 1.0})
        run.add("corrections", {"subject": subject, "field": "title", "value": "Zulmira Q.", "who": "Rui", "reason": "Zulmira!"})
        said = {"criterion": "near_duplicate", "version": "1", "who": "criteria", "verdict": "exclude"}
        run.add("decisions", {**said, "subject": subject, "reason": f"“{SECRET}” is blurred.", "evidence": {"title": SECRET}})
        about = {"subject": other.candidate_id, "reason": f"The same picture as “{SECRET}”.", "evidence": {"same_as": subject}}
        run.add("decisions", {**said, **about})
        for sha256 in (item.sha256, other.sha256):
            run.add("measures", {"sha256": sha256, "measure": "sharpness", "version": "1", "value": 1.0})
            run.add("groups", {"anchor": item.sha256, "member": sha256})
        run.add("splits", {"anchor": item.sha256, "split": "train"})
        pair = {"kind": "phash", "version": "1", "distance": 3.0, "orientation": "upright"}
        run.add("pairs", {"a": min(item.sha256, other.sha256), "b": max(item.sha256, other.sha256), **pair})
        run.add("proposals", {"subject": subject, "kind": "gone", "state": "open", "detail": "404 for Zulmira"})
        run.problem("sheet line 2", f"{SECRET}: the date cannot be read")
    with runs.begin(workspace, "export", {}) as run:
        for digest, folder in (("d" * 64, "shards"), ("e" * 64, "sent"), ("f" * 64, "s3://bucket/x")):
            row = {"manifest_digest": digest, "folder": folder, "purpose": "research", "selection": {}, "shards": 1, "samples": 2}
            run.add("exports", row)
            for sha256, name in ((item.sha256, subject), (made, made), (other.sha256, other.candidate_id)):
                run.add("samples", {"export": digest, "sha256": sha256, "subject": name, "split": "train", "shard": "x.tar"})
    with runs.begin(workspace, "record", {}) as run:
        run.add("trained_on", {"trained_run": "20260101T000000000000-finetune-aaaaaa", "sha256": made, "times_drawn": 3})
    (workspace / "shards").mkdir()
    (workspace / "gallery" / "thumbs").mkdir(parents=True)
    (workspace / "gallery" / "thumbs" / f"{item.sha256}.jpg").write_bytes(b"small")
    (workspace / "spool" / "snapshot-killed").mkdir()
    (workspace / "spool" / "snapshot-killed" / "snapshot.duckdb").write_bytes(b"old")
    return {"subject": subject, "sha256": item.sha256, "made": made, "other": other.candidate_id, "stays": other.sha256}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("prepared") / "workspace"
    return folder, _fill(folder)


@pytest.fixture
def filled(prepared: tuple[Path, dict[str, str]], workspace: Path) -> dict[str, str]:
    shutil.copytree(prepared[0], workspace)
    return prepared[1]


@dataclass(frozen=True)
class After:
    """The workspace after the withdrawal and a curation; nobody writes into it any more."""

    workspace: Path
    ids: dict[str, str]
    report: Withdrawal


@pytest.fixture(scope="module")
def after(prepared: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> After:
    workspace = tmp_path_factory.mktemp("after") / "workspace"
    shutil.copytree(prepared[0], workspace)
    assert len(_left_behind(workspace)) > 10
    report = withdraw(workspace, "a.jpg", **WHY)
    with runs.begin(workspace, "curate", {}):
        pass
    return After(workspace, prepared[1], report)


def _left_behind(workspace: Path) -> list[str]:
    """Files in which any of the words still stands, the gallery's page and the tombstones apart."""
    return sorted(
        f"{path.relative_to(workspace)}: {word}"
        for path in workspace.rglob("*")
        if path.is_file()
        for word in WORDS
        if word.encode() in path.read_bytes()
    )


def _assert_gone(workspace: Path, filled: dict[str, str]) -> None:
    store = Store(workspace)
    assert store.names() == {filled["stays"]}
    assert _left_behind(workspace) == []
    assert check(workspace).faults == ()
    stones = db.rows(workspace, "SELECT subject, kind, reason, who FROM withdrawn ORDER BY kind DESC")
    assert [(row["subject"], row["kind"], row["who"]) for row in stones] == [
        (filled["subject"], "harvested", "Ana"),
        (filled["made"], "generated", "Ana"),
    ]
    assert {row["subject"] for row in engraved(workspace)} == {filled["subject"], filled["made"]}
    said = db.rows(workspace, "SELECT * FROM verdicts WHERE subject = ?", [filled["subject"]])[0]
    assert (said["verdict"], said["criterion"], said["reason"]) == ("exclude", "withdrawn", f"Withdrawn: {WHY['reason']}")
    assert [row["sha256"] for row in db.rows(workspace, "SELECT sha256 FROM images")] == [filled["stays"]]


def test_a_withdrawal_is_shown_before_it_is_done_and_changes_nothing(workspace: Path, filled: dict[str, str]) -> None:
    before = content(workspace)
    planned = plan_withdrawal(workspace, "a.jpg")
    assert (planned.title, planned.done, planned.items) == (SECRET, False, (filled["subject"],))
    assert planned.bytes_removed == (filled["sha256"],)
    assert planned.variations == (filled["made"],)
    assert (planned.exports, planned.deliveries) == (("shards",), ("s3://bucket/x", "sent"))
    assert planned.training_runs == ("20260101T000000000000-finetune-aaaaaa",)
    assert planned.galleries == ("gallery",)
    assert content(workspace) == before
    assert len(Store(workspace).names()) == 3


def test_bytes_variations_and_words_go_and_a_tombstone_stays(after: After) -> None:
    assert (after.report.done, after.report.title) == (True, SECRET)
    _assert_gone(after.workspace, after.ids)
    assert not (after.workspace / "gallery" / "thumbs" / f"{after.ids['sha256']}.jpg").exists()
    assert not (after.workspace / "spool" / "snapshot-killed").exists()
    row = db.rows(after.workspace, "SELECT * FROM candidates WHERE candidate_id = ?", [after.ids["subject"]])[0]
    said = (row["rights_family"], row["rights_version"], row["source_id"], row["sha256"])
    assert said == ("by", "4.0", "a.jpg", after.ids["sha256"])
    other = db.rows(after.workspace, "SELECT reason FROM decisions WHERE subject = ?", [after.ids["other"]])
    assert other == [{"reason": "This named an item that was withdrawn."}]


def test_exports_that_still_hold_it_are_shown_until_they_are_written_again(after: After) -> None:
    still = [{"folder": folder, "withdrawn": 2} for folder in ("s3://bucket/x", "sent", "shards")]
    found = status(after.workspace)
    assert (found["exports_to_write_again"], found["proposed_withdrawals"]) == (still, [])


def test_why_tells_the_tombstone(after: After) -> None:
    for name in ("subject", "sha256", "made"):
        story = why(after.workspace, after.ids[name])
        assert story["tombstone"]["who"] == "Ana"
        assert story["record"]["outcome"] == "withdrawn"
        assert story["verdict"]["criterion"] == "withdrawn"
        assert {row["name"] for row in story["whereabouts"]} >= {"shards", "sent"}
    assert find(after.workspace, "a.jpg") == after.ids["subject"]


def test_what_was_withdrawn_is_in_no_list_of_what_may_be_used(after: After) -> None:
    for view in ("kept", "waiting", "unjudged", "passing", "generated_records"):
        rows = db.rows(after.workspace, f"SELECT subject FROM {view}")
        assert not {after.ids["subject"], after.ids["made"]} & {row["subject"] for row in rows}, view


def test_tombstones_name_what_must_not_be_taken_again(prepared: tuple[Path, dict[str, str]], after: After) -> None:
    assert tombstones(prepared[0]).candidate_ids == frozenset()
    found = tombstones(after.workspace)
    assert found.candidate_ids == {after.ids["subject"]}
    assert found.sha256s == {after.ids["sha256"], after.ids["made"]}


def test_withdrawing_again_changes_nothing(workspace: Path, filled: dict[str, str], after: After) -> None:
    shutil.rmtree(workspace)
    shutil.copytree(after.workspace, workspace)
    before = content(workspace)
    again = withdraw(workspace, filled["subject"], reason="Once more.", who="Rui")
    assert again.already
    assert again.bytes_removed == ()
    assert content(workspace) == before


def test_the_same_bytes_under_another_item_stay_and_wait_for_a_person(workspace: Path) -> None:
    archive = Archive(workspace)
    data = encoded(drawn(1, 64))
    one, two = archive.add("a.jpg", data), archive.add("b.jpg", data, source="folder:other", title="The same")
    made = archive.vary(str(one.sha256), encoded(drawn(3, 64)))
    done = withdraw(workspace, one.candidate_id, **WHY)
    assert done.bytes_removed == ()
    assert done.bytes_kept_because is not None
    assert "folder:other: b.jpg" in done.bytes_kept_because
    assert Store(workspace).names() == {one.sha256, made}
    assert tombstones(workspace).sha256s == frozenset()
    assert archive.verdict(two)[:2] == ("review", "withdrawn_copy")
    assert archive.verdict(one)[:2] == ("exclude", "withdrawn")
    assert check(workspace).faults == ()
    withdraw(workspace, two.candidate_id, **WHY)
    assert Store(workspace).names() == set()
    assert tombstones(workspace).sha256s == {one.sha256, made}


def test_all_copies_go_when_asked(workspace: Path) -> None:
    archive = Archive(workspace)
    data = encoded(drawn(1, 64))
    one, two = archive.add("a.jpg", data), archive.add("b.jpg", data, source="folder:other")
    done = withdraw(workspace, one.candidate_id, all_copies=True, **WHY)
    assert set(done.items) == {one.candidate_id, two.candidate_id}
    assert Store(workspace).names() == set()
    assert tombstones(workspace).candidate_ids == {one.candidate_id, two.candidate_id}


def test_bytes_that_an_item_held_earlier_go_too(workspace: Path) -> None:
    archive = Archive(workspace)
    earlier, later = archive.add("a.jpg", encoded(drawn(1, 64))), archive.add("a.jpg", encoded(drawn(2, 64)))
    withdraw(workspace, "a.jpg", **WHY)
    assert Store(workspace).names() == set()
    assert tombstones(workspace).sha256s == {earlier.sha256, later.sha256}


def test_one_variation_can_be_withdrawn_alone(workspace: Path, filled: dict[str, str]) -> None:
    done = withdraw(workspace, filled["made"], **WHY)
    assert (done.kind, done.bytes_removed, done.items) == ("generated", (filled["made"],), ())
    assert Store(workspace).names() == {filled["sha256"], filled["stays"]}
    assert db.rows(workspace, "SELECT prompt FROM requests") == [{"prompt": ""}]
    assert check(workspace).faults == ()


def test_nothing_is_withdrawn_while_a_stage_is_at_work(workspace: Path, filled: dict[str, str]) -> None:
    with (
        locks.held(runs.lock_path(workspace, "harvest"), "a harvest"),
        pytest.raises(BusyError, match="nothing was changed: `fototeca harvest`"),
    ):
        withdraw(workspace, "a.jpg", **WHY)
    assert db.rows(workspace, "SELECT * FROM withdrawals") == []


def test_what_a_killed_harvest_left_is_poured_first_and_blanked_too(workspace: Path, filled: dict[str, str]) -> None:
    item = candidate("a.jpg", source="folder:test", title=f"{SECRET} (2)")
    left = runs.Run(workspace, "harvest", {}, None)
    left.add("candidates", item)
    left.spool.close()
    withdraw(workspace, filled["subject"], **WHY)
    assert _left_behind(workspace) == []
    assert len(db.rows(workspace, "SELECT 1 FROM candidates WHERE candidate_id = ?", [filled["subject"]])) == 2


def test_a_withdrawal_needs_a_reason_and_a_name(workspace: Path, filled: dict[str, str]) -> None:
    for missing in ("reason", "who"):
        with pytest.raises(UsageError, match="is empty"):
            withdraw(workspace, "a.jpg", **{**WHY, missing: " "})


def test_an_unfinished_withdrawal_is_named_by_check(workspace: Path, filled: dict[str, str]) -> None:
    row: dict[str, Any] = {
        "subject": filled["subject"],
        "source": "folder:test",
        "source_id": "a.jpg",
        "sha256": filled["sha256"],
    }
    with runs.begin(workspace, "withdraw", {}) as run:
        run.add("withdrawals", {**row, **WHY})
    rules = {rule for rule, _ in check(workspace).faults}
    assert {"nothing is left of the words of a withdrawn item", "no bytes of a withdrawn picture are held"} <= rules


WORK = """
import sys
from dataclasses import dataclass
from pathlib import Path
from catalog.withdraw import withdraw
withdraw(Path(sys.argv[1]), "a.jpg", reason="The family asks for it.", who="Ana")
"""


def _work(workspace: Path, kill_at: str | None) -> int:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    environment.pop("FOTOTECA_KILL_AT", None)
    if kill_at:
        environment["FOTOTECA_KILL_AT"] = kill_at
    return subprocess.run([sys.executable, "-c", WORK, str(workspace)], env=environment, check=False).returncode


PLACES = (
    ("spool.mid_line", "withdraw.after_tombstone", "withdraw.after_bytes", "withdraw.after_spool:2"),
    ("spool.after_line", "withdraw.inside", "withdraw.before_replace"),
)


@pytest.mark.parametrize("places", PLACES)
def test_killed_at_one_point_after_another_and_run_again_it_is_complete(
    workspace: Path, filled: dict[str, str], places: tuple[str, ...]
) -> None:
    for place in places:
        assert _work(workspace, place) == -9, place
    withdraw(workspace, "a.jpg", **WHY)
    _assert_gone(workspace, filled)
    assert json.loads((workspace / "store" / "withdrawn.jsonl").read_text().splitlines()[0])["who"] == "Ana"
    assert not list(workspace.glob(".catalog*"))
