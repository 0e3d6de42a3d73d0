"""The commands that begin and judge: init, demo, ingest, curate, criteria."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from base import plugins
from fototeca.desk import Json, WorkspaceOption, at_desk, counted, table
from fototeca.words import curation_words, what_if_words

EXAMPLES = ("concepts.toml", "curation.toml", "restricted.toml")


def init(context: typer.Context, workspace: WorkspaceOption = None, as_json: Json = False) -> None:
    """Write example concepts.toml, curation.toml and restricted.toml into the workspace; files that exist are left alone."""
    desk = at_desk(context, workspace, as_json)
    desk.workspace.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    left: list[str] = []
    for name in EXAMPLES:
        target = desk.workspace / name
        (left if target.exists() else written).append(name)
        if not target.exists():
            shutil.copyfile(examples_folder() / name, target)
    words = f"{desk.workspace}: " + "; ".join(
        part for part in (f"wrote {', '.join(written)}" * bool(written), f"left {', '.join(left)} as it is" * bool(left)) if part
    )
    desk.answer({"workspace": str(desk.workspace), "written": written, "left": left}, words)


def demo(
    context: typer.Context,
    workspace: Annotated[Path, typer.Option(help="Where the demo works; an empty folder or an earlier demo.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """The whole flow on a small museum that runs on this machine: harvest, curate, augment, export, train, generate."""
    from fototeca.demo import run_demo

    desk = at_desk(context, workspace, as_json)
    run_demo(desk)


def ingest(context: typer.Context, workspace: WorkspaceOption = None, as_json: Json = False) -> None:
    """Pour what interrupted or refused commands left in the spool; doing it again changes nothing."""
    from catalog.runs import pour_abandoned

    desk = at_desk(context, workspace, as_json)
    poured = pour_abandoned(desk.workspace)
    words = "\n".join(f"{run_id}: {counted(tables)}" for run_id, tables in poured.items())
    desk.answer(poured, words or "nothing waits in the spool.")


def criteria(context: typer.Context, workspace: WorkspaceOption = None, as_json: Json = False) -> None:
    """By which criteria are pictures judged, and with which settings here?"""
    desk = at_desk(context, workspace, as_json)
    from curate import settings

    chosen = settings.read(desk.workspace)
    rows = []
    for name in plugins.names(settings.CRITERIA):
        values = settings.parameters(name, plugins.load(settings.CRITERIA, name), chosen)
        own = {key: value for key, value in values.items() if key not in ("purpose", "accept_soft")}
        rows.append({"criterion": name, "what": plugins.description(settings.CRITERIA, name), "settings": own})
    purpose = f"purpose {chosen.purpose}, soft licences {'accepted' if chosen.accept_soft else 'not accepted'}"
    desk.answer(rows, f"{purpose}\n\n{table(rows, widest=100)}")


def curate(
    context: typer.Context,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CRITERION.PARAMETER=VALUE", help="Only tell what would change under another setting; may be repeated."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Measure what is new, find copies, judge everything by the criteria, and draw the splits."""
    desk = at_desk(context, workspace, as_json)
    if what_if:
        from curate.what_if import what_if as ask_what_if

        found = ask_what_if(desk.workspace, what_if)
        desk.answer(found, what_if_words(found))
        return
    from curate.curate import curate as run

    report = run(desk.workspace, progress=desk.progress)
    desk.answer(report, curation_words(report))


def examples_folder() -> Path:
    """Where the example configuration files stand: beside the code in a checkout, inside the package when installed."""
    here = Path(__file__).resolve().parent
    checkout = here.parent / "docs" / "examples"
    return checkout if checkout.is_dir() else here / "examples"
