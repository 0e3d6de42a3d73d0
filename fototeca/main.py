"""The command `fototeca`: its options, its errors and exit codes, and the list of its commands."""

import errno
import io
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from base.errors import FototecaError, from_os_error
from fototeca import ask, captioning, collect, handing, harvesting, keeping, make, reviewing
from fototeca.desk import Json, WorkspaceOption, at_desk

app = typer.Typer(
    name="fototeca",
    help="Build a licensed collection of heritage pictures, augment what is scarce, hand it over, and teach a model from it.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# A place that may not be read or written, or is not what was asked for.
REFUSED = (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)
START = "Start"
COLLECT = "Collect"
KEEP = "Keep and answer for"
JUDGE = "Judge"
MAKE = "Make and hand over"
ASK = "Ask"

INTERRUPTED = 130  # as shells have it: 128 and the signal's number

app.command("init", rich_help_panel=START)(collect.init)
app.command("demo", rich_help_panel=START)(collect.demo)
app.add_typer(harvesting.harvest, name="harvest", rich_help_panel=COLLECT)
app.command("retry", rich_help_panel=COLLECT)(harvesting.retry)
app.command("recheck", rich_help_panel=COLLECT)(harvesting.recheck)
app.command("ingest", rich_help_panel=COLLECT)(collect.ingest)
app.command("sources", rich_help_panel=COLLECT)(harvesting.sources)
app.command("correct", rich_help_panel=KEEP)(keeping.correct)
app.command("withdraw", rich_help_panel=KEEP)(keeping.withdraw)
app.command("backup", rich_help_panel=KEEP)(keeping.backup)
app.command("restore", rich_help_panel=KEEP)(keeping.restore)
app.command("curate", rich_help_panel=JUDGE)(collect.curate)
app.command("caption", rich_help_panel=JUDGE)(captioning.caption)
app.command("review", rich_help_panel=JUDGE)(reviewing.review)
app.command("decide", rich_help_panel=JUDGE)(reviewing.decide)
app.command("link", rich_help_panel=JUDGE)(reviewing.link)
app.command("criteria", rich_help_panel=JUDGE)(collect.criteria)
app.command("augment", rich_help_panel=MAKE)(make.augment)
app.command("export", rich_help_panel=MAKE)(handing.export)
app.command("verify", rich_help_panel=MAKE)(handing.verify)
app.command("finetune", rich_help_panel=MAKE)(make.finetune)
app.command("generate", rich_help_panel=MAKE)(make.generate)
app.command("record", rich_help_panel=MAKE)(make.record)
app.command("gallery", rich_help_panel=MAKE)(make.gallery)
app.command("status", rich_help_panel=ASK)(ask.status)
app.command("why", rich_help_panel=ASK)(ask.why)
app.command("credits", rich_help_panel=ASK)(ask.credits)
app.command("sql", rich_help_panel=ASK)(ask.sql)
app.command("rights", rich_help_panel=ASK)(ask.rights)
app.command("check", rich_help_panel=ASK)(ask.check)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Write the log's events to stderr.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Answer --version, set up the log, and show the status when no command is named."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s", stream=sys.stderr, force=True)
    if version:
        from base.version import CODE_VERSION

        print(CODE_VERSION)
        raise typer.Exit
    context.obj = {"workspace": workspace, "json": as_json}
    if context.invoked_subcommand is None:
        ask.show_status(at_desk(context, workspace, as_json))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with the exit code of the design; the one place that catches everything."""
    words = sys.argv[1:] if arguments is None else arguments
    # Before torch is loaded: threads that wait by spinning make two of them 4 to 5 times slower on a busy machine (measured).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if isinstance(sys.stdout, io.TextIOWrapper):  # half a surrogate in a source's text is shown as \ud800, also within JSON
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app(words, standalone_mode=False)
        if code == INTERRUPTED:  # typer's answer to Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        text = "stopped; what was gathered is kept, and the same command goes on from there."
        _answer_error(text, "Interrupted", INTERRUPTED, words)
        print(f"fototeca: {text}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except typer.TyperException as error:  # a usage error: it prints itself, with the command's usage
        _show_usage(error, words)
    except SystemExit as stop:  # typer ends with 1 when the reader, such as `head`, has seen enough
        sys.exit(0 if isinstance(stop.__context__, BrokenPipeError) else stop.code)
    except FototecaError as error:
        _leave(error, error.exit_code, words)
    except OSError as error:
        known = from_os_error(error, "working")
        refused = error.errno in REFUSED
        _leave(known or error, known.exit_code if known else 2 if refused else 1, words)
    except Exception as error:  # noqa: BLE001  # the top: nothing above it could say more
        traceback.print_exc()
        _leave(error, 1, words)


def _show_usage(error: typer.TyperException, words: list[str]) -> None:
    code = int(getattr(error, "exit_code", 2))
    _answer_error(getattr(error, "format_message", lambda: str(error))(), "UsageError", code, words)
    show = getattr(error, "show", None)
    if show is not None:
        show()
    else:
        print(error, file=sys.stderr)
    sys.exit(code)


def _leave(error: BaseException, code: int, words: list[str]) -> None:
    text = " ".join([str(error) or type(error).__name__, *getattr(error, "__notes__", ())])
    _answer_error(text, type(error).__name__, code, words)
    print(f"fototeca: {text}", file=sys.stderr)
    sys.exit(code)


def _answer_error(text: str, kind: str, code: int, words: list[str]) -> None:
    if "--json" in words:
        print(json.dumps({"error": text, "kind": kind, "exit_code": code}, ensure_ascii=False))


def documented_commands() -> dict[str, str]:
    """Name and help of every command, subcommands as `harvest folder`; the documentation test reads it."""
    found: dict[str, str] = {}

    def walk(group: typer.core.TyperGroup, prefix: str) -> None:
        for name, command in group.commands.items():
            if isinstance(command, typer.core.TyperGroup):
                walk(command, f"{prefix}{name} ")
            else:
                found[f"{prefix}{name}"] = command.help or ""

    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    walk(group, "")
    return found


def program_folder() -> Path:
    """The folder of the installed package: examples and the demo's model are found from here."""
    return Path(__file__).resolve().parent
