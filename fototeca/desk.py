"""What every command shares: the workspace, JSON or words, tables, counts and progress bars."""

import dataclasses
import datetime
import json
import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from base.settings import workspace_folder

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", help="Folder of the collection; FOTOTECA_HOME, else the current folder, when not given."),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout instead of words.")]

BAR_WIDTH = 28
BAR_EVERY_S = 0.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a command works and how it answers."""

    workspace: Path
    json: bool

    def answer(self, value: Any, words: str) -> None:
        """Print the value as JSON, or the words."""
        print(json.dumps(plain(value), ensure_ascii=False, indent=2) if self.json else words)

    def progress(self, what: str, done: int, total: int) -> None:
        """A bar on stderr, on a terminal only, drawn five times a second; matches `catalog.runs.Progress`."""
        if not sys.stderr.isatty() or self.json:
            return
        now = time.monotonic()
        if done < total and now - _last_drawn.get("at", 0.0) < BAR_EVERY_S and _last_drawn.get("what") == what:
            return
        _last_drawn.update(at=now, what=what)
        filled = BAR_WIDTH * done // total if total else 0
        end = "\n" if total and done >= total else ""
        print(f"\r{what[:38]:<38} [{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {done}/{total or '?'} ", end=end, file=sys.stderr)


_last_drawn: dict[str, Any] = {}


def at_desk(context: typer.Context | None, workspace: Path | None, as_json: bool) -> Desk:
    """The desk for a command: its own options first, then those given before the command's name."""
    shared = (context.find_root().obj if context is not None else None) or {}
    return Desk(workspace=workspace_folder(workspace or shared.get("workspace")), json=as_json or bool(shared.get("json")))


def plain(value: Any) -> Any:
    """The same value with nothing in it that JSON does not know."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for them
    if isinstance(value, float | int | str | bool) or value is None:
        return value
    return str(value)


def table(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str] | None = None, widest: int = 60) -> str:
    """Rows as aligned text; numbers to the right, long text cut with an ellipsis; `(none)` for no rows."""
    listed = [dict(row) for row in rows]
    if not listed:
        return "(none)"
    names = list(columns or listed[0])
    cells = [[cell(row.get(name), widest) for name in names] for row in listed]
    widths = [max(len(name), *(len(row[place]) for row in cells)) for place, name in enumerate(names)]
    right = [all(isinstance(row.get(name), int | float) or row.get(name) is None for row in listed) for name in names]

    def line(texts: Sequence[str]) -> str:
        return "  ".join(
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(texts, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(names), line(["─" * width for width in widths]), *map(line, cells)])


def cell(value: Any, widest: int = 60) -> str:
    """One value as one line of text."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple | dict):
        value = ", ".join(map(str, value)) if not isinstance(value, dict) else json.dumps(plain(value), ensure_ascii=False)
    text = " ".join(str(value).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"


def counted(counts: Mapping[str, int]) -> str:
    """`280 stored, 20 opted out, 9 not an image`: the counts that are not zero, the largest first."""
    shown = sorted(((number, name) for name, number in counts.items() if number), key=lambda one: (-one[0], one[1]))
    return ", ".join(f"{number} {name.replace('_', ' ')}" for number, name in shown) or "nothing"


def size(size_bytes: int) -> str:
    """A size that a person reads: 1.2 MB."""
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
