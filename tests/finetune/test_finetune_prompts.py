"""Prompts to draw: from the command, from files and from templates, filled with what a run teaches."""

from pathlib import Path
from typing import Any

import pytest

from base.errors import UsageError
from finetune import prompt
from finetune.prompt import Prompt, from_file, from_template, names, wanted

GOURD = {"name": "chimarrão", "class_noun": "gourd", "rare_token": "sks"}
TREE = {"name": "araucária", "class_noun": "tree", "rare_token": "zwx"}
RUN: dict[str, Any] = {"run_id": "run-1", "inputs": {"concepts": [GOURD, TREE]}}


def texts(prompts: list[Prompt]) -> list[str]:
    return [one.text for one in prompts]


def test_data_sets_templates_have_their_25_prompts_and_a_credit() -> None:
    assert {"objects", "live-subjects", "heritage"} <= set(names())
    objects, live = texts(from_template("objects")), texts(from_template("live-subjects"))
    assert (len(set(objects)), len(set(live))) == (25, 25)
    # as in dataset/prompts_and_classes.txt of google/dreambooth: ten scenes and five properties are common to both lists
    assert set(objects) & set(live) == {*objects[:10], *objects[-5:]}
    assert objects[12] == "a {token} {noun} with the Eiffel Tower in the background"
    assert live[19] == "a {token} {noun} in a purple wizard outfit"
    for name in ("objects", "live-subjects"):
        words = (prompt.TEMPLATES_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
        assert "CC BY 4.0" in words
        assert "google/dreambooth" in words


def test_template_is_filled_for_every_concept_of_the_run() -> None:
    drawn = texts(wanted(RUN, template="objects"))
    assert len(drawn) == 50
    assert {"a sks gourd in the jungle", "a zwx tree in the jungle"} <= set(drawn)
    assert not any("{" in one for one in drawn)


def test_one_concept_can_be_chosen_and_prompts_say_which_template_they_are_from() -> None:
    drawn = wanted(RUN, template="live-subjects", concepts=["araucária"])
    assert len(drawn) == 25
    assert all("zwx tree" in one.text and one.template == "live-subjects" for one in drawn)


def test_prompt_without_places_is_drawn_once_whatever_the_run_teaches() -> None:
    drawn = texts(wanted(RUN, texts=["a {token} {noun} at dusk", "a river"]))
    assert drawn == ["a sks gourd at dusk", "a zwx tree at dusk", "a river"]


def test_file_gives_lines_and_json_lines_with_their_own_seed(tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text(
        '# of the exhibition\n\na gourd\n  {token} in the sun\n{"prompt": "a tree", "seed": 7, "negative_prompt": "blur"}\n',
        encoding="utf-8-sig",
    )
    assert from_file(path) == [
        Prompt(text="a gourd"), Prompt(text="{token} in the sun"), Prompt(text="a tree", seed=7, negative_prompt="blur"),
    ]  # fmt: skip


def test_template_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("the {noun} {token}\n", encoding="utf-8")
    assert wanted(RUN, template=str(path), concepts=["chimarrão"]) == [Prompt(text="the gourd sks", template="mine")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"prompt": "a tree", "sed": 1}', r"line 2: unknown key 'sed'.*did you mean 'seed'"),
        ('{"prompt": "a tree", "seed": "1"}', r"line 2: seed is '1': it must be a whole number"),
        ('{"seed": 1}', r'line 2 names no "prompt"'),
        ('{"prompt": "a tree"', r"line 2 is no JSON"),
    ],
)
def test_faulty_json_line_is_named(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(f"a gourd\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        from_file(path)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "nothing to draw"),
        ({"template": "object"}, "no template 'object': did you mean 'objects'"),
        ({"template": "objects", "concepts": ["araucaria"]}, "teaches no 'araucaria': did you mean 'araucária'"),
        ({"texts": ["a tree"], "concepts": ["araucária"]}, r"no prompt holds \{token\} or \{noun\}"),
        ({"file": Path("absent.txt")}, "no prompt file absent.txt"),
    ],
)
def test_wrong_wish_says_what_is_right(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        wanted(RUN, **asked)


def test_empty_file_and_unknown_place_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("# nothing yet\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no prompt"):
        from_file(path)
    path.write_text("a {token} {class}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds \{class\}"):
        from_template(str(path))
    path.write_bytes(b"a caf\xe9\n")
    with pytest.raises(UsageError, match="UTF-8"):
        from_file(path)


def test_run_that_does_not_say_what_it_teaches_still_draws_plain_prompts() -> None:
    old = {"run_id": "run-0", "inputs": {}}
    assert texts(wanted(old, texts=["a sks gourd"])) == ["a sks gourd"]
    with pytest.raises(UsageError, match="older fototeca"):
        wanted(old, template="objects")
