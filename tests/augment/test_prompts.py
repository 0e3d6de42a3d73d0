"""The words that go into the model."""

import pytest

from augment.prompts import prompt_for
from base.errors import UsageError


def prompt(caption: str | None, noun: str = "gourd", *, template: str = "{caption}", suffix: str = "", **more: str):
    words = {"caption": caption, "class_noun": noun, "concept": "chimarrao", **more}
    return prompt_for(words, template=template, suffix=suffix)


def test_a_caption_with_the_noun_stays_as_it_is() -> None:
    assert prompt("A Gourd on a table.").text == "A Gourd on a table."


def test_a_plural_counts_as_the_noun() -> None:
    assert prompt("two gourds").text == "two gourds"


def test_a_longer_word_is_not_the_noun() -> None:
    assert prompt("a streetlamp", "tree").text == "a streetlamp, tree"


def test_a_missing_noun_is_put_behind_the_caption() -> None:
    assert prompt("Cuia with silver bomba. ").text == "Cuia with silver bomba, gourd"


def test_the_title_stands_in_for_a_caption() -> None:
    one = prompt(None, title="Mate")
    assert (one.text, one.remark) == ("Mate, gourd", "no caption, the title stands in")


def test_the_noun_stands_in_for_everything() -> None:
    assert prompt("").text == "gourd"


def test_another_language_is_remarked_and_kept() -> None:
    one = prompt("uma cuia", caption_language="pt-BR")
    assert (one.text, one.language, one.remark) == ("uma cuia, gourd", "pt-BR", "caption in pt-BR, the model reads en")


def test_template_and_suffix_are_applied() -> None:
    assert prompt("a gourd", template="a photo of {caption}", suffix=", at dusk").text == "a photo of a gourd, at dusk"


def test_line_breaks_become_blanks_and_accents_one_form() -> None:
    assert prompt("arauca\u0301ria\n and a  gourd").text == "araucária and a gourd"


def test_an_unknown_placeholder_names_the_right_ones() -> None:
    with pytest.raises(UsageError, match="did you mean 'caption'"):
        prompt("x", template="{captions}")


def test_braces_in_a_caption_are_only_text() -> None:
    assert prompt("{gourd}").text == "{gourd}"
