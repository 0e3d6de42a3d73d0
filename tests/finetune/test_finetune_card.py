"""The model card: whose pictures, under which terms, with what result; and no museum's text can break it."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from finetune import card, credits, data, markdown
from finetune.audit_words import near_copies
from finetune.train import train

HOSTILE = {
    "title": "<script>alert(1)</script> | a\n\n## b `c` [x](javascript:alert(1)) <img src=x onerror=y> ![i](http://e.example/i.png)",
    "creator": '=HYPERLINK("http://e.example") </td></table> **bold** \u202egnorts',
    "credit_line": "```\n---\n# heading\n| x | y |\n&lt;b&gt; $x$ _y_ \\",
    "page_url": "javascript:alert(document.cookie)",
}
"""What a museum's record may hold, by mistake or on purpose."""


def rendered(text: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


@pytest.fixture(scope="module")
def finished(
    write_shards: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, recipe_text: str, module_collection: Any
) -> Any:
    """A run on pictures of which one has hostile texts, and one may not be used commercially; with what `card.write` gets."""
    from finetune.recipe import read

    module_collection[0] |= HOSTILE
    module_collection[1] |= {
        "rights": {"family": "by-nc-sa", "version": "4.0", "uri": "https://creativecommons.org/licenses/by-nc-sa/4.0/"},
        "permissions": {"derivatives": True, "commercial": False, "attribution": True, "share_alike": True},
    }
    folder = write_shards(tmp_path_factory.mktemp("shards"), module_collection)
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    recipe = read(path, {"steps": 4, "data.batch_size": 4})
    done = train(recipe, folder, tmp_path_factory.mktemp("runs") / "run")
    run = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    lines = (done.folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    drawn = Counter({one["sha256"]: one["times_drawn"] for one in map(json.loads, lines)})
    return done.folder, run, data.gather(folder, recipe, 4), drawn, module_collection


@pytest.fixture(scope="module")
def module_collection(shards: Path) -> list[dict[str, Any]]:
    """The session's records, to change."""
    from shardset.read import open_shards

    folder = open_shards(shards)
    loaded = [folder.load(ref) for ref in folder.refs()]
    records = [{**one.record, "bytes": one.image, "caption": one.caption} for one in loaded]
    return sorted(records, key=lambda one: (one["split"], one["origin"] != "harvested", one["title"]))


def page(finished: Any, **changes: Any) -> str:
    folder, run, samples, drawn, _ = finished
    return card.write(folder, {**run, **changes}, samples, drawn).read_text(encoding="utf-8")


def test_hostile_texts_stay_texts(finished: Any) -> None:
    text = page(finished)
    body = rendered(text.split("---\n", 2)[2])
    assert "<script" not in body
    assert "<img src=x" not in body
    assert 'href="javascript' not in body
    assert 'src="http://e.example' not in body
    assert "<strong>bold" not in body
    assert "\u202e" not in text
    assert body.count("<h2>") == text.count("\n## ")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | a ## b `c` [x](javascript:alert(1))" in body


def test_every_row_of_the_credits_has_its_six_cells(finished: Any) -> None:
    body = rendered(page(finished))
    table = next(one for one in body.split("<table>") if "times drawn" in one).split("</table>")[0]
    rows = table.split("<tr>")[2:]
    assert len(rows) == len(finished[3])
    assert all(row.count("<td>") == 6 for row in rows)


def test_front_matter_is_what_a_hub_reads(finished: Any) -> None:
    head = yaml.safe_load(page(finished).split("---\n")[1])
    assert head["license"] == "other"
    assert head["instance_prompt"] == "a sks gourd"
    assert "lora" in head["tags"]
    assert "base_model" not in head  # a folder on somebody's machine is no model of the hub
    base = {**finished[1]["inputs"]["base"], "id": "owner/name", "revision": "0" * 40}
    of_hub = page(finished, inputs={**finished[1]["inputs"], "base": base})
    assert yaml.safe_load(of_hub.split("---\n")[1])["base_model"] == "owner/name"
    assert 'from_pretrained("owner/name", revision="0000' in of_hub


def test_licences_that_bind_the_use_are_named_with_what_they_ask(finished: Any) -> None:
    text = page(finished)
    assert "made for tests" in text
    assert "[by-nc-sa 4.0](https://creativecommons.org/licenses/by-nc-sa/4.0/)" in text
    assert "are not recorded as free for commercial use: do not use the weights for it" in text
    assert "under share-alike terms" in text


def test_credits_stand_in_a_file_that_no_spreadsheet_runs(finished: Any) -> None:
    page(finished)
    rows = list(csv.DictReader((finished[0] / "credits.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["sha256"] for row in rows} == set(finished[3])
    assert sum(int(row["times_drawn"]) for row in rows) == finished[3].total()
    hostile = next(row for row in rows if "HYPERLINK" in row["creator"])
    assert hostile["creator"].startswith("'=")
    assert {row["kind"] for row in rows} == {"real", "variation"}


def test_large_collections_are_counted_on_the_page_and_listed_in_the_file(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credits, "MOST_ROWS", 2)
    text = page(finished)
    number = len(finished[3])
    assert f"Each of the {number} pictures, with its credit: [credits.csv](credits.csv)." in text
    assert f"| museum | {number} |" in text
    assert "| picture | title |" not in text


def test_weights_of_every_kind_are_loaded_by_the_words_on_the_page(finished: Any) -> None:
    assert 'load_lora_weights("path/of/this/folder", weight_name="pytorch_lora_weights.safetensors")' in page(finished)
    settings = {**finished[1]["settings"], "weights": {**finished[1]["settings"]["weights"], "kind": "full"}}
    full = page(finished, settings=settings)
    assert 'StableDiffusionPipeline.from_pretrained("path/of/this/folder/pipeline")' in full
    assert "load_lora_weights" not in full
    other = page(finished, inputs={**finished[1]["inputs"], "base": {**finished[1]["inputs"]["base"], "family": None}})
    assert "from diffusers import DiffusionPipeline" in other


def test_page_says_what_it_cannot_say(finished: Any) -> None:
    text = page(finished)
    assert "1 held-out picture: that is few" in text
    assert "no near-copies were looked for" in text
    assert "that is the curator's to say" in text


def test_no_place_on_somebodys_machine_stands_on_the_page(finished: Any) -> None:
    assert str(Path(finished[1]["settings"]["model"]["id"]).parent) not in page(finished)


def test_run_of_an_earlier_version_has_a_page_too(finished: Any) -> None:
    folder, run, samples, drawn, _ = finished
    old = {key: value for key, value in run.items() if key not in ("grid", "grid_missing", "audit")}
    old["settings"] = {key: value for key, value in run["settings"].items() if key not in ("watch", "audit")}
    old["settings"]["data"] = {key: value for key, value in run["settings"]["data"].items() if key not in ("mirror", "cache")}
    assert "Not looked for" in card.write(folder, old, samples, drawn).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("after", "course", "words"),
    [
        ({"concept": 0.5}, [], "fell by 50%"),
        ({"concept": 1.0}, [], "learned nothing of use"),
        ({"concept": 0.5, "gap": 0.2}, [], "is bound to its token"),
        ({"concept": 0.5, "gap": 0.01}, [], "hardly bound"),
        ({"concept": 0.5, "others": 0.6}, [], "20% worse"),
        ({"concept": 0.5, "others": 0.5}, [], "as before"),
        ({"concept": 0.5}, [(0, 1.0), (10, 0.4), (20, 0.5)], "lowest after step 10 and 25% higher at the end"),
        ({"concept": 0.5}, [(0, 1.0), (10, 0.6), (20, 0.5)], "no sign of overfitting"),
    ],
)
def test_numbers_are_read_as_they_are(after: dict[str, float], course: list[tuple[int, float]], words: str) -> None:
    before = {"concept": 1.0, "gap": 0.0, "others": 0.5}
    assert words in " ".join(card.reading(before, after, course))


def test_near_copies_are_told_with_interval_and_comparison() -> None:
    figures = {"pictures": 4, "flagged": 1, "rate": 0.25, "interval": [0.05, 0.7], "median_likeness": 0.5, "most_likeness": 0.97}
    row = {"sha256": "ab" * 32, "prompt": "a sks | gourd", "seed": 7, "likeness": 0.97, "flagged_by": ["likeness"]}
    found = {
        "measure": "thumbnails", "by_model": False, "training_pictures": 9, "drawn": figures, "base": {**figures, "flagged": 0},
        "held_out": None, "nearest": [row], "sheet": "near-copies.png",
        "rules": {"least_likeness": 0.95, "most_distance_bits": 8, "least_correlation": 0.9},
    }  # fmt: skip
    text = "\n".join(near_copies(found))
    assert "**1 of 4 drawn pictures is a near-copy** of one of the 9 training pictures: 25% (95 % interval 5% to 70%)" in text
    assert "drawn by the base model, class captions | 4 | 0.50 | 0.97 | 0 |" in text
    assert "| 1 | a sks \\| gourd | 7 | `abababababab` | 0.97 | likeness |" in text
    assert "audit.pictures = 0" in near_copies(None)[0]
    assert "needs the option" in near_copies({"not_drawn": "it needs the option anchor"})[0]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//e.example", "http://[", "", None, "HTTP:"])
def test_only_addresses_of_the_web_are_linked(url: str | None) -> None:
    assert markdown.link("a title", url) == "a title"


def test_address_cannot_end_its_link_early() -> None:
    shown = rendered(markdown.link("a", 'https://e.example/x) "t" <b> [y](javascript:z)'))
    assert shown.count("<a ") == 1
    assert "<b>" not in shown


@pytest.mark.parametrize("text", ["- a", "1. a", "+ a", "# a", "> a", "=== a", "    a", "* a", "1) a", "~~~", "```", "---"])
def test_words_begin_no_block(text: str) -> None:
    assert rendered(markdown.plain(text)).strip() == f"<p>{text.strip().replace('>', '&gt;')}</p>"
