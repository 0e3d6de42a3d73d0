"""The run's README.md: what was taught, from which pictures under which licences, with what result, and what binds its use."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from base import plugins
from base.files import write_text
from finetune import credits, curves
from finetune.audit_words import near_copies
from finetune.data import Item, Samples
from finetune.markdown import plain, table
from finetune.model_place import PACKAGE, shown_name
from finetune.sampling import EXTRA_FILE
from finetune.watch import grids, step_of

CARD_FILE = "README.md"
KOHYA_FILE = "pytorch_lora_weights_kohya.safetensors"
COMMIT_LENGTH = 40  # of the hub; a folder's digest has 64 signs
FEW = 10  # held-out pictures below which a score is called a hint
CHANGED = 0.01  # part of a loss below which it is called unchanged
BOUND = 0.02  # part of the concept's loss by which the gap must grow for the concept to be called bound (an assumption)
LOST = 0.05  # part by which the loss of other pictures must rise for them to be called forgotten (an assumption)
SCORES = {
    "concept": "pictures of the concept, own captions (learned when it falls)",
    "class_caption": "the same pictures, class captions",
    "gap": "difference of the two (the concept is bound to its token when it grows)",
    "others": "pictures without the concept, own captions (kept when it stays)",
    "class_drift": "distance to the base model under class captions (kept when near 0)",
}


def write(folder: Path, run: Mapping[str, Any], samples: Samples, drawn: Counter[str]) -> Path:
    """Write the model card into the run's folder, with credits.csv and curves.png, to which it points.

    Args:
        folder: of the run.
        run: its run.json, with counts, both held-out scores and, where they are there, "grid", "grid_missing" and "audit".
        samples: what it was trained on.
        drawn: how often each picture was drawn.
    """
    items = {item.key: item for item in (*samples.train, *samples.variations.values())}
    used = [items[key] for key in sorted(drawn)]
    credits.write(folder, used, drawn)
    curve = curves.draw(folder, run)
    settings, base = run["settings"], run["inputs"]["base"]
    names = plain(", ".join(one.name for one in samples.concepts))
    kind = "LoRA" if settings["weights"]["kind"] == "lora" else "all weights"
    parts = [
        [_front_matter(run, samples)],
        [f"# {names}: {kind} on {plain(shown_name(base['id']))}"],
        [f"Run `{run['run_id']}` of fototeca {run['code_version']}."],
        *([[f"![The same prompts and seeds after the last step]({run['grid']})"]] if run.get("grid") else []),
        ["## What it was taught", "", *_concepts(samples)],
        ["## How to use it", "", *_use(folder, run, samples)],
        ["## What binds its use", "", *_binds(base, samples, used)],
        ["## What it learned", "", *_learned(folder, run, curve)],
        ["## Near-copies", "", *near_copies(run.get("audit"))],
        ["## What it was trained on", "", *_trained_on(run, samples, used, drawn)],
        ["## What this page cannot say", "", *_limits(run, used)],
        ["## Settings", "", "```json", json.dumps(_shown(settings), indent=2, sort_keys=True, ensure_ascii=False), "```"],
    ]
    write_text(folder / CARD_FILE, "\n\n".join("\n".join(lines) for lines in parts) + "\n")
    return folder / CARD_FILE


def _front_matter(run: Mapping[str, Any], samples: Samples) -> str:
    """YAML that model hubs read; each value is written as JSON, which is YAML too, so that no text can break it."""
    settings, base = run["settings"], run["inputs"]["base"]
    full = settings["weights"]["kind"] == "full"
    first = samples.concepts[0]
    head: dict[str, Any] = {
        "license": "other",
        "license_name": "base-model-and-pictures",
        "license_link": f"{CARD_FILE}#what-binds-its-use",
        "library_name": "diffusers",
        "pipeline_tag": "text-to-image",
        "tags": [
            "text-to-image", "diffusers", "full-fine-tuning" if full else "lora", str(settings["objective"]["name"]),
            "cultural-heritage", "fototeca",
        ],
        "instance_prompt": f"a {first.rare_token} {first.class_noun}",
    }  # fmt: skip
    if _on_hub(base):
        head |= {"base_model": base["id"], "base_model_relation": "finetune" if full else "adapter"}
    return "\n".join(["---", *(f"{name}: {json.dumps(value, ensure_ascii=True)}" for name, value in head.items()), "---"])


def _on_hub(base: Mapping[str, Any]) -> bool:
    return len(base["revision"]) == COMMIT_LENGTH


def _shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without where the base model lies on somebody's machine."""
    return {**settings, "model": {**settings["model"], "id": shown_name(settings["model"]["id"])}}


def _concepts(samples: Samples) -> list[str]:
    counts = Counter(one.name for item in samples.train for one in item.concepts)
    rows = [
        [plain(one.name), plain(one.rare_token), plain(one.class_noun), plain(f"a {one.rare_token} {one.class_noun}"), str(times)]
        for one in samples.concepts
        for times in [counts[one.name]]
    ]
    return table(["concept", "rare token", "class noun", "prompt", "training pictures"], rows)


def _use(folder: Path, run: Mapping[str, Any], samples: Samples) -> list[str]:
    settings, base = run["settings"], run["inputs"]["base"]
    first = samples.concepts[0]
    family = plugins.load(PACKAGE, base["family"]) if base.get("family") else None
    kind = family.PIPELINES[0] if family else "DiffusionPipeline"
    lines = ["With diffusers:", "", "```python", f"from diffusers import {kind}", ""]
    if settings["weights"]["kind"] == "full":
        inner = family.PIPELINE_FOLDER if family else "pipeline"
        lines.append(f'pipe = {kind}.from_pretrained("path/of/this/folder/{inner}")')
    else:
        where, pin = (base["id"], f', revision="{base["revision"]}"') if _on_hub(base) else ("path/of/the/base/model", "")
        weights = family.WEIGHTS_FILE if family else "pytorch_lora_weights.safetensors"
        lines.append(f"pipe = {kind}.from_pretrained({json.dumps(where, ensure_ascii=False)}{pin})")
        lines.append(f'pipe.load_lora_weights("path/of/this/folder", weight_name="{weights}")')
    prompt = json.dumps(f"a {first.rare_token} {first.class_noun}", ensure_ascii=False)
    lines += [f"pipe({prompt}).images[0].save('picture.png')", "```", ""]
    if not _on_hub(base):
        lines.append(
            "When you hand this folder on: `run.json` and `recipe.resolved.json` name the folder of the base model on the "
            "machine that trained it. diffusers needs the weights alone; credits.csv and this page go with them."
        )
    lines.append("With fototeca, which marks every picture as made by a model: `fototeca generate RUN --prompt …`.")
    if (folder / KOHYA_FILE).exists():
        lines.append(f"For programs that read kohya's names: `{KOHYA_FILE}`.")
    if (folder / EXTRA_FILE).exists():
        lines.append(f"Stock diffusers leaves out what is in `{EXTRA_FILE}` (modules of the objective); fototeca reads it.")
    return lines


def _binds(base: Mapping[str, Any], samples: Samples, used: Sequence[Item]) -> list[str]:
    lines = [f"- **Base model** {plain(shown_name(base['id']))}, revision `{base['revision']}`: {plain(base['licence'])}."]
    if count := _class_pictures(samples):
        lines.append(f"- **Class pictures**: {count}, drawn by the base model; its terms bind them too.")
    return [*lines, *credits.bindings(used), "", "This is what the records say; it is no legal advice."]


def _learned(folder: Path, run: Mapping[str, Any], curve: Path | None) -> list[str]:
    before, after = run["held_out_before"], run["held_out_after"]
    on = f"{_pictures(after['pictures'], 'held-out ')} of split {after['split']}"
    if after["split"] == "train":
        on = f"{_pictures(after['pictures'], 'training ')}: the shards hold no others of the concept, so this is **not held out**"
    rows = [
        [words, f"{before[name]:.4f}", f"{after[name]:.4f}"]
        for name, words in SCORES.items()
        if before.get(name) is not None and after.get(name) is not None
    ]
    about = f"How far the model is off when it takes noise out of a picture (its loss), at fixed noise and timesteps, on {on}."
    lines = [f"{about} Lower is better, but for the difference.", "", *table(["measured on", "before", "after"], rows), ""]
    course = curves.held_out(curves.lines(folder), run).get("concept", [])
    lines += [f"- {sentence}" for sentence in reading(before, after, course)]
    if curve:
        lines += ["", f"![Training loss and held-out loss, step by step]({curve.name})"]
    if shown := grids(folder):
        linked = ", ".join(f"[{step_of(path)}](grids/{path.name})" for path in shown)
        lines += ["", f"The same prompts and seeds after step {linked}."]
    if run.get("grid_missing"):
        lines += ["", f"The sample grids could not be drawn: {plain(run['grid_missing'])}"]
    return lines


def reading(before: Mapping[str, Any], after: Mapping[str, Any], course: Sequence[tuple[int, float]]) -> list[str]:
    """What the numbers say in words, each sentence only where there is something to say it from.

    Args:
        before: the held-out score of the base model.
        after: that of the trained one.
        course: (step, loss of the concept) from first to last.
    """
    found = []
    change = after["concept"] / before["concept"] - 1 if before["concept"] else 0.0
    if change < -CHANGED:
        found.append(f"The concept's loss fell by {-change:.0%}: it learned from the pictures.")
    else:
        how = "rose" if change > CHANGED else "hardly changed"
        found.append(f"The concept's loss {how} ({change:+.1%}): by this measure it learned nothing of use.")
    if before.get("gap") is not None and after.get("gap") is not None:
        bound = after["gap"] > before["gap"] + BOUND * before["concept"]
        found.append("The concept is bound to its token." if bound else "The concept is hardly bound to its token.")
    if before.get("others") and after.get("others") is not None:
        lost = after["others"] / before["others"] - 1
        found.append(
            f"Other pictures are predicted {lost:.0%} worse than before: something of them was lost."
            if lost > LOST
            else f"Other pictures are predicted as before ({lost:+.1%})."
        )
    if len(course) > 2:
        step, least = min(course, key=lambda point: (point[1], point[0]))
        rise = course[-1][1] / least - 1 if least else 0.0
        found.append(
            f"The loss was lowest after step {step} and {rise:.0%} higher at the end: the run went on too long, or too fast."
            if rise > CHANGED
            else "The loss was still lowest at the end, or as good as: no sign of overfitting."
        )
    return found


def _trained_on(run: Mapping[str, Any], samples: Samples, used: Sequence[Item], drawn: Counter[str]) -> list[str]:
    counts, settings = run["counts"], run["settings"]
    variations = sum(item.key in samples.variations for item in used)
    lines = [
        f"{counts['pictures']} pictures ({len(used) - variations} real, {variations} variations of them made by a model), drawn "
        f"{counts['draws']} times in {counts['steps']} steps. "
        f"{counts['synthetic_draws'] / max(1, counts['draws']):.0%} of the draws were variations made by a model. "
        f"Purpose: {settings['purpose']}. Shards: manifest `{run['inputs']['shards']['manifest']}`.",
    ]
    if count := _class_pictures(samples):
        model = plain(shown_name(run["inputs"]["base"]["id"]))
        lines += ["", f"Beside them {count} class pictures, drawn by the base model {model} before training from class captions."]
    if settings["data"].get("mirror"):
        lines += ["", "Every other draw was shown mirrored."]
    return [*lines, "", *credits.shown(used, drawn)]


def _limits(run: Mapping[str, Any], used: Sequence[Item]) -> list[str]:
    after = run["held_out_after"]
    lines = [
        f"- It was taught from {len(used)} pictures only: what it draws of the concept is what these show, in their time, place "
        "and manner.",
        "- Whether people who are shown, or a community whose objects are shown, agree to this use is no matter of licences: "
        "that is the curator's to say, and nothing here has asked it.",
        "- Nobody has looked at the drawn pictures for this page; the numbers do not say whether they are beautiful or true.",
    ]
    if after["split"] != "train" and after["pictures"] < FEW:
        lines.append(f"- {_pictures(after['pictures'], 'held-out ')}: that is few, and the scores are a hint, no measurement.")
    audit = run.get("audit") or {}
    if "drawn" not in audit:
        lines.append("- Whether it copies its training pictures is not known: no near-copies were looked for.")
    elif not audit["by_model"]:
        lines.append(
            "- Near-copies were looked for by hashes and thumbnails only: copies of a part of a picture, or changed in colour or "
            "frame, are not found that way. A model for copies (audit.model) finds more."
        )
    else:
        lines.append("- Near-copies were looked for in a few pictures, under captions of training; other prompts may copy.")
    return lines


def _pictures(number: int, kind: str) -> str:
    return f"{number} {kind}{'picture' if number == 1 else 'pictures'}"


def _class_pictures(samples: Samples) -> int:
    return len({item.key for items in samples.companions.values() for item in items})
