"""The commands by which persons judge: review, decide, link."""

from pathlib import Path
from typing import Annotated, Any

import typer

from base.errors import UsageError
from fototeca.desk import Json, WorkspaceOption, at_desk, table
from fototeca.words import count_of

NOTICES_SHOWN = 10


def review(
    context: typer.Context,
    html: Annotated[Path | None, typer.Option("--html", help="Write pages to look at into this folder.")] = None,
    criterion: Annotated[str | None, typer.Option(help="Only what this criterion objects to.")] = None,
    concept: Annotated[str | None, typer.Option(help="Only pictures of this concept.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures.")] = None,
    near_duplicates: Annotated[
        bool, typer.Option("--near-duplicates", help="Also show what was left out as a copy, to be overruled.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """What waits for a person? With --html: pages with the pictures, the evidence and a sheet of decisions."""
    desk = at_desk(context, workspace, as_json)
    from curate.review import what_waits, write_review

    if html is None:
        if criterion or concept or limit or near_duplicates:
            raise UsageError(
                "--criterion, --concept, --limit and --near-duplicates choose what goes on pages: add --html FOLDER."
            )
        found = what_waits(desk.workspace)
        desk.answer(found, _waiting_words(found))
        return
    report = write_review(
        desk.workspace,
        html,
        criterion=criterion,
        concept=concept,
        limit=limit,
        near_duplicates=near_duplicates,
        progress=desk.progress,
    )
    desk.answer(report, _review_words(report))


def decide(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(help="Candidate id, beginning of a sha256, URL, or file name; not with --from.")
    ] = None,
    verdict: Annotated[str | None, typer.Argument(help="What you decide: keep or exclude.")] = None,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is kept and shown.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who decides.")] = "",
    evidence: Annotated[
        str | None, typer.Option(help="Where it can be seen (a letter, a page); needed to overrule rights or an opt-out.")
    ] = None,
    sheets: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help="A sheet of decisions, as `fototeca review --html` gives it; may be repeated. All rows are written, or none.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --from: check the sheet, write nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Put a person's verdict on one picture, or on all of a sheet: it outranks every criterion."""
    desk = at_desk(context, workspace, as_json)
    from curate.decide import decide as run
    from curate.decide import decide_from, notices

    if sheets:
        if subject or verdict or evidence:
            raise UsageError("with --from each row names its subject, its decision and its evidence: leave them out here.")
        report = decide_from(desk.workspace, sheets, who=by, reason=reason, dry_run=dry_run)
        desk.answer(report, _decided_words(report))
        return
    if subject is None or verdict is None:
        raise UsageError("name a subject and keep or exclude, or a sheet: `fototeca decide --from decisions.csv --by NAME`.")
    if dry_run:
        raise UsageError("--dry-run goes with --from.")
    decided = run(desk.workspace, subject, verdict, reason=reason, who=by, evidence=evidence)
    lines = [f"{decided.subject}: {decided.verdict}, by {decided.who}: {decided.reason}"]
    desk.answer(decided, "\n".join([*lines, *notices(desk.workspace, [decided])]))


def link(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="Candidate id, beginning of a sha256, URL, or file name.")],
    other: Annotated[str, typer.Argument(help="The picture that it is compared with, named likewise.")],
    same: Annotated[bool | None, typer.Option("--same/--different", help="They are the same picture, or they are not.")] = None,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is kept and shown.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who says so.")] = "",
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Say that two pictures are the same, or are not: it outranks every measure from the next curation on."""
    desk = at_desk(context, workspace, as_json)
    from curate.decide import link as run

    if same is None:
        raise UsageError("say --same or --different.")
    said = run(desk.workspace, subject, other, "same" if same else "different", reason=reason, who=by)
    words = "the same picture" if same else "different pictures"
    desk.answer(said, f"{said.a[:12]} and {said.b[:12]}: {words}, by {said.who}. It takes effect with `fototeca curate`.")


def _waiting_words(found: Any) -> str:
    copies = f"{count_of(found.near_duplicates, 'picture')} were left out as copies: `--near-duplicates` shows them too."
    copies = copies.replace("1 picture were", "1 picture was")
    if not found.waiting:
        return "\n".join(["nothing waits for a person.", *([copies] * bool(found.near_duplicates))])
    lines = [
        f"{count_of(found.waiting, 'picture')} wait{'s' * (found.waiting == 1)} for a person:",
        table(found.rows),
        "next: `fototeca review --html review` writes pages to look at and decide on;",
        "      `fototeca decide --from decisions.csv --by NAME` writes down what was decided.",
    ]
    return "\n".join([*lines, *([copies] * bool(found.near_duplicates))])


def _review_words(report: Any) -> str:
    copies = f", {report.near_duplicates} of them left out as copies" if report.near_duplicates else ""
    lines = [f"{report.index}: {count_of(report.items, 'picture')} on {count_of(report.pages, 'page')}{copies}."]
    if report.not_shown:
        lines.append(f"{report.not_shown} more wait beyond --limit.")
    if report.without_thumbnail:
        lines.append(f"{report.without_thumbnail} cannot be shown: not held, or not to be decoded.")
    if report.set_aside:
        lines.append(f"a sheet that somebody filled in was set aside as {report.set_aside}.")
    lines.append(f"{report.sheet}: the same as a sheet to fill in.")
    return "\n".join(lines)


def _decided_words(report: Any) -> str:
    parts = {"kept": report.kept, "excluded": report.excluded, "the same": report.same, "different": report.different}
    rest = f"{report.unchanged} unchanged, {report.undecided} undecided and left alone"
    lines = [f"{', '.join(f'{number} {words}' for words, number in parts.items() if number) or 'nothing new'}; {rest}."]
    if report.dry_run:
        lines.append("a dry run: nothing was written.")
    if report.same or report.different:
        lines.append("words on two pictures take effect with `fototeca curate`.")
    more = len(report.notices) - NOTICES_SHOWN
    return "\n".join([*lines, *report.notices[:NOTICES_SHOWN], *([f"and {more} more like this."] * (more > 0))])
