"""The reports of the stages in words: one sentence with counts that add up, then what was named on the way."""

from typing import Any

from fototeca.desk import counted, size, table

PROBLEMS_SHOWN = 20


def harvest_words(report: Any) -> str:
    """What a harvest took, what it left, and every row of source data that was wrong."""
    news = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged statements"
    added = f"{report.images_added} pictures added ({size(report.bytes_added)})" if report.images_added else "no picture added"
    return "\n".join([f"{report.sentence()}.", f"{news}; {added}.", *_problems(report.problems)])


def curation_words(report: Any) -> str:
    """What was measured, found and judged, and the sum of it all."""
    lines = []
    if not report.changed:
        lines.append("nothing new: every picture is measured, paired and judged as it stands.")
    lines += [
        f"{report.measured} pictures measured ({report.unreadable} unreadable); {report.pairs} close pairs found,"
        f" {report.verified} of them verified; {report.claims} claims of concepts.",
        f"{report.subjects} subjects = {report.keep} kept + {report.review} waiting + {report.exclude} excluded"
        f" + {report.not_held} without bytes.",
    ]
    if any(report.excluded.values()):
        lines.append(f"excluded: {counted(report.excluded)}.")
    if any(report.waiting.values()):
        lines.append(f"waiting: {counted(report.waiting)}.")
    if any(report.abstained.values()):
        lines.append(f"abstained, a measure missing: {counted(report.abstained)}.")
    if any(report.drawn.values()):
        lines.append(f"splits drawn for new groups: {counted(report.drawn)}.")
    if report.evicted:
        lines.append(f"{report.evicted} evicted from train: a copy of them is held out.")
    return "\n".join([*lines, *report.notices, *_problems(report.problems)])


def export_words(report: Any) -> str:
    """What was written, what was the same as before, and what the purpose left out."""
    parts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in report.counts.items() if name != "samples")
    lines = [f"{report.folder}: {report.samples} samples ({parts or 'none'}), every one for {report.purpose} use."]
    if not report.changed:
        lines.append(f"nothing changed: all {len(report.kept)} shards are as they were.")
    else:
        lines.append(f"{len(report.written)} shards written, {len(report.kept)} as they were, {len(report.removed)} removed.")
    if report.left_out:
        lines.append(f"kept, but not in this export: {counted(report.left_out)}.")
    return "\n".join(lines)


def augment_words(report: Any, *, plan_only: bool) -> str:
    """The plan by concept, what was made, and what could not be augmented and why."""
    rows = [
        {
            "concept": one.concept,
            "target": one.target,
            "kept": one.kept,
            "generated": one.generated + one.pending,
            "missing": one.missing,
            "parents": one.parents,
            "to make": one.to_make,
        }
        for one in report.concepts
    ]
    if not rows:
        return "no concept is scarce: nothing to augment."
    lines = [table(rows)]
    for one in report.concepts:
        lines += [f"  {one.concept}: {obstacle.count} not used: {obstacle.reason}" for obstacle in one.obstacles]
        if one.short:
            lines.append(f"  {one.concept}: {one.short} short of the target even so; more parents or more variations are needed.")
    if plan_only:
        left = report.planned - report.made_before
        lines.append(
            f"plan: {left} variations to make with {report.model} (revision {report.revision[:12]}),"
            f" about {report.estimate.seconds:.0f} s and {report.estimate.megabytes:.1f} MB; nothing was written."
        )
    else:
        lines.append(
            f"{report.planned} variations planned: {report.made} made, {report.made_before} made before,"
            f" {report.failed} failed; {report.seconds:.0f} s."
        )
    return "\n".join([*lines, *report.notes, *_problems(report.problems)])


def training_words(report: Any) -> str:
    """The held-out loss before and after, and how much was seen."""
    if report.already_done:
        first = f"{report.run_id} is finished already: nothing was done."
    else:
        resumed = f" (resumed at step {report.resumed_from})" if report.resumed_from else ""
        first = f"{report.run_id}: {report.steps} steps{resumed} in {report.seconds:.0f} s."
    return "\n".join(
        [
            first,
            f"{report.pictures} pictures drawn {report.draws} times, {report.synthetic_draws} of these draws variations.",
            *held_out_lines(report.held_out_before, report.held_out_after),
        ]
    )


def held_out_lines(before: Any, after: Any) -> list[str]:
    """The score before and after, in the words of `finetune.held_out`."""
    return [f"held-out loss before: {before}", f"held-out loss after:  {after}"]


def _problems(problems: Any) -> list[str]:
    lines = [f"  {one['where']}: {one['what']}" for one in problems[:PROBLEMS_SHOWN]]
    if len(problems) > PROBLEMS_SHOWN:
        lines.append(f'  and {len(problems) - PROBLEMS_SHOWN} more: `fototeca sql "SELECT problems FROM runs"` has them all.')
    return [f"{len(problems)} problems in the source data:", *lines] if problems else []
