"""Pairs of near hashes are looked at once, whatever happens on the way: new against all, a killed run, a crowd, a bad file."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image

from catalog import runs
from catalog.records import Embedding, Link, Measure
from curate import confirm, pair
from curate.criteria import near_duplicate
from curate.curate import curate
from curate.what_if import what_if
from pixels.hashes import ORIENTATIONS, PHASH_VERSION, aligned_grey


def _hashed(archive: Archive, hashes: Mapping[str, int], fresh: bool = True) -> None:
    """Images without files that have these hashes."""
    with runs.begin(archive.folder, "harvest", {}) as run:
        for number, (sha256, bits) in enumerate(hashes.items()):
            row = {"sha256": sha256, "origin": "harvested", "format": "PNG", "width_px": 300 + number, "height_px": 300}
            run.add("images", {**row, "size_bytes": 1, "sha1": None})
            run.add("measures", Measure(sha256=sha256, measure="phash", version=PHASH_VERSION, bits=bits))
            if not fresh:
                mark = Measure(sha256=sha256, measure="paired", version=pair.pairs_version(8), value=1.0)
                run.add("measures", mark)


def _proposed(archive: Archive) -> tuple[list[str], dict[tuple[str, str], list[confirm.Way]]]:
    with tempfile.TemporaryDirectory() as folder, pair.near(archive.folder, Path(folder)) as found:
        return found.fresh, {(a, b): list(ways) for chunk in found.chunks() for a, b, ways in chunk}


def test_new_pictures_are_compared_with_old_ones_and_old_ones_not_again(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1, 300)))
    archive.add("b.png", encoded(drawn(2, 300)))
    curate(archive.folder)
    archive.add("c.jpg", encoded(drawn(2, 280), "JPEG"))
    assert _proposed(archive) == ([], {})  # not measured yet
    assert curate(archive.folder).pairs == 1
    assert _proposed(archive) == ([], {})


def test_five_thousand_equal_hashes_are_paired_with_the_largest_few_only(archive: Archive) -> None:
    _hashed(archive, {f"{number:064x}": 0x00FF00FF00FF00FF for number in range(5000)})
    fresh, found = _proposed(archive)
    assert len(fresh) == 5000
    largest = {f"{number:064x}" for number in range(4990, 5000)}
    assert len(found) == 4990 * 10 + 10 * 9 // 2
    assert all({a, b} & largest for a, b in found)


def test_hashes_of_flat_pictures_are_never_paired(archive: Archive) -> None:
    _hashed(archive, {"a" * 64: 1 << 63, "b" * 64: 1 << 63, "c" * 64: (1 << 31) - 1, "d" * 64: (1 << 31) - 1})
    assert _proposed(archive)[1] == {}


def test_a_picture_once_paired_less_far_out_is_compared_again_when_the_reach_widens(archive: Archive) -> None:
    near, far = 0x00000000FFFFFFFF, 0x00000000FFFFFFFF ^ 0xFF ^ (0xF << 32) ^ 0xF0
    _hashed(archive, {"a" * 64: near})
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add("measures", Measure(sha256="a" * 64, measure="paired", version=pair.pairs_version(6), value=1.0))
    _hashed(archive, {"b" * 64: far}, fresh=False)
    fresh, found = _proposed(archive)
    assert fresh == ["a" * 64]
    assert found == {("a" * 64, "b" * 64): [("upright", "full", "full", 8)]}


def test_pairs_that_a_killed_run_had_spooled_are_not_looked_at_again(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        archive.add(f"{number}.png", encoded(drawn(number // 2, 280 + number)))
    confirmed = confirm.Confirmer.confirm
    looked_at: list[tuple[str, str]] = []

    def dying(self: confirm.Confirmer, asks: Sequence[confirm.Ask]) -> object:
        if len(looked_at) == 1:
            raise KeyboardInterrupt
        looked_at.extend((a, b) for a, b, _ in asks)
        return confirmed(self, asks)

    monkeypatch.setattr(pair, "CHUNK", 1)
    monkeypatch.setattr(confirm.Confirmer, "confirm", dying)
    with pytest.raises(KeyboardInterrupt):
        curate(archive.folder)
    monkeypatch.setattr(confirm.Confirmer, "confirm", confirmed)
    assert curate(archive.folder).pairs == 1
    pairs = archive.rows("SELECT a, b, count(*) AS times FROM pairs GROUP BY ALL")
    assert len(pairs) == 2
    assert {row["times"] for row in pairs} == {1}


def test_a_file_that_is_gone_or_spoilt_leaves_its_pair_unverified_and_the_others_whole(archive: Archive) -> None:
    items = [archive.add(f"{number}.png", encoded(drawn(number // 2, 280 + number))) for number in range(4)]
    curate(archive.folder)
    asks = list(_again(archive))
    archive.store.path(str(items[0].sha256)).unlink()
    spoilt = archive.store.path(str(items[2].sha256))
    spoilt.chmod(0o644)
    spoilt.write_bytes(b"\x89PNG\r\n\x1a\n")
    with tempfile.TemporaryDirectory() as folder:
        pairs = confirm.Confirmer(archive.store, Path(folder)).confirm(asks)
    assert [one.verified for one in pairs] == [None, None]
    assert all(one.verified_by is None for one in pairs)


def _again(archive: Archive) -> list[confirm.Ask]:
    rows = archive.rows("SELECT a, b, orientation, distance::INTEGER AS distance FROM pairs ORDER BY a, b")
    return [(row["a"], row["b"], (("upright", "full", "full", row["distance"]),)) for row in rows]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_grey_is_laid_as_its_picture_would_be(orientation: str) -> None:
    grey = drawn(4, 64).convert("L")
    laid = confirm._TURNS[orientation](np.asarray(grey))
    assert np.array_equal(laid, aligned_grey(grey, "full", orientation))


def test_another_threshold_is_a_question_of_sql(archive: Archive) -> None:
    archive.add("large.png", encoded(drawn(1, 300)))
    archive.add("cropped.png", encoded(drawn(1, 300).crop((7, 7, 293, 293)).resize((250, 250))))
    curate(archive.folder)
    distance = archive.rows("SELECT distance::INTEGER AS bits FROM pairs")[0]["bits"]
    assert 2 <= distance <= 8
    assert archive.rows("SELECT criterion FROM excluded") == [{"criterion": "near_duplicate"}]
    found = what_if(archive.folder, [f"near_duplicate.max_distance_bits={distance - 2}"])
    assert found.moved == ({"before": "exclude", "after": "keep", "pictures": 1},)
    assert what_if(archive.folder, ['near_duplicate.max_distance_bits="auto"']).moved == ()
    (archive.folder / "curation.toml").write_text(f"[criteria.near_duplicate]\nmax_distance_bits = {distance - 2}\n")
    assert curate(archive.folder).exclude == 0


def test_a_model_for_copies_confirms_what_the_correlation_leaves_open(archive: Archive) -> None:
    large = archive.add("large.png", encoded(drawn(1, 400)))
    other = archive.add("other.png", encoded(_half_redrawn()))
    curate(archive.folder)
    row = archive.rows("SELECT a, b, verified FROM pairs")[0]
    assert near_duplicate.PARAMS.min_seen_alike < row["verified"] < near_duplicate.PARAMS.min_correlation
    assert archive.verdict(other)[0] == "keep"
    with runs.begin(archive.folder, "curate", {}) as run:
        for sha256, vector in ((str(large.sha256), (1.0, 0.0)), (str(other.sha256), (0.8, 0.6))):
            run.add("embeddings", Embedding(sha256=sha256, kind="copy", version="sscd/1", vector=vector))
    curate(archive.folder)
    verdict, criterion, reason = archive.verdict(other)
    assert (verdict, criterion) == ("exclude", "near_duplicate")
    assert str(reason).endswith("likeness by a model for copies 0.8.")


def _half_redrawn() -> Image.Image:
    """The picture, with fine grain laid over it, which the hash does not see."""
    grain = np.random.default_rng(1).integers(-45, 45, (64, 64, 1)).repeat(5, 0).repeat(5, 1)
    return Image.fromarray(np.clip(np.asarray(drawn(1, 320)).astype(int) + grain, 0, 255).astype(np.uint8))


def test_a_cannot_link_keeps_a_proven_copy_but_never_in_another_split(archive: Archive) -> None:
    one = archive.add("a.png", encoded(drawn(1, 300)))
    two = archive.add("b.jpg", encoded(drawn(1, 280), "JPEG"))
    a, b = sorted((str(one.sha256), str(two.sha256)))
    with runs.begin(archive.folder, "decide", {}) as run:
        run.add("links", Link(a=a, b=b, kind="cannot", reason="two prints", who="Ana"))
    report = curate(archive.folder)
    assert (archive.verdict(one)[0], archive.verdict(two)[0]) == ("keep", "keep")
    assert report.groups == 1


def test_copies_that_are_equal_but_for_their_source_stay_by_trust_in_it(archive: Archive) -> None:
    picture = drawn(1, 300)
    gathered = archive.add("a.png", encoded(picture), source="openverse")
    museum = archive.add("b.png", encoded(picture, compress_level=1), source="met")
    curate(archive.folder)
    assert archive.verdict(museum)[0] == "keep"
    assert "whose source comes first in the list of trusted sources" in str(archive.verdict(gathered)[2])
    (archive.folder / "curation.toml").write_text('[criteria.near_duplicate]\ntrusted_sources = ["openverse"]\n')
    curate(archive.folder)
    assert archive.verdict(gathered)[0] == "keep"


def test_the_better_described_of_two_equal_scans_stays(archive: Archive) -> None:
    picture = drawn(1, 300)
    bare = archive.add("a.png", encoded(picture))
    told = archive.add("b.png", encoded(picture, compress_level=1), creator="Ana", creation_date="1890", source="openverse")
    curate(archive.folder)
    assert archive.verdict(told)[0] == "keep"
    assert "which is better described" in str(archive.verdict(bare)[2])
