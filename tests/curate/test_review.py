"""What waits for a person is shown beside what it is like, with every word of a source escaped, and given back as a sheet."""

import base64
import hashlib
import io
import re
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image
from waiting_archive import add_many, beside, empty_archive, let_wait, subjects_of

from base.errors import UsageError
from curate.decide import decide_from
from curate.decisions_file import read_sheet
from curate.review import what_waits, write_review
from curate.review_items import PAGE_ITEMS, Item, Reason, Star, _laid, pages
from curate.thumbnails import SIDE_PX, make_thumbnails
from pixels.hashes import ORIENTATIONS, aligned_grey

HOSTILE = "<script>alert(1)</script>\"'><img src=//evil.example/x onerror=alert(2)> \u202eexe.gpj ${7*7} &lt;b&gt; \x00\x07 عنوان"
ITEMS_LOTS = 1000
EXPECTED_TAGS = frozenset(re.findall(r"\w+", """
    html head meta title style script body noscript header main footer section nav article div figure figcaption fieldset legend
    h1 h2 h3 p a b bdi br span small kbd ul li dl dt dd label input button img
"""))  # fmt: skip


class Markup(HTMLParser):
    """The tags of a page, with their attributes, and its text outside of script and style."""

    def __init__(self, text: str) -> None:
        """Read it all."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))
        self._open = tag if tag in self.inside else ""

    def handle_endtag(self, tag: str) -> None:
        """Script and style end here."""
        self._open = ""

    def handle_data(self, data: str) -> None:
        """Keep it where it belongs."""
        (self.inside[self._open] if self._open else self.words).append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all tags of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def archive(workspace: Path) -> Archive:
    """An empty archive that is quickly made."""
    return empty_archive(workspace)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two pictures with hostile words in every field, one of them the other's mirror image; their review is beside them."""
    archive = empty_archive(tmp_path_factory.mktemp("hostile") / "workspace")
    words: dict[str, Any] = {"creator": HOSTILE, "caption": HOSTILE, "page_url": "javascript:alert(3)"}
    best = archive.add("best.png", encoded(drawn(1, 32)), title="Best", page_url='https://x.example/?a="><script>', creator="Ana")
    evil = archive.add(f"=evil{HOSTILE[:30]}.png", encoded(drawn(2, 32)), title=HOSTILE + "x" * 5000, **words)
    beside(archive, {evil.candidate_id: ""}, best=best.candidate_id, orientation="mirrored", distance_bits=4)
    let_wait(archive, [evil.candidate_id], reason=HOSTILE, evidence={HOSTILE: HOSTILE})
    write_review(archive.folder, archive.folder / "review")
    return archive


def test_words_of_strangers_stay_words(hostile: Archive) -> None:
    text = (hostile.folder / "review" / "page-001.html").read_text(encoding="utf-8")
    page = Markup(text)
    assert {name for name, _ in page.tags} <= EXPECTED_TAGS
    assert len(page.of("script")) == 1
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            address = attributes.get(name) or ""
            assert re.fullmatch(r"|thumbs/[0-9a-f]{64}\.jpg|index\.html|https://x\.example/.*", address), address
    assert not re.search("[\u202a-\u202e\x00\x07]", text)
    assert max(len(words) for words in page.words) < 500
    assert "<script>alert(1)</script>" in "".join(page.words)
    assert 160 in [len(words) for words in page.words if words.startswith("<script>") and words.endswith("…")], "the title"


def test_the_policy_lets_in_this_script_and_style_and_nothing_else(hostile: Archive) -> None:
    for path in (hostile.folder / "review").glob("*.html"):
        page = Markup(path.read_text(encoding="utf-8"))
        (policy,) = [one["content"] or "" for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
        for kind in ("script", "style"):
            digest = base64.b64encode(hashlib.sha256("".join(page.inside[kind]).encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'; img-src 'self' file:; base-uri 'none'; form-action 'none'; ")
        assert "http" not in policy


def test_a_copy_is_shown_beside_what_it_is_a_copy_of_and_laid_the_same_way(hostile: Archive) -> None:
    page = Markup((hostile.folder / "review" / "page-001.html").read_text(encoding="utf-8"))
    centre, member = page.of("article")
    assert centre["class"] == "centre"
    assert member["data-other"] == subjects_of(hostile)["best.png"]
    best, as_is, laid = page.of("img")
    assert as_is["src"] == laid["src"] != best["src"]
    assert laid["class"] == "lay-mirrored"
    words = " ".join(page.words)
    for shown in ("distance bits", "correlation", "0.987", "32 × 32 · PNG", "CC BY 4.0", "folder:test", "Ana"):
        assert shown in words
    fields = page.of("input")
    assert [one["value"] for one in fields if one["type"] == "radio"] == ["keep", "exclude", "undecided", "same", "different"]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_turned_copy_is_laid_back(orientation: str) -> None:
    picture = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    as_other = aligned_grey(picture, "full", orientation, side_px=8)
    assert np.array_equal(aligned_grey(picture, "full", _laid(orientation, is_first=True), side_px=8), as_other)
    turned = Image.fromarray(as_other.astype(np.uint8))
    back = aligned_grey(turned, "full", _laid(orientation, is_first=False), side_px=8)
    assert np.array_equal(back, np.asarray(picture, dtype=float))


def test_thumbnails_are_small_clean_jpegs_of_any_picture(archive: Archive, tmp_path: Path) -> None:
    deep = Image.fromarray((np.linspace(0, 65535, 900 * 300).reshape(300, 900)).astype(np.uint16))
    sheets = {
        "cmyk.tif": encoded(drawn(1, 600).convert("CMYK"), "TIFF"),
        "deep.png": encoded(deep),
        "words.jpg": encoded(drawn(2, 600), "JPEG", comment=b"secret", exif=b"Exif\0\0secret"),
        "broken.jpg": encoded(drawn(3, 600), "JPEG")[:900],
    }
    archive.add_all(sheets)
    names = {row["source_id"]: row["sha256"] for row in archive.rows("SELECT source_id, sha256 FROM harvested_records")}
    (tmp_path / "thumbs").mkdir()
    (tmp_path / "thumbs" / "stale.jpg").write_bytes(b"x")
    shown = make_thumbnails(archive.folder, names.values(), tmp_path / "thumbs")
    assert shown == set(names.values()) - {names["broken.jpg"]}
    assert {path.stem for path in (tmp_path / "thumbs").iterdir()} == shown
    for sha256 in shown:
        data = (tmp_path / "thumbs" / f"{sha256}.jpg").read_bytes()
        assert b"secret" not in data
        with Image.open(io.BytesIO(data)) as small:
            assert (small.format, small.mode, max(small.size) <= SIDE_PX) == ("JPEG", "RGB", True)


def test_pages_are_cut_and_a_large_star_goes_on_beside_its_centre() -> None:
    centre = _item(0)
    star = Star(criterion="near_duplicate", centre=centre, items=tuple(_item(at) for at in range(1, 451)))
    single = Star(criterion="blurred", centre=None, items=(_item(999),))
    cut = pages([star, single])
    assert [sum(len(one.items) for one in page) for page in cut] == [PAGE_ITEMS, PAGE_ITEMS, 51]
    assert all(page[0].centre is centre for page in cut)


def _item(number: int) -> Item:
    row = {"subject": f"{number:032x}", "sha256": f"{number:064x}", "criterion": "blurred", "title": "", "kind": "harvested"}
    return Item(row=row, reasons=(Reason(criterion="blurred", reason="x", evidence={}),))


def test_what_waits_is_counted_and_chosen_by_criterion_and_concept(archive: Archive, tmp_path: Path) -> None:
    first = archive.add("a.png", encoded(drawn(1, 24)), concepts=("cuia", "bomba"))
    second = archive.add("b.png", encoded(drawn(2, 24)))
    copy = archive.add("copy.png", encoded(drawn(3, 24)))
    let_wait(archive, [first.candidate_id, second.candidate_id])
    let_wait(archive, [second.candidate_id], criterion="rights_not_cleared")
    beside(archive, {copy.candidate_id: ""}, best=first.candidate_id, verdict="exclude")
    found = what_waits(archive.folder)
    assert (found.waiting, found.near_duplicates) == (2, 1)
    assert [tuple(row.values()) for row in found.rows] == [
        ("blurred", "(none)", 1),
        ("blurred", "bomba", 1),
        ("blurred", "cuia", 1),
        ("rights_not_cleared", "(none)", 1),
    ]
    folder = tmp_path / "review"
    assert write_review(archive.folder, folder, concept="cuia").items == 1
    assert write_review(archive.folder, folder, criterion="rights_not_cleared").items == 1
    page = Markup((folder / "page-001.html").read_text(encoding="utf-8"))
    assert any(one.get("class") == "evidence" for one in page.of("input")), "rights are overruled with evidence only"
    assert not (folder / "near-duplicates-001.html").exists()
    report = write_review(archive.folder, folder, near_duplicates=True)
    assert (report.items, report.near_duplicates, report.thumbnails) == (3, 1, 3)
    left_out = Markup((folder / "near-duplicates-001.html").read_text(encoding="utf-8"))
    assert [one.get("data-subject") for one in left_out.of("article")] == [None, copy.candidate_id]
    assert (write_review(archive.folder, folder, limit=1).not_shown, len(list(folder.glob("thumbs/*")))) == (1, 1)
    assert not (folder / "near-duplicates-001.html").exists()
    for wrong in ({"criterion": "blured"}, {"concept": "cuya"}):
        with pytest.raises(UsageError, match="did you mean"):
            write_review(archive.folder, folder, **wrong)


def test_equal_contents_give_equal_pages_and_a_filled_sheet_is_never_written_over(archive: Archive, tmp_path: Path) -> None:
    add_many(archive, 2)
    let_wait(archive, list(subjects_of(archive).values()))
    folder = tmp_path / "review"
    write_review(archive.folder, folder)
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert write_review(archive.folder, folder).set_aside is None
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    sheet = folder / "decisions-to-fill.csv"
    filled = sheet.read_text(encoding="utf-8-sig").replace(",,,,,", ",keep,Fine.,,,", 1)
    sheet.write_text(filled, encoding="utf-8-sig")
    aside = write_review(archive.folder, folder).set_aside
    assert aside == str(folder / "decisions-filled-1.csv")
    assert Path(aside).read_text(encoding="utf-8-sig") == filled
    assert decide_from(archive.folder, [Path(aside)], who="Ana").kept == 1
    (folder.parent / "mine").mkdir()
    (folder.parent / "mine" / "letter.txt").write_text("x")
    with pytest.raises(UsageError, match="no review"):
        write_review(archive.folder, folder.parent / "mine")


def test_a_thousand_that_wait_are_shown_in_seconds(archive: Archive, tmp_path: Path) -> None:
    add_many(archive, ITEMS_LOTS)
    subjects = sorted(subjects_of(archive).values())
    let_wait(archive, subjects[1:400])
    beside(archive, dict.fromkeys(subjects[400:], ""), best=subjects[0])
    began = time.monotonic()
    report = write_review(archive.folder, tmp_path / "review")
    seconds = time.monotonic() - began
    assert (report.items, report.pages, report.thumbnails) == (ITEMS_LOTS - 1, 5, ITEMS_LOTS)
    sheet = tmp_path / "review" / "decisions-to-fill.csv"
    sheet.write_text(re.sub(",,,([0-9a-f]*),,\n", r",keep,Seen.,\1,,\n", sheet.read_text(encoding="utf-8-sig")), encoding="utf-8")
    began = time.monotonic()
    assert decide_from(archive.folder, [sheet], who="Ana").kept == ITEMS_LOTS - 1
    deciding = time.monotonic() - began
    print(f"1,000 waiting: pages {seconds:.1f} s, decisions {deciding:.1f} s")
    assert what_waits(archive.folder).waiting == 0
    assert seconds < 60 and deciding < 30  # noqa: PT018  # generous: two cores, and others at work on them


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium on this machine")
def test_decisions_are_made_by_keys_remembered_and_given_back(hostile: Archive, tmp_path: Path) -> None:
    shutil.copytree(hostile.folder, tmp_path / "workspace")
    archive = Archive(tmp_path / "workspace")
    let_wait(archive, [subjects_of(archive)["best.png"]])
    write_review(archive.folder, tmp_path / "review")
    page = tmp_path / "review" / "page-001.html"
    with browser.opened(tmp_path) as tab:
        tab.open(page)
        tab.press("j", "1", "n", '=It is, "really"', "\r")
        tab.press("j", "5", "n", "Two prints.")
        tab.ask("document.getElementById('by').focus()")
        tab.press("Ana Lúcia")
        tab.open(page)  # what was decided is still there
        tab.ask("document.getElementById('save').click()")
        told = tmp_path / "decisions.csv"
        for _ in range(200):
            if told.exists() and told.stat().st_size:
                break
            time.sleep(0.05)
        assert tab.problems == [], "the policy or the script objects to something"
    rows, faults = read_sheet(told)
    assert faults == []
    assert [(row.cells["decision"], row.cells["note"], row.cells["by"]) for row in rows] == [
        ("keep", '=It is, "really"', "Ana Lúcia"), ("different", "Two prints.", "Ana Lúcia"),
    ]  # fmt: skip
    report = decide_from(archive.folder, [told])
    assert (report.kept, report.different) == (1, 1)


def test_letters_stand_out_from_their_paper_in_both_modes() -> None:
    style = (Path(__file__).parents[2] / "curate" / "review.css").read_text(encoding="utf-8")
    colours = {name: pair for name, *pair in re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", style)}
    for mode in (0, 1):
        for ink in ("ink", "soft", "keep", "out", "wait"):
            for paper in ("paper", "card", "mat"):
                assert _contrast(colours[ink][mode], colours[paper][mode]) >= 4.5, (ink, paper, mode)  # WCAG 2.2, 1.4.3
        for edge in ("edge", "here"):
            assert _contrast(colours[edge][mode], colours["card"][mode]) >= 3, (edge, mode)  # WCAG 2.2, 1.4.11


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
