"""The reports of the stages in words: one sentence with counts that add up, then what was named on the way."""

from typing import Any

from fototeca.desk import counted, size, table

PROBLEMS_SHOWN = 20


def harvest_words(report: Any) -> str:
    """What a harvest took, what it left, and every row of source data that was wrong."""
    news = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged statements"
    added = (
        f"{count_of(report.images_added, 'picture')} added ({size(report.bytes_added)})"
        if report.images_added
        else "no picture added"
    )
    licences = ", ".join(f"{number} {name}" for name, number in report.licences.items())
    by_licence = [f"by licence: {licences}."] if licences else []
    return "\n".join([f"{report.sentence()}.", f"{news}; {added}.", *by_licence, *_problems(report.problems)])


def recheck_words(report: Any) -> str:
    """What was asked again, what changed, and what is proposed for withdrawal."""
    lines = [f"{report.sentence()}."]
    for change in report.licence_changes[:PROBLEMS_SHOWN]:
        lines.append(f"  {change['subject']}: {change['from']} → {change['to']} ({change['direction']})")
    if len(report.licence_changes) > PROBLEMS_SHOWN:
        lines.append(f"  and {len(report.licence_changes) - PROBLEMS_SHOWN} more: the view rights_history has them all.")
    if report.proposed:
        lines.append(
            f"{count_of(report.proposed, 'withdrawal')} proposed: see the view proposed_withdrawals, then `fototeca withdraw`."
        )
    return "\n".join([*lines, *_problems(report.problems)])


def withdrawal_words(found: Any) -> str:
    """What goes, what stays and why, and who must be told."""
    name = f"{found.title or found.source_id or found.subject} ({found.subject})"
    begin = f"withdrawn: {name}." if found.done else f"would withdraw {name}; nothing was changed: add --yes to do it."
    lines = [begin, f"  bytes: {count_of(len(found.bytes_removed), 'file')} {'removed' if found.done else 'to remove'}"]
    if found.bytes_kept_because:
        lines.append(f"  bytes that stay: {found.bytes_kept_because}")
    if found.variations:
        lines.append(f"  {count_of(len(found.variations), 'variation')} made from it")
    lines += [f"  same bytes under another item, which stays: {one}" for one in found.shares_bytes_with]
    lines += [f"  export to write again: fototeca export {one}" for one in found.exports]
    lines += [f"  pages to write again (fototeca gallery, or fototeca review --html): {one}" for one in found.galleries]
    lines += [f"  delivery to notify: {one}" for one in found.deliveries]
    lines += [f"  a model was trained on it: {one}" for one in found.training_runs]
    if not (found.exports or found.deliveries or found.training_runs):
        lines.append("  no export, delivery or training run holds it")
    return "\n".join(lines)


def curation_words(report: Any) -> str:
    """What was measured, found and judged, and the sum of it all."""
    lines = []
    if not report.changed:
        lines.append("nothing new: every picture is measured, paired and judged as it stands.")
    lines += [
        f"{count_of(report.measured, 'picture')} measured ({report.unreadable} unreadable); {report.pairs} close pairs found,"
        f" {report.verified} of them verified; {report.claims} claims of concepts.",
        *_by_models(report),
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


def _by_models(report: Any) -> list[str]:
    """What models were asked, where any is set."""
    if not (report.embedded or report.compared or any(report.alike.values())):
        return []
    pairs = f"; pairs by models: {counted(report.alike)}" if any(report.alike.values()) else ""
    return [f"{count_of(report.embedded, 'vector')} made, {report.compared} likenesses taken to words and parents{pairs}."]


def what_if_words(found: Any) -> str:
    """Counts by concept, now and under the other settings, and some of the pictures that would move."""
    moved = sum(row["pictures"] for row in found.moved)
    lines = [
        f"under {', '.join(f'{name} = {value}' for name, value in found.changes.items())}, nothing was written:",
        table(found.concepts),
    ]
    if not moved:
        return "\n".join([*lines, "no verdict would change."])
    parts = ", ".join(f"{row['pictures']} from {row['before']} to {row['after']}" for row in found.moved)
    lines.append(f"{count_of(moved, 'picture')} would move: {parts}. Such as:")
    return "\n".join(
        [*lines, *(f"  {row['title']} ({row['subject'][:12]}): {row['before']} → {row['after']}" for row in found.examples)]
    )


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
        return "\n".join(["nothing to augment:", *(f"  {note}" for note in report.notes)])
    lines = [table(rows)]
    for one in report.concepts:
        lines += [
            f"  {one.concept}: {obstacle.count} cannot be varied, such as “{obstacle.examples[0]}”: {obstacle.reason}"
            for obstacle in one.obstacles
        ]
    if plan_only:
        left = report.planned - report.made_before
        lines.append(
            f"plan: {left} variations to make with {report.model} (revision {report.revision[:12]}),"
            f" about {duration(report.estimate.seconds)} ({report.estimate.basis}) and {report.estimate.megabytes:.1f} MB of"
            " disk; nothing was written."
        )
    else:
        lines.append(
            f"{report.planned} variations planned: {report.made} made, {report.made_before} made before,"
            f" {report.failed} failed; {report.seconds:.0f} s."
        )
    return "\n".join([*lines, *report.notes, *_problems(report.problems)])


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`, `2.1 days`."""
    for unit, name, digits in ((86_400, "days", 1), (3_600, "h", 1), (60, "min", 0)):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.{digits}f} {name}"
    return f"{seconds:.0f} s"


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
    """The score before and after, as `finetune.held_out.Score` defines it; lower is better but for the gap."""
    if not before or not after:
        return ["held-out loss: not measured."]
    where = "the training pictures themselves: no held-out score" if after["split"] == "train" else f"split {after['split']}"
    lines = [
        f"held-out loss, on {count_of(after['pictures'], 'picture')} ({where}):",
        f"  of the concept {_change(before, after, 'concept')} (lower: it has learned)",
    ]
    told = {
        "gap": "gap to the class's words {} (higher: bound to its token)",
        "class_drift": "drift of the class {} (near 0: the class still stands)",
        "others": "of other pictures {} (near the same: they are still known)",
    }
    lines += [f"  {words.format(_change(before, after, name))}" for name, words in told.items() if after.get(name) is not None]
    return lines


def _change(before: Any, after: Any, name: str) -> str:
    return f"{before[name]:.4f} → {after[name]:.4f}"


def count_of(number: int, noun: str) -> str:
    """`1 picture`, `2 pictures`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _problems(problems: Any) -> list[str]:
    lines = [f"  {one['where']}: {one['what']}" for one in problems[:PROBLEMS_SHOWN]]
    if len(problems) > PROBLEMS_SHOWN:
        lines.append(f'  and {len(problems) - PROBLEMS_SHOWN} more: `fototeca sql "SELECT problems FROM runs"` has them all.')
    return [f"{count_of(len(problems), 'problem')} in the source data:", *lines] if problems else []
