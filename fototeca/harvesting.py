"""The commands that gather: `harvest` with one subcommand a source, `retry` and `recheck`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from base import plugins
from base.errors import UsageError
from fototeca.desk import Json, WorkspaceOption, at_desk, table
from fototeca.words import harvest_words, recheck_words

SOURCES = "harvest.sources"
LOCAL = "folder"

harvest = typer.Typer(help="Add openly licensed pictures, with what their source says of them.", no_args_is_help=True)

FetchAnyway = Annotated[
    str | None,
    typer.Option("--fetch-anyway", metavar="REASON", help="Fetch also what is refused or opted out; the reason is recorded."),
]
ConceptOption = Annotated[str | None, typer.Option(help="Claim this concept for everything that is harvested.")]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Take at most so many items.")]
AllowHost = Annotated[list[str] | None, typer.Option(metavar="HOST[:PORT]", help="Open one private or local address on purpose.")]
ContactOption = Annotated[
    str | None, typer.Option(envvar="FOTOTECA_CONTACT", help="Mail or page that servers may write to; needed for live hosts.")
]


@harvest.command("folder")
def harvest_folder(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Folder with the pictures.")],
    sheet: Annotated[
        Path | None, typer.Option(help="CSV file with at least the columns file and licence; without one, only embedded rights.")
    ] = None,
    collection: Annotated[str | None, typer.Option(help="Name of the collection; the folder's name by default.")] = None,
    concept: ConceptOption = None,
    fetch_anyway: FetchAnyway = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Add the pictures of a folder, with the licences that its sheet, sidecars or the files themselves state."""
    from harvest.crawl import harvest_folder as run

    desk = at_desk(context, workspace, as_json)
    report = run(
        desk.workspace,
        path,
        sheet,
        collection=collection,
        concept=concept,
        fetch_anyway=fetch_anyway,
        progress=desk.progress,
    )
    desk.answer(report, harvest_words(report))


def _web_command(name: str) -> Callable[..., None]:
    def run_harvest(
        context: typer.Context,
        asked: Annotated[list[str], typer.Argument(metavar="WHAT...", help="What to harvest, as said above.")],
        concept: ConceptOption = None,
        limit: LimitOption = None,
        depth: Annotated[
            int | None, typer.Option(min=0, help="How far below what is named to go, where there is a below.")
        ] = None,
        metadata_only: Annotated[bool, typer.Option("--metadata-only", help="Record rights and fetch no bytes.")] = False,
        base_url: Annotated[
            list[str] | None,
            typer.Option(metavar="[SOURCE=]URL", help="Ask this address instead of the service's own (a mirror, a test server)."),
        ] = None,
        allow_host: AllowHost = None,
        contact: ContactOption = None,
        fetch_anyway: FetchAnyway = None,
        workspace: WorkspaceOption = None,
        as_json: Json = False,
    ) -> None:
        from harvest.crawl import harvest_web

        desk = at_desk(context, workspace, as_json)
        report = harvest_web(
            desk.workspace,
            name,
            asked,
            allow_hosts=tuple(allow_host or ()),
            concept=concept,
            limit=limit,
            metadata_only=metadata_only,
            fetch_anyway=fetch_anyway,
            contact=contact,
            base_urls=base_urls(name, base_url or ()),
            depth=depth,
            progress=desk.progress,
        )
        desk.answer(report, harvest_words(report))

    run_harvest.__doc__ = plugins.documentation(SOURCES, name)
    return run_harvest


for _name in plugins.names(SOURCES):
    if _name != LOCAL:
        harvest.command(_name)(_web_command(_name))


def base_urls(name: str, given: Sequence[str]) -> dict[str, str]:
    """Addresses by source, from `URL` (of the source that is harvested) or `SOURCE=URL`.

    Raises:
        UsageError: no web address, or a source that does not exist.
    """
    found = {}
    for text in given:
        source, sign, url = text.partition("=")
        if not sign or "/" in source:
            source, url = name, text
        if source not in plugins.names(SOURCES):
            plugins.load(SOURCES, source)  # says which there are
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"--base-url {text!r}: {url!r} is no http or https address.")
        found[source] = url
    return found


def retry(
    context: typer.Context,
    errors: Annotated[
        str, typer.Option(help="Classes of failures, with commas: timeout, 5xx, 404, connection … or all.")
    ] = "all",
    source: Annotated[str | None, typer.Option(help="Only this source, or sources that begin so.")] = None,
    limit: LimitOption = None,
    allow_host: AllowHost = None,
    contact: ContactOption = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Ask again for what failed, by class of failure, and for nothing else."""
    from harvest.retry import retry as run

    desk = at_desk(context, workspace, as_json)
    report = run(
        desk.workspace,
        errors=[word.strip() for word in errors.split(",") if word.strip()],
        source=source,
        limit=limit,
        allow_hosts=tuple(allow_host or ()),
        contact=contact,
        progress=desk.progress,
    )
    desk.answer(report, harvest_words(report))


def recheck(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only this source, or sources that begin so.")] = None,
    older_than_days: Annotated[float | None, typer.Option(min=0, help="Only what was last asked so many days ago.")] = None,
    limit: LimitOption = None,
    metadata: Annotated[bool, typer.Option("--metadata/--bytes-only", help="Also read the licences again at the source.")] = True,
    base_url: Annotated[
        list[str] | None, typer.Option(metavar="SOURCE=URL", help="Ask this address instead of the service's own.")
    ] = None,
    allow_host: AllowHost = None,
    contact: ContactOption = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Has anything changed at the sources? Licences and bytes are asked for again; what is gone is proposed for withdrawal."""
    from harvest.recheck import recheck as run

    desk = at_desk(context, workspace, as_json)
    report = run(
        desk.workspace,
        source=source,
        older_than_days=older_than_days,
        limit=limit,
        metadata=metadata,
        base_urls=base_urls(source or "", base_url or ()),
        allow_hosts=tuple(allow_host or ()),
        contact=contact,
        progress=desk.progress,
    )
    desk.answer(report, recheck_words(report))


def sources(context: typer.Context, workspace: WorkspaceOption = None, as_json: Json = False) -> None:
    """Which sources can be harvested?"""
    desk = at_desk(context, workspace, as_json)
    rows: list[dict[str, Any]] = [{"source": name, "what": plugins.description(SOURCES, name)} for name in plugins.names(SOURCES)]
    desk.answer(rows, table(rows, widest=110))
