"""A safety checker flags variations: a person looks, the picture's bytes stay, and harvested pictures are not shown to it."""

from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from tiny_scorers import Brightness, save

from base.errors import UsageError
from curate import measure_by_model
from curate.curate import curate
from curate.decide import decide
from curate.settings import Models

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def _verdict(archive: Archive, sha256: str) -> tuple[str, str | None, str | None]:
    row = archive.rows("SELECT verdict, criterion, reason FROM verdicts WHERE subject = $subject", {"subject": sha256})[0]
    return row["verdict"], row["criterion"], row["reason"]


def test_what_a_checker_flags_waits_for_a_person_and_stays_as_it_is(archive: Archive) -> None:
    save(Brightness(), archive.folder / "safety.pt")  # it flags what is bright
    (archive.folder / "curation.toml").write_text('[models]\nsafety = "safety.pt"\n')
    item = archive.add("a.png", encoded(drawn(1).point(lambda level: 128 + level / 2)))
    bright = encoded(drawn(2).point(lambda level: 128 + level / 2))
    flagged = archive.vary(item.sha256 or "", bright)
    calm = archive.vary(item.sha256 or "", encoded(drawn(3).point(lambda level: level * 0.6)), seed=2)
    assert curate(archive.folder).abstained["flagged_unsafe"] == 0
    verdict, criterion, reason = _verdict(archive, flagged)
    assert (verdict, criterion) == ("review", "flagged_unsafe")
    assert str(reason).startswith("A safety checker flags it: 0.7")
    assert _verdict(archive, calm)[0] == "keep"
    assert archive.verdict(item)[0] == "keep"
    assert archive.store.path(flagged).read_bytes() == bright
    shown = archive.rows("SELECT sha256 FROM measures WHERE measure = 'unsafe' ORDER BY sha256")
    assert [row["sha256"] for row in shown] == sorted([flagged, calm])
    decide(archive.folder, flagged, "keep", reason="A bright sky.", who="Rosa")
    curate(archive.folder)
    assert archive.rows("SELECT count(*) AS n FROM measures WHERE measure = 'unsafe'") == [{"n": 2}]
    assert _verdict(archive, flagged)[:2] == ("keep", "person")
    assert [row["sha256"] for row in archive.rows("SELECT sha256 FROM kept WHERE kind = 'generated' ORDER BY sha256")] == sorted(
        [flagged, calm]
    )
    assert archive.store.path(flagged).read_bytes() == bright


def test_without_a_checker_nothing_is_asked(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)))
    archive.vary(item.sha256 or "", encoded(drawn(2)))
    assert curate(archive.folder).abstained["flagged_unsafe"] == 0
    assert archive.rows("SELECT count(*) AS n FROM decisions WHERE criterion = 'flagged_unsafe'") == [{"n": 0}]


def test_a_checker_is_a_file_and_no_embedding() -> None:
    with pytest.raises(UsageError, match="safety is 'embedding': there is no file"):
        measure_by_model.asked(Path("/nowhere"), Models(safety="embedding"))
