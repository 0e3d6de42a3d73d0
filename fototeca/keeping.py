"""The commands by which an archivist answers for the collection over time: correct, withdraw, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from base.errors import UsageError
from fototeca.desk import Json, WorkspaceOption, at_desk, size
from fototeca.words import count_of, withdrawal_words

SubjectArgument = Annotated[str, typer.Argument(help="Candidate id, beginning of a sha256, URL, or file name.")]
ByOption = Annotated[str, typer.Option("--by", help="Who states it.")]


def correct(
    context: typer.Context,
    subject: SubjectArgument,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is kept and shown.")],
    by: ByOption,
    title: Annotated[str | None, typer.Option(help="The right title.")] = None,
    creator: Annotated[str | None, typer.Option(help="The right author.")] = None,
    date: Annotated[str | None, typer.Option(help="The right date of the work.")] = None,
    caption: Annotated[str | None, typer.Option(help="The right description.")] = None,
    credit: Annotated[str | None, typer.Option(help="The right credit line.")] = None,
    licence: Annotated[str | None, typer.Option(help="The right licence: a name or an address.")] = None,
    evidence: Annotated[
        str | None, typer.Option(help="Where it can be seen (a letter, a page); needed for a freer licence.")
    ] = None,
    take_back: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Let the source's own word on this field count again.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """State what is right about one picture: it outranks what the source says, now and at every later harvest."""
    from catalog.correct import correct as run

    desk = at_desk(context, workspace, as_json)
    stated = run(
        desk.workspace,
        subject,
        title=title,
        creator=creator,
        creation_date=date,
        caption=caption,
        credit=credit,
        licence=licence,
        evidence=evidence,
        take_back=tuple(take_back or ()),
        who=by,
        reason=reason,
    )
    desk.answer(stated, "\n".join(f"{one.subject}: {one.field}: {one.sentence()}" for one in stated))


def withdraw(
    context: typer.Context,
    subject: SubjectArgument,
    reason: Annotated[str | None, typer.Option(help="Why, in a sentence; it stays on the tombstone.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who withdraws it.")] = None,
    all_copies: Annotated[bool, typer.Option("--all-copies", help="Also every other item with the same bytes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this only what would happen is shown.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Take a picture out for good: bytes, variations and words go, a tombstone stays, and what holds it is listed."""
    from catalog.withdraw import plan_withdrawal
    from catalog.withdraw import withdraw as run

    desk = at_desk(context, workspace, as_json)
    if not yes:
        desk.answer(planned := plan_withdrawal(desk.workspace, subject, all_copies=all_copies), withdrawal_words(planned))
        return
    if not reason or not by:
        raise UsageError("withdraw --yes: say why and who, with --reason and --by; both stay on the tombstone.")
    done = run(desk.workspace, subject, reason=reason, who=by, all_copies=all_copies)
    desk.answer(done, withdrawal_words(done))


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to write, such as archive-2026-11.tar.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write catalogue, spool, configuration and the list of the store to one file; the pictures stay where they are."""
    from catalog.backup import backup as run

    desk = at_desk(context, workspace, as_json)
    report = run(desk.workspace, file)
    words = f"{report.file}: {size(report.size_bytes)}, with a list of {count_of(report.images, 'picture')} of the store."
    desk.answer(report, words)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `fototeca backup` wrote.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Check a backup whole, put it into the workspace, and say which pictures of its list the store lacks."""
    from catalog.backup import restore as run

    desk = at_desk(context, workspace, as_json)
    report = run(file, desk.workspace)
    desk.answer(report, report.sentence())
