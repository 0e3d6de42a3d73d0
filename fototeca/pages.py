"""Writes the pages of docs/ that come from the code itself: `python -m fototeca.pages` (a test holds them to it).

docs/catalogue.md comes from the COMMENTs of tables, columns and views; docs/criteria.md from the plug-ins' docstrings and
parameters; docs/commands.md from the commands' own help.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import typer

from base import plugins
from catalog import db

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTICE = "<!-- Written by `python -m fototeca.pages`; edit the code's own words, then run it again. -->"


def catalogue_page() -> str:
    """docs/catalogue.md: every view and table with every column."""
    with duckdb.connect(":memory:") as connection:
        db.upgrade(connection)
        views = db.fetch(
            connection, "SELECT view_name AS name, comment FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
        )
        tables = db.fetch(
            connection,
            "SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal ORDER BY table_name",
        )
        columns = db.fetch(
            connection,
            """
            SELECT table_name, column_name, data_type, comment
            FROM duckdb_columns()
            WHERE NOT internal
            ORDER BY table_name, column_index""",
        )
    parts = [
        "# The catalogue",
        NOTICE,
        "One DuckDB file, `catalog.duckdb`. Tables hold facts and only ever grow; the newest row of a thing is the valid one."
        " Views answer questions: begin with `kept`, `excluded`, `waiting`, `scarce`, `credits`, `lineage` and `records`."
        " `fototeca sql` asks on a copy; any duckdb client from 1.4 on opens the file itself.",
        "## Questions (views)",
    ]
    for view in views:
        names = ", ".join(f"`{row['column_name']}`" for row in columns if row["table_name"] == view["name"])
        parts.append(f"### {view['name']}\n\n{view['comment']}\n\n{names}")
    parts.append("## Facts (tables)")
    for table in tables:
        lines = [f"### {table['name']}", "", table["comment"], "", "| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{row['column_name']}` | {row['data_type']} | {row['comment']} |"
            for row in columns
            if row["table_name"] == table["name"]
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def criteria_page() -> str:
    """docs/criteria.md: measures and criteria, each in its plug-in's own words."""
    parts = [
        "# Measures and criteria",
        NOTICE,
        "A measure is a raw number of one picture, taken once. A criterion is a question over the catalogue that answers keep,"
        " exclude or review with a reason. Parameters are set in `curation.toml` under `[criteria.<name>]`; changing one opens"
        " no picture.",
        "## Measures",
    ]
    for name in plugins.names("curate.measures"):
        module = plugins.load("curate.measures", name)
        parts.append(f"### {name}\n\n{(module.__doc__ or '').strip()}\n\nVersion: `{module.VERSION}`.")
    parts.append("## Criteria")
    for name in plugins.names("curate.criteria"):
        module = plugins.load("curate.criteria", name)
        lines = [f"### {name}", "", (module.__doc__ or "").strip(), "", f"Applies to: {_listed(module.APPLIES_TO)}."]
        lines.append(f"Version: `{module.VERSION}`.")
        if module.PARAMS:
            lines += ["", "| parameter | default |", "|---|---|"]
            lines += [f"| `{key}` | `{value}` |" for key, value in _parameters(module.PARAMS).items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def commands_page() -> str:
    """docs/commands.md: every command with its arguments and options."""
    from fototeca.main import app

    parts = [
        "# Commands",
        NOTICE,
        "Every command takes `--workspace DIR` (or the environment's `FOTOTECA_HOME`; by default the current folder) and"
        " `--json`, which writes one JSON document to stdout. Exit codes: 0 done, 1 unexpected, 2 usage, 3 bad source data,"
        " 4 catalogue or folder busy, 5 out of GPU memory, 6 verification or gate failed, 7 training stopped on a loss that is"
        " no number, 8 no space.",
    ]

    def walk(group: typer.core.TyperGroup, prefix: str) -> None:
        for name, command in group.commands.items():
            if isinstance(command, typer.core.TyperGroup):
                walk(command, f"{prefix}{name} ")
                continue
            context = typer.Context(command, info_name=f"fototeca {prefix}{name}")
            usage = " ".join(command.collect_usage_pieces(context))
            lines = [f"## fototeca {prefix}{name}", "", command.help or "", "", f"`fototeca {prefix}{name} {usage}`", ""]
            for one in command.params:
                names = ", ".join(f"`{text}`" for text in one.opts) or one.name
                if one.name not in ("workspace", "as_json"):
                    lines.append(f"- {names}: {getattr(one, 'help', '') or ''}")
            parts.append("\n".join(lines).rstrip())

    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    walk(group, "")
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "catalogue.md": catalogue_page,
    "criteria.md": criteria_page,
    "commands.md": commands_page,
}


def write_pages() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list | set | frozenset) else str(value)


def _parameters(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    return {key: getattr(value, key) for key in getattr(value, "__dataclass_fields__", {})}


if __name__ == "__main__":
    write_pages()
