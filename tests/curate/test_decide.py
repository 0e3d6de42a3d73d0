"""A person's word outranks every criterion, and rights or an opt-out only with evidence."""

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from catalog.records import OptOut
from curate.curate import curate
from curate.decide import decide


def test_a_person_leaves_out_what_the_criteria_keep(archive: Archive) -> None:
    item = archive.add("atelier/a.png", encoded(drawn(1)))
    curate(archive.folder)
    decided = decide(archive.folder, "a.png", "exclude", reason="The family asked us.", who="Ana")
    assert decided.subject == item.candidate_id
    assert archive.verdict(item) == ("exclude", "person", "The family asked us.")
    curate(archive.folder)
    assert archive.verdict(item)[1] == "person"


def test_a_person_keeps_a_small_scan_and_what_that_overrules_is_written_down(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1, 100)))
    curate(archive.folder)
    decided = decide(archive.folder, str(item.sha256)[:12], "keep", reason="The only one.", who="Ana")
    assert decided.evidence == {"evidence": None, "overrules": ["too_small"]}
    assert archive.verdict(item)[0] == "keep"


def test_rights_are_overruled_only_with_evidence(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), licence="")
    curate(archive.folder)
    with pytest.raises(UsageError, match="--evidence"):
        decide(archive.folder, item.candidate_id, "keep", reason="I know.", who="Ana")
    decide(archive.folder, item.candidate_id, "keep", reason="Agreed.", who="Ana", evidence="letter of 3 May 1998")
    assert archive.verdict(item)[0] == "keep"
    curate(archive.folder)
    assert archive.rows("SELECT sha256 FROM kept") == [{"sha256": item.sha256}]


def test_what_no_curation_has_seen_needs_evidence_too(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), opt_outs=(OptOut(channel="x-robots-tag", value="noai", where="http://x"),))
    with pytest.raises(UsageError, match="opted_out"):
        decide(archive.folder, item.candidate_id, "keep", reason="I know.", who="Ana")


def test_empty_words_and_unknown_subjects_are_refused(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1)))
    with pytest.raises(UsageError, match="--reason is empty"):
        decide(archive.folder, "a.png", "exclude", reason=" ", who="Ana")
    with pytest.raises(UsageError, match=r"nothing here is called 'b.png'"):
        decide(archive.folder, "b.png", "exclude", reason="x", who="Ana")
    with pytest.raises(UsageError, match="keep or exclude"):
        decide(archive.folder, "a.png", "review", reason="x", who="Ana")
