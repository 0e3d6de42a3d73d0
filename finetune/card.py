"""The run's README.md: what was taught, from which pictures under which licences, with what result, and what binds its use."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from base.files import write_text
from finetune.data import Item, Samples
from finetune.parts import shown_name

CARD_FILE = "README.md"
SCORES = {
    "concept": "pictures of the concept, own captions (learned when it falls)",
    "class_caption": "the same pictures, class captions",
    "gap": "difference of the two (the concept is bound to its token when it grows)",
    "others": "pictures without the concept, own captions (kept when it stays)",
    "class_drift": "distance to the base model under class captions (kept when near 0)",
}


def write(folder: Path, run: Mapping[str, Any], samples: Samples, drawn: Counter[str]) -> Path:
    """Write the model card into the run's folder.

    Args:
        folder: of the run.
        run: its run.json, with counts and both held-out scores.
        samples: what it was trained on.
        drawn: how often each picture was drawn.
    """
    items = {item.key: item for item in (*samples.train, *samples.variations.values())}
    used = [items[key] for key in sorted(drawn)]
    concepts = "; ".join(f"{one.name} as “{one.rare_token} {one.class_noun}”" for one in samples.concepts)
    settings, base, counts = run["settings"], run["inputs"]["base"], run["counts"]
    text = "\n".join(
        [
            f"# {', '.join(one.name for one in samples.concepts)}: {settings['weights']['kind']} on {shown_name(base['id'])}",
            "",
            f"Run `{run['run_id']}` of fototeca {run['code_version']}. Teaches {concepts}.",
            "",
            *_use(settings, samples),
            "## What binds its use",
            "",
            f"- **Base model** `{shown_name(base['id'])}`, revision `{base['revision']}`: {base['licence']}.",
            *_bindings(used),
            "",
            "This is what the records say; it is no legal advice.",
            "",
            "## What it learned",
            "",
            *_scores(run["held_out_before"], run["held_out_after"]),
            "",
            "## What it was trained on",
            "",
            f"{counts['pictures']} pictures, drawn {counts['draws']} times in {counts['steps']} steps. "
            f"{counts['synthetic_draws'] / max(1, counts['draws']):.0%} of the draws were variations made by a model. "
            f"Purpose: {settings['purpose']}. Shards: manifest `{run['inputs']['shards']['manifest']}`.",
            "",
            *_credits(used, drawn),
            "",
            "## Settings",
            "",
            "```json",
            json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False),
            "```",
            "",
        ]
    )
    write_text(folder / CARD_FILE, text)
    return folder / CARD_FILE


def _use(settings: Mapping[str, Any], samples: Samples) -> list[str]:
    if settings["weights"]["kind"] == "full":
        return []
    one = samples.concepts[0]
    return [
        "```python",
        "from diffusers import StableDiffusionPipeline",
        f'pipe = StableDiffusionPipeline.from_pretrained("{settings["model"]["id"]}")',
        'pipe.load_lora_weights("path/of/this/folder")',
        f'pipe("a {one.rare_token} {one.class_noun}").images[0]',
        "```",
        "",
    ]


def _bindings(used: Sequence[Item]) -> list[str]:
    """One line a licence: how many pictures, and what it asks for."""
    licences: Counter[str] = Counter()
    asks: dict[str, str] = {}
    for item in used:
        name = _licence(item.record)
        licences[name] += 1
        permissions = item.record.get("permissions") or {}
        words = {"attribution": "name the creators (below)", "share_alike": "share under the same terms"}
        asked = [word for key, word in words.items() if permissions.get(key)]
        if permissions.get("commercial") is False:
            asked.append("no commercial use")
        asks[name] = "; ".join(asked) or "asks for nothing"
    return [f"- **{name}**: {times} training pictures; {asks[name]}." for name, times in sorted(licences.items())]


def _scores(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    kind = f"{after['pictures']} held-out pictures of split {after['split']}"
    if after["split"] == "train":
        kind = f"the {after['pictures']} training pictures: the shards hold no others of the concept, so this is **not held out**"
    rows = [
        f"| {words} | {before[name]:.4f} | {after[name]:.4f} |"
        for name, words in SCORES.items()
        if before.get(name) is not None and after.get(name) is not None
    ]
    return [
        f"Denoising loss at fixed noise and timesteps, on {kind}.",
        "",
        "| measured on | before | after |",
        "|---|---|---|",
        *rows,
    ]


def _credits(used: Sequence[Item], drawn: Counter[str]) -> list[str]:
    lines = ["| picture | title | creator | licence | credit | times drawn |", "|---|---|---|---|---|---|"]
    for item in used:
        record = item.record
        variation = f" (variation of `{str(record['parent'])[:12]}`)" if record.get("parent") else ""
        page = record.get("page_url")
        title = _cell(record.get("title") or "untitled")
        cells = [
            f"`{item.key[:12]}`{variation}",
            f"[{title}]({page})" if page else title,
            _cell(record.get("creator") or "unknown"),
            _licence(record),
            _cell(record.get("credit_line") or ""),
            str(drawn[item.key]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _licence(record: Mapping[str, Any]) -> str:
    rights = record.get("rights") or {}
    words = rights.get("spdx") or " ".join(str(rights[key]) for key in ("family", "version") if rights.get(key)) or "not stated"
    return f"[{words}]({rights['uri']})" if rights.get("uri") else _cell(words)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
