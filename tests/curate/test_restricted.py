"""What a community asks not to be used is left out in its own words, wherever the list's names occur."""

from pathlib import Path

import pytest
from case_table import CaseTable
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from curate import restricted
from curate.curate import curate
from curate.settings import CurationSettings

MASKS = restricted.Entry(
    reason="These masks are shown only to those who are initiated.",
    by="Council of elders, 3 March 2026",
    words={"pt": ["máscara ritual"], "en": ["ritual mask"], "zh": ["儺面"]},
)
GRAVES = restricted.Entry(reason="Ask us first.", by="The quilombo", verdict="review", concepts=("cemitério",), ids=("IMG_7",))
LISTED = CurationSettings(restricted=(MASKS, GRAVES))


def test_words_concepts_and_ids_are_found_and_the_community_is_quoted() -> None:
    table = CaseTable()
    fine = {"decode": "ok"}
    table.add("plural", fine, title="Máscaras rituais")
    table.add("title", fine, title="MASCARA_RITUAL, século XIX")
    table.add("caption", fine, title="Uma festa", caption="um homem com máscara  ritual")
    table.add("fullwidth", fine, title="ｒｉｔｕａｌ ｍａｓｋ")
    table.add("chinese", fine, title="儺面 (nuomian)")
    table.add("part of a word", fine, title="ritual masking tape")
    table.add("concept", fine, concepts=["cemitério"])
    table.add("source id", None, source_id="IMG_7")
    table.add("both", fine, title="ritual mask", concepts=["cemitério"])
    found = table.answers("restricted_subject", LISTED)
    assert {name: answer[0] for name, answer in found.items()} == {
        "title": "exclude",
        "caption": "exclude",
        "fullwidth": "exclude",
        "chinese": "exclude",
        "both": "exclude",
        "concept": "review",
        "source id": "review",
    }
    assert found["caption"] == (
        "exclude",
        "Not to be used, by the word of Council of elders, 3 March 2026: “These masks are shown only to those who are initiated”"
        " (its title or caption says “máscara ritual”).",
        {"by": "Council of elders, 3 March 2026", "kind": "word", "named": "máscara ritual"},
    )
    assert (
        found["source id"][1]
        == "To be looked at first, by the word of The quilombo: “Ask us first” (the list names it). A person must look."
    )
    assert table.answers("restricted_subject", CurationSettings()) == {}


def test_a_file_is_named_by_its_sha256() -> None:
    table = CaseTable()
    sha256 = table.add("a", {"decode": "ok"})
    table.add("b", {"decode": "ok"})
    entry = restricted.Entry(reason="Taken without consent", by="The family", ids=(sha256,))
    assert list(table.answers("restricted_subject", CurationSettings(restricted=(entry,)))) == ["a"]


def test_the_list_is_judged_again_when_the_file_changes_and_a_keep_needs_evidence(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), title="Máscara ritual")
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"
    path = archive.folder / "restricted.toml"
    path.write_text(
        '[[restricted]]\nreason = "Not ours to show."\nby = "Ana"\nwords = {pt = ["mascara ritual"]}\n', encoding="utf-8"
    )
    report = curate(archive.folder)
    assert archive.verdict(item)[:2] == ("exclude", "restricted_subject")
    assert report.new_verdicts["restricted_subject"] == 1
    path.unlink()
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"


def test_the_example_restricts_nothing_and_reads_well_without_its_signs(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = (Path(request.config.rootpath) / "docs/examples/restricted.toml").read_text(encoding="utf-8")
    (tmp_path / "restricted.toml").write_text(text, encoding="utf-8")
    assert restricted.read(tmp_path) == ()
    begin = text.index("# [[restricted]]")
    lines = [line.removeprefix("# ") for line in text[begin:].splitlines() if line != "#"]
    (tmp_path / "restricted.toml").write_text("\n".join(lines), encoding="utf-8")
    first, second = restricted.read(tmp_path)
    assert (first.verdict, second.verdict) == ("exclude", "review")
    assert "ritual mask" in first.words["en"]
    assert second.ids == ("IMG_0412.jpg", "ark:/12345/x7")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[restricted]]\nby = "Ana"\nids = ["1"]', "missing key 'reason'"),
        ('[[restricted]]\nreason = " "\nby = "Ana"\nids = ["1"]', "reason is empty"),
        ('[[restricted]]\nreason = "r"\nby = "Ana"', "name nothing"),
        ('[[restricted]]\nreason = "r"\nby = "Ana"\nwords = {pt = "mask"}', "words are lists by language"),
        ('[[restricted]]\nreason = "r"\nby = "Ana"\nids = ["1"]\nverdict = "keep"', "'keep'"),
        ('[[restrict]]\nreason = "r"', "did you mean 'restricted'"),
    ],
)
def test_a_slip_in_the_list_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "restricted.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        restricted.read(tmp_path)
