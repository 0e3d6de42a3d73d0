"""What the model card says of the search for near-copies."""

from collections.abc import Mapping
from typing import Any

from finetune.markdown import plain, table

MOST_ROWS = 12  # the nearest; run.json has them all


def near_copies(found: Mapping[str, Any] | None) -> list[str]:
    """Markdown lines for what `finetune.audit.audit` returned; None: nothing was looked for."""
    if found is None:
        return ["Not looked for (audit.pictures = 0)."]
    if "drawn" not in found:
        return [f"Not looked for, though the recipe asks for it: {plain(found.get('not_drawn') or 'no reason is recorded')}"]
    drawn, rules = found["drawn"], found["rules"]
    low, high = drawn["interval"]
    called = "is a near-copy" if drawn["flagged"] == 1 else "are near-copies"
    lines = [
        f"**{drawn['flagged']} of {drawn['pictures']} drawn pictures {called}** of one of the "
        f"{found['training_pictures']} training pictures: {drawn['rate']:.0%} (95 % interval {low:.0%} to {high:.0%}). They were "
        "drawn after training, from the training captions with the rare token, which is where copying is likeliest.",
        "",
        f"Likeness (1: the same picture, about 0: nothing in common) is the cosine of {plain(found['measure'])}. "
        "A picture counts as a near-copy from a likeness of "
        f"{rules['least_likeness']:.4g}, or when its perceptual hash lies within {rules['most_distance_bits']} bits in any of "
        f"eight orientations and the pixels correlate by {rules['least_correlation']:.4g} or more. What the same rules and the "
        "same likeness say of pictures that cannot be copies shows how far they can be trusted here:",
        "",
    ]
    kinds = {
        "drawn": "drawn after training, captions with the rare token",
        "base": "drawn by the base model, class captions",
        "held_out": "real pictures that were held out",
    }
    rows = []
    for kind, words in kinds.items():
        if one := found.get(kind):
            counts = [str(one["pictures"]), f"{one['median_likeness']:.2f}", f"{one['most_likeness']:.2f}", str(one["flagged"])]
            rows.append([words, *counts])
    lines += table(["pictures", "number", "median likeness", "highest", "called near-copies"], rows)
    if (found.get("held_out") or {}).get("flagged"):
        real = found["held_out"]
        lines += [
            "",
            f"The rules call {real['flagged']} of {real['pictures']} real pictures near-copies that no model has drawn: either "
            "the collection holds nearly the same picture twice, once held out, or the rules see copies here where none are. "
            "Look at the pairs before you trust the number above.",
        ]
    if not found.get("held_out"):
        lines += ["", "No picture of the concept was held out, so the rule was not set against real pictures."]
    if found.get("sheet"):
        lines += ["", f"![The nearest pairs: drawn on the left, training picture on the right]({found['sheet']})"]
    flagged = [(number, row) for number, row in enumerate(found["nearest"], start=1) if row["flagged_by"]]
    flagged.sort(key=lambda one: (-one[1]["likeness"], one[0]))
    if flagged:
        names = ["drawn picture", "prompt", "seed", "training picture", "likeness", "by"]
        listed = [
            [
                str(number), plain(row["prompt"]), str(row["seed"]), f"`{row['sha256'][:12]}`", f"{row['likeness']:.2f}",
                ", ".join(row["flagged_by"]),
            ]
            for number, row in flagged[:MOST_ROWS]
        ]  # fmt: skip
        lines += ["", *table(names, listed)]
        if len(flagged) > MOST_ROWS:
            lines.append(f"\n{len(flagged) - MOST_ROWS} more stand in run.json.")
    return lines
