"""A captioner fills gaps when asked: signed by the model, never twice, over nobody's words; one bad picture stops nothing."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image
from tiny_captioners import WORDS, tiny_blip, tiny_git

from base.errors import OutOfMemoryError, UsageError
from catalog import runs
from catalog.records import Caption
from curate import captioner, captions
from curate.captions import fill
from curate.curate import curate
from fototeca.captioning import caption_words

BUILDERS = {"blip": tiny_blip, "git": tiny_git}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A BLIP and a GIT of random weights, in folders tiny/blip and tiny/git."""
    pytest.importorskip("transformers", reason="the extra 'models' is not installed")
    folder = tmp_path_factory.mktemp("captioners") / "tiny"
    return {name: build(folder / name) for name, build in BUILDERS.items()}


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Three curated pictures without a caption, and one whose source described it; the tests work on copies of it."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for seed in (1, 2, 3):
        archive.add(f"{seed}.png", encoded(drawn(seed)), concepts=("cuia",) if seed == 1 else ())
    archive.add("told.png", encoded(drawn(4)), caption="Uma cuia de prata", caption_language="pt")
    curate(archive.folder)
    return archive


@pytest.fixture
def gapped(curated: Archive, workspace: Path) -> Archive:
    """A copy of that archive."""
    shutil.copytree(curated.folder, workspace)
    return Archive(workspace)


class Scripted:
    """A captioner that says the picture's width, and fails as it is told to."""

    name, revision, language = "scripted", "1", "en"

    def __init__(self, *, holds: int = 99, fails_at: int | None = None, silent: bool = False) -> None:
        self.holds, self.fails_at, self.silent, self.seen = holds, fails_at, silent, 0

    def caption(self, pictures: Sequence[Image.Image]) -> list[str]:
        if len(pictures) > self.holds:
            raise OutOfMemoryError("too many at once")
        if any(picture.width == self.fails_at for picture in pictures):
            raise ValueError("no such width")
        self.seen += len(pictures)
        return ["" if self.silent else f"  {picture.width}\n wide " for picture in pictures]


def _scripted(monkeypatch: pytest.MonkeyPatch, writer: Scripted) -> Scripted:
    monkeypatch.setattr(captioner, "load", lambda *given, **named: writer)
    return writer


@pytest.mark.parametrize("name", BUILDERS)
def test_a_model_fills_only_the_gaps_and_signs_what_it_wrote(name: str, tiny: dict[str, Path], gapped: Archive) -> None:
    report = fill(gapped.folder, model=f"{name}:{tiny[name]}")
    revision = captioner.files_of(str(tiny[name]), None, model_type=name).revision
    rows = gapped.rows("SELECT title, caption, caption_language, caption_origin FROM records ORDER BY title")
    assert rows[-1] == {
        "title": "told.png",
        "caption": "Uma cuia de prata",
        "caption_language": "pt",
        "caption_origin": "source",
    }
    written = [row for row in rows[:-1] if row["caption"]]
    assert report.captioned == len(written) > 0
    assert {(row["caption_origin"], row["caption_language"]) for row in written} == {(f"model:tiny/{name}@{revision}", "en")}
    assert all(set(row["caption"].split()) <= set(WORDS) for row in written)


def test_the_same_picture_gets_the_same_words_whatever_else_is_in_the_batch(tiny: dict[str, Path]) -> None:
    pictures = [drawn(seed) for seed in range(4)]
    for name, folder in tiny.items():
        writer = captioner.load(f"{name}:{folder}", folder=Path())
        assert writer.caption(pictures) == [writer.caption([picture])[0] for picture in pictures]


def test_nothing_is_captioned_twice_also_not_by_another_model(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _scripted(monkeypatch, Scripted())
    assert fill(gapped.folder, model="blip:any").captioned == first.seen == 3
    second = _scripted(monkeypatch, Scripted())
    report = fill(gapped.folder, model="git:other")
    assert (report.lacking, second.seen) == (0, 0)
    assert caption_words(report) == "nothing to caption: every picture has words of its own."


def test_words_of_a_person_or_a_source_come_before_the_models(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, Scripted())
    fill(gapped.folder, model="blip:any")
    subject = gapped.rows("SELECT subject FROM records WHERE title = '1.png'")[0]["subject"]
    with runs.begin(gapped.folder, "test", {}) as run:
        run.add("captions", Caption(subject=subject, origin="community", language="pt", text="A cuia da avó"))
    assert gapped.rows(f"SELECT caption, caption_origin FROM records WHERE subject = '{subject}'") == [
        {"caption": "A cuia da avó", "caption_origin": "community"}
    ]


def test_a_models_words_claim_no_concept(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    (gapped.folder / "concepts.toml").write_text(
        '[[concept]]\nname = "cuia"\nwords = {en = ["gourd"]}\nclass_noun = "gourd"\nrare_token = "sks"\n', encoding="utf-8"
    )
    writer = _scripted(monkeypatch, Scripted())
    monkeypatch.setattr(writer, "caption", lambda pictures: ["a gourd"] * len(pictures))
    fill(gapped.folder, model="blip:any")
    curate(gapped.folder)
    claims = gapped.rows("SELECT title, claim.source FROM current_depictions AS claim JOIN records USING (subject) ORDER BY ALL")
    assert claims == [{"title": "1.png", "source": "source"}, {"title": "told.png", "source": "caption"}]


def test_a_picture_that_breaks_is_named_and_the_others_are_captioned(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    gapped.add("odd.png", encoded(drawn(5, 300)))
    gone = gapped.add("gone.png", encoded(drawn(6)))
    curate(gapped.folder)
    assert gone.sha256 is not None
    gapped.store.path(gone.sha256).unlink()
    writer = _scripted(monkeypatch, Scripted(fails_at=300))
    report = fill(gapped.folder, model="blip:any")
    assert (report.lacking, report.captioned, report.failed, writer.seen) == (5, 3, 2, 3)
    told = sorted(one["what"] for one in report.problems)
    assert told == ["its bytes are not in the store: run `fototeca check`.", "the model failed on it: no such width"]
    assert caption_words(report).startswith("5 pictures without a caption: 3 captioned by scripted@1, 2 failed.\n  ")


def test_bytes_that_cannot_be_decoded_are_named_and_stop_nothing(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, Scripted())
    sha256 = captions.gaps(gapped.folder).asks[0][0]
    gapped.store.path(sha256).write_bytes(b"no picture at all")
    report = fill(gapped.folder, model="blip:any")
    assert (report.captioned, report.failed) == (2, 1)
    assert report.problems[0]["where"] == sha256


def test_a_batch_too_large_for_the_device_is_halved(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, Scripted(holds=0))
    with pytest.raises(OutOfMemoryError):
        fill(gapped.folder, model="blip:any")
    writer = _scripted(monkeypatch, Scripted(holds=1))
    assert fill(gapped.folder, model="blip:any").captioned == writer.seen == 3


def test_a_picture_without_words_stays_without_a_caption(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, Scripted(silent=True))
    report = fill(gapped.folder, model="blip:any")
    assert (report.captioned, report.failed) == (0, 3)
    assert {one["what"] for one in report.problems} == {"the model found no words for it."}
    assert gapped.rows("SELECT count(*) AS n FROM captions") == [{"n": 0}]


def test_a_run_that_is_stopped_goes_on_where_it_was(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captions, "BATCH", 1)
    writer = _scripted(monkeypatch, Scripted())

    def stop(what: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(gapped.folder, model="blip:any", progress=stop)
    assert gapped.rows("SELECT count(*) AS n FROM captions") == [{"n": 2}]
    report = fill(gapped.folder, model="blip:any")
    assert (report.lacking, report.captioned, writer.seen) == (1, 1, 3)


def test_limit_and_concept_choose(gapped: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, Scripted())
    one = fill(gapped.folder, model="blip:any", concept="cuia")
    assert (one.lacking, one.captioned) == (1, 1)
    rest = fill(gapped.folder, model="blip:any", limit=1)
    assert (rest.lacking, rest.captioned, rest.beyond_limit) == (2, 1, 1)
    assert caption_words(rest) == "2 pictures without a caption: 1 captioned by scripted@1, 1 beyond --limit."
    with pytest.raises(UsageError, match=r"there is no concept 'cuias'; did you mean 'cuia'\?"):
        fill(gapped.folder, model="blip:any", concept="cuias")


def test_what_is_left_out_or_not_judged_is_shown_to_no_model(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.add("tiny.png", encoded(drawn(1, 64)))
    curate(archive.folder)
    archive.add("new.png", encoded(drawn(2)))
    writer = _scripted(monkeypatch, Scripted())
    report = fill(archive.folder, model="blip:any")
    assert (report.lacking, report.unjudged, report.left_out, writer.seen) == (2, 1, 1, 0)
    assert report.run_id is None


def test_copies_of_the_same_bytes_are_looked_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(drawn(1))
    archive.add("a.png", data, source="folder:one")
    archive.add("b.png", data, source="folder:two")
    curate(archive.folder)
    writer = _scripted(monkeypatch, Scripted())
    fill(archive.folder, model="blip:any")
    assert writer.seen == 1


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("blib:some/model", "did you mean 'blip'"),
        ("some/model", r"CAPTIONER:MODEL@REVISION.*Known: blip, git"),
        ("blip:", "names no captioner"),
        ("blip:nobody/nothing@abc", r"'nobody/nothing' at abc is no folder here and could not be had from the hub"),
        ("blip:not a name at all", "check the name"),
    ],
)
def test_a_wrong_name_is_a_usage_error_and_no_run_begins(gapped: Archive, spec: str, said: str) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra 'models' is not installed")
    before = gapped.rows("SELECT count(*) AS n FROM runs")
    with pytest.raises(UsageError, match=said) as caught:
        fill(gapped.folder, model=spec)
    assert caught.value.exit_code == 2
    assert gapped.rows("SELECT count(*) AS n FROM runs") == before


def test_without_any_model_the_setting_is_named(gapped: Archive) -> None:
    with pytest.raises(UsageError, match=r"set `captioner` under \[models\] in curation.toml, or use --model"):
        fill(gapped.folder)


def test_the_settings_model_is_looked_for_in_the_workspace(tiny: dict[str, Path], gapped: Archive) -> None:
    (gapped.folder / "captioner").symlink_to(tiny["blip"])
    (gapped.folder / "curation.toml").write_text('[models]\ncaptioner = "blip:captioner"\n', encoding="utf-8")
    assert str(fill(gapped.folder).model).startswith("tiny/blip@")


def test_a_folder_of_another_revision_or_another_build_or_not_whole_is_refused(tiny: dict[str, Path], tmp_path: Path) -> None:
    digest = captioner.files_of(str(tiny["blip"]), None, model_type="blip").revision
    assert captioner.load(f"blip:{tiny['blip']}@{digest[:12]}", folder=Path()).revision == digest
    for spec, said in (
        (f"blip:{tiny['blip']}@0000", "has the digest"),
        (f"blip:{tiny['git']}", "is a model of type 'git', not 'blip': name it as git:"),
        (f"git:{tmp_path}", "config.json is missing"),
    ):
        with pytest.raises(UsageError, match=said):
            captioner.load(spec, folder=Path())
    _assert_cut_weights_are_refused(tiny["git"], tmp_path)


def _assert_cut_weights_are_refused(whole: Path, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in whole.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights: dict[str, Any] = load_file(whole / "model.safetensors")
    left_out = next(name for name in weights if "visual_projection" in name)
    save_file({name: one for name, one in weights.items() if name != left_out}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UsageError, match=r"lacks 1 of GIT's weights, such as git\.visual_projection"):
        captioner.load(f"git:{folder}", folder=Path())
    (folder / "model.safetensors").write_bytes((whole / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(UsageError, match="cannot be loaded as GIT"):
        captioner.load(f"git:{folder}", folder=Path())


def test_a_model_in_the_hubs_cache_is_named_by_its_commit(
    tiny: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    held = tmp_path / "models--archive--tiny-blip"
    (held / "refs").mkdir(parents=True)
    (held / "refs" / "main").write_text(commit, encoding="utf-8")
    snapshot = held / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for path in tiny["blip"].iterdir():
        (snapshot / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    writer = captioner.load("blip:archive/tiny-blip", folder=Path())
    assert (writer.name, writer.revision) == ("archive/tiny-blip", commit)
