"""A variation must lie in a window: not so far that its prompt no longer holds, not so near that it is a copy."""

from pathlib import Path

import pytest
from seen_archive import COPY, SEMANTIC, SeenArchive, sha256_of

PROMPT = "a gourd"
IN_PROMPT = sha256_of(PROMPT)

STRAYED = [
    # name, likeness to its prompt, its parent's to the same prompt, likeness to its parent; what is said of it
    ("holds", 0.30, 0.28, 0.90, None),
    ("fallen a little", 0.25, 0.28, 0.90, None),
    ("fallen exactly as far as allowed", 0.23, 0.28, 0.90, None),
    ("strayed", 0.20, 0.28, 0.70, "likeness 0.2, where the picture it varies has 0.28 and a fall of at most 0.05 is allowed."),
    ("far from its parent", 0.28, 0.28, 0.499, "too far from the picture it varies: likeness 0.499, where at least 0.5"),
    ("as far as allowed", 0.28, 0.28, 0.50, None),
    ("caption holds, not compared with its parent", 0.28, 0.28, None, None),
    ("never compared", None, 0.28, 0.90, None),
    ("parent never compared", 0.10, None, 0.90, None),
    ("fallen, not compared with its parent", 0.20, 0.28, None, "likeness 0.2, where the picture it varies has 0.28"),
]

COPIES = [
    # name, likeness by open_clip, by SSCD, bits apart, correlation, paired; what is said of it
    ("varied", 0.90, 0.60, 6.0, 0.87, True, None),
    ("no near hash", 0.90, 0.60, None, None, True, None),
    ("at both bars", 0.99, 0.90, None, None, True, None),
    ("a copy to open_clip", 0.991, 0.60, None, None, True, "likeness 0.991, where at most 0.99 is allowed."),
    ("a copy to SSCD", 0.90, 0.91, None, None, True, "likeness 0.91 to a model for copies, where at most 0.9 is allowed."),
    ("a copy by its hash", 0.90, 0.60, 2.0, 0.98, True, "2 bits apart, correlation 0.98."),
    ("a near hash not confirmed", 0.90, 0.60, 2.0, 0.97, True, None),
    ("a near hash not looked at again", 0.90, 0.60, 0.0, None, True, None),
    ("a farther hash not looked at again", 0.90, 0.60, 4.0, None, True, None),
    ("never hashed", 0.90, 0.60, None, None, False, None),
    ("not seen by SSCD", 0.90, None, None, None, True, None),
    ("not seen by open_clip, a copy to SSCD", None, 0.95, None, None, False, "likeness 0.95 to a model for copies"),
]


@pytest.fixture(scope="module")
def strayed(tmp_path_factory: pytest.TempPathFactory) -> SeenArchive:
    archive = SeenArchive(tmp_path_factory.mktemp("strayed"), "strayed_from_caption")
    for name, own, before, moved, _ in STRAYED:
        parent = archive.item(f"parent of {name}", caption="A gourd of silver")
        made = archive.variation(name, f"parent of {name}", PROMPT)
        archive.likeness(parent, "caption", sha256_of("A gourd of silver"), 0.9)  # other words than the prompt
        archive.likeness(parent, "caption", IN_PROMPT, before)
        archive.likeness(made, "caption", IN_PROMPT, own)
        archive.likeness(made, "parent", sha256_of(f"parent of {name}"), moved)
        archive.likeness(made, "parent", sha256_of(f"parent of {name}"), 0.1, COPY)  # another kind of model
        archive.embedded([name, f"parent of {name}"])
        archive.embedded([name, f"parent of {name}"], "copy")
    report = archive.curate()
    assert report.abstained["strayed_from_caption"] == 3
    return archive


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> SeenArchive:
    archive = SeenArchive(tmp_path_factory.mktemp("copies"), "copy_of_parent")
    for name, shown, copied, distance, verified, paired, _ in COPIES:
        archive.item(f"parent of {name}")
        made = archive.variation(name, f"parent of {name}")
        archive.likeness(made, "parent", sha256_of(f"parent of {name}"), shown)
        archive.likeness(made, "parent", sha256_of(f"parent of {name}"), copied, COPY)
        if distance is not None:
            archive.pair(name, f"parent of {name}", "phash", distance, verified)
            archive.pair(name, f"parent of {name}", "copy", 0.0)  # of another kind: no hash
        for one in (name, f"parent of {name}") if paired else ():
            archive.fact(one, "paired", value=1.0)
        archive.embedded([name])
        archive.embedded([name], "copy")
    report = archive.curate()
    assert report.abstained["copy_of_parent"] == 3
    return archive


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, *_, said in STRAYED])
def test_a_variation_that_its_prompt_no_longer_fits_goes(strayed: SeenArchive, name: str, said: str | None) -> None:
    verdict, reason = strayed.decided().get(name, (None, None))
    assert verdict == (said and "exclude")
    assert said is None or said in str(reason)


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, *_, said in COPIES])
def test_a_variation_that_adds_nothing_goes(copies: SeenArchive, name: str, said: str | None) -> None:
    verdict, reason = copies.decided().get(name, (None, None))
    assert verdict == (said and "exclude")
    assert said is None or said in str(reason)


def test_the_three_cosines_of_the_window_are_the_evidence(strayed: SeenArchive) -> None:
    assert strayed.evidence("strayed") == {
        "likeness_to_parent": 0.7,
        "likeness_to_prompt": 0.2,
        "model": SEMANTIC,
        "parents_likeness_to_prompt": 0.28,
    }


OUT = "keep → exclude"
BACK = "exclude → keep"


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("max_drop=0.04", {"fallen exactly as far as allowed": OUT}),
        ("max_drop=0.08", {"strayed": BACK}),  # how near the other is to its parent is not known: its last word stays
        ("min_likeness=0.23", {"parent never compared": OUT}),  # below, not at
        ("min_parent_likeness=0.95", {name: OUT for name, *_, moved, said in STRAYED if moved and said is None}),
        ("min_parent_likeness=none", {"far from its parent": BACK}),
        ("min_parent_likeness=-1", {"far from its parent": BACK}),
        ("verdict=review", {name: "exclude → review" for name, *_, said in STRAYED if said}),
    ],
)
def test_what_would_change_on_the_far_side(strayed: SeenArchive, change: str, moves: dict[str, str]) -> None:
    assert strayed.moved(change) == moves


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ("max_likeness=0.989", {"at both bars": OUT}),
        ("max_copy_likeness=0.92", {"a copy to SSCD": BACK}),
        ("max_distance_bits=1", {"a copy by its hash": BACK}),
        ("min_correlation=0.97", {"a near hash not confirmed": OUT}),
        ("verdict=review", {name: "exclude → review" for name, *_, said in COPIES if said}),
    ],
)
def test_what_would_change_on_the_near_side(copies: SeenArchive, change: str, moves: dict[str, str]) -> None:
    assert copies.moved(change) == moves


def test_without_models_the_hash_alone_decides_and_nothing_is_said_to_be_missing(workspace: Path) -> None:
    archive = SeenArchive(workspace, "copy_of_parent")
    workspace.mkdir()
    (workspace / "concepts.toml").write_text(
        '[[concept]]\nname = "cuia"\nwords = {}\nclass_noun = "gourd"\nrare_token = "sks"\n', encoding="utf-8"
    )
    archive.item("parent", concepts=("cuia",))
    for name in ("copy", "varied"):
        archive.variation(name, "parent")
        archive.fact(name, "paired", value=1.0)
    archive.fact("parent", "paired", value=1.0)
    archive.pair("copy", "parent", "phash", 0.0, 1.0)
    report = archive.curate()
    assert list(archive.decided()) == ["copy"]
    ours = ("copy_of_parent", "off_concept", "same_subject_copy", "strayed_from_caption")
    assert [report.abstained[name] for name in ours] == [0, 0, 0, 0]
