"""Prompts to draw: single ones, files of them, and the templates of `finetune/prompts/`, filled with a run's concepts."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from base.errors import SourceError, UsageError, nearest
from finetune.captions import Concept

TEMPLATES_FOLDER = Path(__file__).parent / "prompts"
ENDING = ".txt"
COMMENT = "#"
JSON_START = re.compile(r'\{\s*"')  # a line of text may begin with {token}
KEYS: Mapping[str, type] = {"prompt": str, "negative_prompt": str, "seed": int}
"""What a JSON line may say, and of which kind; the prompt must be there."""
PLACES = ("{token}", "{noun}")
LOST = re.compile("[\ud800-\udfff]")
"""What is left of a byte or an escape that is no letter; no file can be named by it."""
LEFT_OPEN = re.compile(r"\{\w*\}")


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What to draw, and what of the call it replaces."""

    text: str
    """May hold {token} and {noun} until `filled`."""
    negative_prompt: str | None = None
    """None takes the call's."""
    seed: int | None = None
    """None takes the call's."""
    template: str = ""
    """The template that it came from."""


def wanted(
    run: Mapping[str, Any],
    *,
    texts: Sequence[str] = (),
    file: Path | None = None,
    template: str | None = None,
    concepts: Sequence[str] = (),
) -> list[Prompt]:
    """Everything asked for, in this order: single prompts, the file's, the template's; each filled for every concept chosen.

    Args:
        run: the run's run.json.
        texts: prompts; they may hold {token} and {noun}, as those of files may.
        file: one prompt a line, or JSON lines; see `from_file`.
        template: a name in `finetune/prompts/`, or the path of a `.txt` file.
        concepts: names of the run's concepts; none takes all.

    Raises:
        UsageError: nothing asked for, an unknown template or concept, a faulty file, or concepts that no prompt has a place for.
    """
    asked = [Prompt(text=text) for text in texts]
    asked += from_file(file) if file else []
    asked += from_template(template) if template else []
    if not asked:
        raise UsageError("there is nothing to draw: give --prompt, --prompt-file or --template.")
    for one in asked:
        if broken := next((text for text in (one.text, one.negative_prompt or "") if LOST.search(text)), None):
            raise UsageError(f"the prompt {broken!a} holds half a sign (a lone surrogate): write it in UTF-8.")
    if any(map(_is_open, asked)):
        return filled(asked, concepts_of(run, concepts))
    if concepts:
        raise UsageError(f"--concept {concepts[0]} is given, but no prompt holds {{token}} or {{noun}}: give --template.")
    return asked


def names() -> list[str]:
    """The templates that come with fototeca."""
    return sorted(path.stem for path in TEMPLATES_FOLDER.glob(f"*{ENDING}"))


def from_template(name: str) -> list[Prompt]:
    """The prompts of a template, with their places still open.

    Raises:
        UsageError: no such template (the message names the right ones), or a line with another place than {token} and {noun}.
    """
    path = Path(name)
    if path.suffix != ENDING:
        if name not in names():
            raise UsageError(f"there is no template {name!r}: {nearest(name, names())} Or name a {ENDING} file.")
        path = TEMPLATES_FOLDER / f"{name}{ENDING}"
    prompts = [replace(one, template=path.stem) for one in from_file(path)]
    for one in prompts:
        if unknown := [place for place in LEFT_OPEN.findall(one.text) if place not in PLACES]:
            raise UsageError(f"{path}: {one.text!r} holds {unknown[0]}: only {{token}} and {{noun}} are filled in.")
    return prompts


def from_file(path: Path) -> list[Prompt]:
    """The prompts of a text file, one a line; empty lines and those that begin with # are left out.

    A line that begins with {" is JSON: an object with "prompt", and "negative_prompt" and "seed" if wanted.

    Raises:
        UsageError: no such file, no text in UTF-8, no prompt in it, or a line that cannot be read; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(f"there is no prompt file {path}: name a text file with one prompt a line.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the prompt file {path} cannot be read ({error}): it must be text in UTF-8.") from error
    stripped = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    prompts = [
        _from_json(line, f"{path}, line {number}") if JSON_START.match(line) else Prompt(text=line)
        for number, line in stripped
        if line and not line.startswith(COMMENT)
    ]
    if not prompts:
        raise UsageError(f"the prompt file {path} holds no prompt: write one a line.")
    return prompts


def filled(prompts: Iterable[Prompt], concepts: Sequence[Concept]) -> list[Prompt]:
    """Each prompt with {token} and {noun} once for every concept, concept by concept; those without places once, at the end."""
    listed = list(prompts)
    open_ones = [one for one in listed if _is_open(one)]
    ready = [
        replace(one, text=one.text.replace("{token}", concept.rare_token).replace("{noun}", concept.class_noun))
        for concept in concepts
        for one in open_ones
    ]
    return list(dict.fromkeys([*ready, *(one for one in listed if not _is_open(one))]))


def concepts_of(run: Mapping[str, Any], chosen: Sequence[str] = ()) -> list[Concept]:
    """What a run teaches, as its run.json says; of these, the ones chosen by name.

    Raises:
        UsageError: an unknown name (the message lists the right ones), or a run.json that names no concepts.
        SourceError: a damaged run.json.
    """
    try:
        taught = run.get("inputs", {}).get("concepts", ())
        known = {one["name"]: Concept(one["name"], one["class_noun"], one["rare_token"]) for one in taught}
    except (AttributeError, TypeError, KeyError) as error:
        raise SourceError(f"run.json of run {run['run_id']} is damaged: its inputs name no concepts ({error}).") from error
    if not known:
        raise UsageError(
            f"run {run['run_id']} does not say in run.json what it teaches (an older fototeca wrote it): write out the prompts, "
            'such as --prompt "a sks gourd".'
        )
    for name in chosen:
        if name not in known:
            raise UsageError(f"run {run['run_id']} teaches no {name!r}: {nearest(name, known)}")
    return [known[name] for name in dict.fromkeys(chosen or known)]


def _is_open(one: Prompt) -> bool:
    return any(place in one.text for place in PLACES)


def _from_json(line: str, where: str) -> Prompt:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {error}.") from error
    for key, value in said.items():
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key {key!r}; {nearest(key, KEYS)}")
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise UsageError(f"{where}: {key} is {value!r}: it must be {'a whole number' if KEYS[key] is int else 'text'}.")
    if not said.get("prompt", "").strip():
        raise UsageError(f'{where} names no "prompt".')
    return Prompt(text=said["prompt"].strip(), negative_prompt=said.get("negative_prompt"), seed=said.get("seed"))
