"""The words that go with a picture into the model: its caption, with the concept's class noun in it."""

import re
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from base.errors import UsageError, nearest

PLACEHOLDERS = ("caption", "class_noun", "concept", "title")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """`text` for the model, its language (BCP 47, `und` when unknown), and what a person should know about it, or empty."""

    text: str
    language: str
    remark: str = ""


def prompt_for(words: Mapping[str, str | None], *, template: str, suffix: str = "", model_language: str = "en") -> Prompt:
    """The prompt for one picture and one concept.

    A class noun that the caption lacks is put behind it, because the noun is what the model knows of the concept. Without a
    caption the title stands in, and without a title the class noun alone. Nothing is translated.

    Args:
        words: caption, caption_language, title, concept, class_noun; each may be None but the last two.
        template: text with {caption}, {class_noun}, {concept}, {title}.
        suffix: what this variation adds, such as ", at dusk".
        model_language: the language that the model reads; a caption in another gets a remark.

    Raises:
        UsageError: the template holds an unknown placeholder.
    """
    noun = one_line(words.get("class_noun") or "")
    title = one_line(words.get("title") or "")
    caption = one_line(words.get("caption") or "")
    language = (words.get("caption_language") or "und") if caption else "und"
    remark = ""
    if not caption:
        caption, remark = (
            (title, "no caption, the title stands in") if title else (noun, "no caption and no title, the class noun stands in")
        )
    elif language != "und" and language.split("-")[0].lower() != model_language:
        remark = f"caption in {language}, the model reads {model_language}"
    if noun and not holds_word(caption, noun):
        caption = f"{caption.rstrip(' .;,')}, {noun}"
    filled = {"caption": caption, "class_noun": noun, "concept": words.get("concept") or "", "title": title}
    return Prompt(text=one_line(checked(template).format(**filled) + suffix), language=language, remark=remark)


def checked(template: str) -> str:
    """The template itself, when all its placeholders are known.

    Raises:
        UsageError: one is not, or a brace is left open.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"template {template!r} cannot be read: {error}.") from None
    if any(conversion or form for _, _, form, conversion in parts):
        raise UsageError(f"template {template!r} asks for a format: write the placeholders alone, such as {{caption}}.")
    used = {name for _, name, _, _ in parts if name is not None}
    for name in sorted(used - set(PLACEHOLDERS)):
        raise UsageError(f"template {template!r} holds {{{name}}}; {nearest(name, PLACEHOLDERS)}")
    return template


def holds_word(text: str, word: str) -> bool:
    """Whether the word, or its plural with -s, stands in the text as a whole word, in any case."""
    return re.search(rf"(?<!\w){re.escape(word)}s?(?!\w)", text, re.IGNORECASE) is not None


def one_line(text: str) -> str:
    """Normal form C, every run of white space one blank, nothing at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())
