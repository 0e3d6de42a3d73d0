"""A group's split is drawn once and stays; scarce concepts stay in train; where groups meet, held-out wins."""

from curated_archive import Archive, drawn, encoded

from catalog import runs
from catalog.records import Group, Split
from curate.curate import curate
from curate.splits import Member, by_hash, draw, place, same_object


def _member(sha256: str, anchor: str | None = None, split: str | None = None, *, passes: bool = True) -> Member:
    return Member(sha256=sha256, anchor=anchor, split=split, passes=passes, concepts=(), objects=())


def test_shares_are_eight_one_one() -> None:
    counts = {"train": 0, "val": 0, "test": 0}
    for number in range(10_000):
        counts[by_hash(f"{number:064x}")] += 1
    # 0.8, 0.1, 0.1 of 10,000; three standard deviations are 120 and 90.
    assert abs(counts["train"] - 8000) < 120
    assert abs(counts["val"] - 1000) < 90


def test_a_concept_with_four_groups_stays_in_train_and_with_five_gives_one_to_val() -> None:
    four = {f"{number:064x}": ["toad"] for number in range(4)}
    assert set(draw(four, {}, set(four)).values()) == {"train"}
    five = {f"{number:064x}": ["toad"] for number in range(5)}
    drawn_now = draw(five, {}, set(five))
    assert sorted(drawn_now.values()) == ["train"] * 4 + ["val"]
    nine = {f"{number:064x}": ["toad"] for number in range(9)}
    newcomers = set(nine) - set(five)
    assert set(draw(nine, drawn_now, newcomers).values()) == {"train"}


def test_ten_groups_of_a_concept_are_drawn_by_hash() -> None:
    ten = {f"{number:064x}": ["toad"] for number in range(10)}
    assert draw(ten, {}, set(ten)) == {anchor: by_hash(anchor) for anchor in ten}


def test_the_group_given_to_val_takes_nothing_from_a_scarcer_concept() -> None:
    groups = {f"{number:064x}": ["toad"] for number in range(5)}
    groups |= {anchor: ["toad", "frog"] for anchor in list(groups)[:4]}
    drawn_now = draw(groups, {}, set(groups))
    assert [anchor for anchor, name in drawn_now.items() if name == "val"] == [f"{4:064x}"]


def test_newcomers_inherit_and_the_anchor_stays_when_a_smaller_hash_joins() -> None:
    members = {"b": _member("b", "b", "test"), "a": _member("a")}
    assert place([["a", "b"]], members) == ({"a": "b", "b": "b"}, {}, set())


def test_when_groups_meet_held_out_wins_and_train_is_evicted_not_moved() -> None:
    members = {"a": _member("a", "a", "train"), "b": _member("b", "b", "test"), "c": _member("c")}
    placed, evicted, newcomers = place([["a", "b", "c"]], members)
    assert placed == {"b": "b", "c": "b"}
    assert evicted == {"a": ("train", "b")}
    assert newcomers == set()


def test_a_held_out_picture_that_does_not_pass_evicts_nobody() -> None:
    members = {"a": _member("a", "a", "train"), "b": _member("b", "b", "test", passes=False)}
    assert place([["a", "b"]], members) == ({"a": "a"}, {}, set())


def test_only_kept_pictures_get_a_split_and_it_never_changes(archive: Archive) -> None:
    kept = [archive.add(f"{number}.png", encoded(drawn(number, 220))) for number in range(3)]
    archive.add("reserved.png", encoded(drawn(20, 220)), licence="All rights reserved")
    curate(archive.folder)
    ledger = archive.rows("SELECT anchor, split FROM splits ORDER BY anchor")
    assert [row["anchor"] for row in ledger] == sorted(str(item.sha256) for item in kept)
    archive.add("later.png", encoded(drawn(30, 220)))
    curate(archive.folder)
    after = {row["anchor"]: row["split"] for row in archive.rows("SELECT anchor, split FROM splits")}
    assert len(after) == 4
    assert {row["anchor"]: row["split"] for row in ledger}.items() <= after.items()


def test_pictures_of_one_page_share_a_group(archive: Archive) -> None:
    for number in range(3):
        archive.add(f"{number}.png", encoded(drawn(number, 220)), page_url="http://127.0.0.1/album/1")
    report = curate(archive.folder)
    assert report.groups == 1
    assert archive.rows("SELECT count(DISTINCT anchor) AS n FROM kept") == [{"n": 1}]


def test_a_page_that_half_a_source_shares_names_no_object() -> None:
    members = [
        Member(sha256=f"{n:02}", anchor=None, split=None, passes=True, concepts=(), objects=(("s", "home" if n else "own"),))
        for n in range(12)
    ]
    assert same_object(members) == []
    assert same_object(members[:3]) == [("01", "02")]


def test_a_bridge_between_train_and_test_evicts_the_training_side_with_its_variations(archive: Archive) -> None:
    train = archive.add("train.png", encoded(drawn(1, 220)))
    test = archive.add("test.png", encoded(drawn(2, 220)))
    child = archive.vary(str(train.sha256), encoded(drawn(5, 220)))
    with runs.begin(archive.folder, "curate", {}) as run:
        for item, name in ((train, "train"), (test, "test")):
            run.add("groups", Group(anchor=str(item.sha256), member=str(item.sha256)))
            run.add("splits", Split(anchor=str(item.sha256), split=name))
    curate(archive.folder)
    assert archive.verdict(train)[0] == "keep"
    for item, name in ((train, "train 2"), (test, "test 2")):  # the source now says that both are of one object
        archive.add(item.source_id, archive.store.read(str(item.sha256)), title=name, page_url="http://127.0.0.1/object/7")
    assert curate(archive.folder).evicted == 2
    verdict, criterion, reason = archive.verdict(train)
    assert (verdict, criterion) == ("exclude", "split")
    assert str(reason).startswith("It was in train and resembles a picture that is held out")
    assert archive.verdict(test)[0] == "keep"
    assert archive.rows("SELECT verdict FROM verdicts WHERE subject = $child", {"child": child}) == [{"verdict": "exclude"}]
    assert not curate(archive.folder).changed


def test_a_held_out_picture_is_not_displaced_by_a_larger_scan(archive: Archive) -> None:
    held_out = archive.add("small.png", encoded(drawn(1, 220)))
    with runs.begin(archive.folder, "curate", {}) as run:
        run.add("groups", Group(anchor=str(held_out.sha256), member=str(held_out.sha256)))
        run.add("splits", Split(anchor=str(held_out.sha256), split="test"))
    larger = archive.add("large.png", encoded(drawn(1, 500)))
    curate(archive.folder)
    assert archive.verdict(held_out)[0] == "keep"
    assert "which is held out for testing" in str(archive.verdict(larger)[2])
    assert not curate(archive.folder).changed
