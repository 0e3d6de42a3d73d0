"""The command that lets a model write captions: caption."""

from typing import Annotated, Any

import typer

from fototeca.desk import Json, WorkspaceOption, at_desk
from fototeca.words import PROBLEMS_SHOWN, count_of


def caption(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="CAPTIONER:MODEL@REVISION",
            help="blip or git, with a hub id or a folder; [models] captioner of curation.toml by default.",
        ),
    ] = None,
    concept: Annotated[str | None, typer.Option(help="Only pictures of this concept.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures.")] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Let a model caption the pictures that have no caption, marked as its words; a person's or source's always come first."""
    from curate.captions import fill

    desk = at_desk(context, workspace, as_json)
    report = fill(desk.workspace, model=model, concept=concept, limit=limit, progress=desk.progress)
    desk.answer(report, caption_words(report))


def caption_words(report: Any) -> str:
    """How many pictures were captioned, by which model, and why the rest was not; the counts add up."""
    if not report.lacking:
        return "nothing to caption: every picture has words of its own."
    others = {
        "failed": report.failed,
        "beyond --limit": report.beyond_limit,
        "not judged yet (run `fototeca curate` first)": report.unjudged,
        "left out of the collection": report.left_out,
    }
    parts = [f"{report.captioned} captioned" + (f" by {report.model}" if report.model else "")]
    parts += [f"{number} {why}" for why, number in others.items() if number]
    lines = [f"{count_of(report.lacking, 'picture')} without a caption: {', '.join(parts)}."]
    lines += [f"  {one['where'][:12]}: {one['what']}" for one in report.problems[:PROBLEMS_SHOWN]]
    if len(report.problems) > PROBLEMS_SHOWN:
        lines.append(
            f'  and {len(report.problems) - PROBLEMS_SHOWN} more: `fototeca sql "SELECT problems FROM runs"` has them all.'
        )
    return "\n".join(lines)
