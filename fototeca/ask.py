"""The commands that ask and change nothing: status, why, credits, sql, rights, check."""

import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from base.errors import CheckFailed, SourceError, UsageError
from fototeca.desk import Desk, Json, WorkspaceOption, at_desk, cell, counted, plain, size, table
from fototeca.words import count_of


def status(context: typer.Context, workspace: WorkspaceOption = None, as_json: Json = False) -> None:
    """What do we hold, what did we leave out, what is scarce, what waits for a person?"""
    show_status(at_desk(context, workspace, as_json))


def show_status(desk: Desk) -> None:
    """Print the status page."""
    from catalog.status import status as read_status

    found = read_status(desk.workspace)
    desk.answer(found, _status_page(found))


def why(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="Candidate id, beginning of a sha256, URL, or file name.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Why is this picture kept or left out? Its rights, every verdict, its copies, and where it went."""
    from catalog.why import why as read_why

    desk = at_desk(context, workspace, as_json)
    story = read_why(desk.workspace, subject)
    desk.answer(story, _story_page(story))


def credits(
    context: typer.Context,
    format: Annotated[Literal["text", "html", "csv", "json-ld"], typer.Option(help="How to write the credits.")] = "text",
    language: Annotated[str, typer.Option(help="en, pt or es; a tag such as pt-BR will do.")] = "en",
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Whom do we thank, and under which licence? One line for every kept picture, in the words of three languages."""
    from catalog import attribution, db

    desk = at_desk(context, workspace, as_json)
    rows = db.rows(desk.workspace, "SELECT * FROM credits")
    writers = {
        "text": attribution.as_text,
        "html": attribution.as_html,
        "csv": attribution.as_csv,
        "json-ld": attribution.as_json_ld,
    }
    desk.answer(rows, writers[format](rows, attribution.language_of(language)).rstrip("\n"))


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT; `records`, `kept`, `excluded`, `credits` are good to start with.")],
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="How to write the rows.")] = "table",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show at most.")] = 1000,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Seconds until the query is stopped.")] = 60.0,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Ask the catalogue with SQL, on a copy: nothing that you write here can harm or read anything else."""
    from catalog.query import ask

    desk = at_desk(context, workspace, as_json)
    answer = ask(desk.workspace, query, timeout_s=timeout_s, limit=limit)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if desk.json or format == "json":
        print(json.dumps(plain(rows), ensure_ascii=False, indent=2))
    elif format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([["" if value is None else value for value in row] for row in answer.rows])
    else:
        print(table(rows, columns=answer.columns, widest=80) if rows else f"(no rows)  {', '.join(answer.columns)}")
    if answer.cut:
        print(f"only the first {limit} rows are shown; --limit shows more.", file=sys.stderr)


def rights(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="A licence as you find it: text, address, or JSON object.")] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help='Read one value a line: `{` starts a JSON object, `"` a JSON string, else text.'),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """What does the normaliser make of a licence? Nothing is fetched and nothing is stored."""
    from catalog.rights import as_case, read_rights

    desk = at_desk(context, workspace, as_json)
    if (text is None) == (from_file is None):
        raise UsageError("give one TEXT, or --from FILE: `fototeca rights 'CC BY-SA 4.0'`.")
    values = [_rights_value(line, f"{from_file} line {number}") for number, line in _rights_lines(text, from_file)]
    for value in values:
        case = as_case(read_rights(value))
        print(json.dumps({"input": value, **case}, ensure_ascii=False) if desk.json else _rights_words(value, case))


def check(
    context: typer.Context,
    read_bytes: Annotated[bool, typer.Option("--bytes", help="Hash every stored file again.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="With --bytes: hash at most so many files, those longest unread first.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Does the catalogue keep its rules, and does the store hold what the catalogue says?"""
    from catalog.check import check as look

    desk = at_desk(context, workspace, as_json)
    if limit is not None and not read_bytes:
        raise UsageError("check --limit says how many files --bytes hashes: give both.")
    found = look(desk.workspace, read_bytes=read_bytes, limit=limit, progress=desk.progress)
    extra = f" {found.unknown_files} files of killed runs wait to be used again." if found.unknown_files else ""
    extra += f" {found.waiting_spools} spools wait: run `fototeca ingest`." if found.waiting_spools else ""
    hashed = ", every file hashed" if found.bytes_read else ""
    if found.not_read:
        hashed = f", {count_of(found.images - found.not_read, 'file')} hashed ({found.not_read} are left for the next times)"
    words = f"{found.rules} rules, {found.images} images{hashed}: all in order.{extra}"
    if found.faults:
        words = "\n".join(f"broken: {rule}: {what}" for rule, what in found.faults)
    desk.answer(found, words)
    if found.faults:
        raise CheckFailed(f"{len(found.faults)} faults in {desk.workspace}: see above; `fototeca why` tells of a subject.")


def _rights_lines(text: str | None, from_file: Path | None) -> list[tuple[int, str]]:
    if text is not None:
        return [(1, text)]
    assert from_file is not None
    try:
        content = from_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{from_file} cannot be read as UTF-8 text: {error}") from error
    return list(enumerate(content.removesuffix("\n").split("\n"), start=1)) if content else []


def _rights_value(line: str, where: str) -> Any:
    line = line.removesuffix("\r")
    if not line.startswith(("{", '"')):
        return line
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: {line[:80]!r} begins like JSON and is none: {error}") from error


def _rights_words(value: Any, case: dict[str, Any]) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    name = " ".join(part for part in (case["family"], case["version"], case["jurisdiction"]) if part)
    yes = {True: "yes", False: "no", None: "no answer"}
    may = ", ".join(
        f"{label} {yes[case[key]]}"
        for key, label in (("redistribute", "pass on"), ("derivatives", "change"), ("commercial", "commerce"))
    )
    flags = f"  [{', '.join(case['flags'])}]" if case["flags"] else ""
    return f"{cell(shown, 70):<72} → {name}: {may}{flags}"


def _status_page(found: dict[str, Any]) -> str:
    lines = [f"fototeca in {found['workspace']}"]
    if found["waiting_spools"]:
        lines.append(f"{len(found['waiting_spools'])} spools wait to be poured: run `fototeca ingest`.")
    if not found["exists"]:
        return "\n".join([*lines, "", "There is no catalogue here yet. Begin with one of:", *FIRST_STEPS])
    total = found["totals"]
    lines += [
        "",
        f"{total['candidates']} candidates and {total['generated']} variations = "
        f"{total['kept_harvested'] + total['kept_generated']} kept ({total['kept_harvested']} harvested, "
        f"{total['kept_generated']} generated) + {total['waiting']} waiting + {total['excluded']} left out"
        f" + {total['unjudged']} not judged yet",
        f"{total['images']} images held, {size(total['size_bytes'])}",
    ]
    for title, name in (
        ("Sources", "sources"),
        ("What became of the candidates", "outcomes"),
        ("Left out, by reason", "excluded"),
        ("Waiting for a person", "waiting"),
        ("Kept, by licence", "licences"),
        ("Concepts", "concepts"),
        ("Splits", "splits"),
        ("Exports", "exports"),
        ("Withdrawals that a recheck proposes (`proposed_withdrawals` lists them)", "proposed_withdrawals"),
        ("Exports that hold withdrawn pictures: write them again", "exports_to_write_again"),
    ):
        if found[name]:
            lines += ["", title, table(found[name])]
    lines += ["", *_care_lines(found), *_abstention_lines(found)]
    if total["unjudged"]:
        lines += ["", "Run `fototeca curate`: some pictures are not judged as they stand now."]
    return "\n".join(lines)


def _care_lines(found: dict[str, Any]) -> list[str]:
    """Whether the bytes are whole, when a backup was made, what room there is, what people have stated."""
    fixity, backup, disk, total = found["fixity"], found["backup"], found["disk"], found["totals"]
    lines = []
    if total["images"]:
        checked = f"last checked {cell(fixity['checked_at'])}" if fixity["checked_at"] else "never checked"
        never = f", {fixity['never']} pictures never" if fixity["checked_at"] and fixity["never"] else ""
        damaged = f", {fixity['damaged']} DAMAGED OR MISSING: run `fototeca check --bytes`" if fixity["damaged"] else ""
        lines.append(f"Bytes: {checked}{never}{damaged}")
    lines.append(
        f"Backup: {backup['file']}, {_age(backup['made_at'])}" if backup else "Backup: none yet (`fototeca backup FILE`)"
    )
    lines.append(
        f"Disk: pictures {size(disk['store_bytes'])}, catalogue {size(disk['catalogue_bytes'])}, free {size(disk['free_bytes'])}"
    )
    if found["corrections"]:
        lines.append(f"Corrected by archivists: {counted({one['field']: one['items'] for one in found['corrections']})}")
    if total["withdrawn"]:
        lines.append(f"Withdrawn: {total['withdrawn']}")
    return lines


def _age(made_at: datetime) -> str:
    days = (datetime.now(UTC).replace(tzinfo=None) - made_at).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _abstention_lines(found: dict[str, Any]) -> list[str]:
    """Which criteria lack a measure; those that only lack a model, which nobody need set, in one calm line."""
    from curate.settings import read

    lacking = {name: number for name, number in found["abstained"].items() if number}
    try:
        models = read(Path(found["workspace"])).models
    except UsageError:
        models = None  # the slip in curation.toml is named by `fototeca curate`
    unset = sorted(name for name in lacking if name in NEEDS_MODEL and getattr(models, NEEDS_MODEL[name], "") is None)
    lines = (
        [f"No model is set for {', '.join(unset).replace('_', ' ')} ([models] in curation.toml): not judged."] if unset else []
    )
    if missing := {name: number for name, number in lacking.items() if name not in unset}:
        lines.append(f"Criteria abstained, a measure missing: {counted(missing)}")
    return lines


NEEDS_MODEL = {
    "copy_of_parent": "embedding",
    "flagged_unsafe": "safety",
    "has_people": "people",
    "off_concept": "embedding",
    "same_subject_copy": "embedding",
    "strayed_from_caption": "embedding",
    "text_heavy": "lettering",
    "watermarked": "watermark",
}
"""Criteria that judge by what a model says, and the setting that names it."""

FIRST_STEPS = [
    "  fototeca demo                                   the whole flow on a small museum, in ./demo/",
    "  fototeca init                                   example concepts.toml and curation.toml",
    "  fototeca harvest folder PATH --sheet FILE.csv   your own pictures, with a sheet of their licences",
    "  fototeca harvest iiif URL                       a museum's IIIF collection or manifest",
]


def _story_page(story: dict[str, Any]) -> str:
    record, verdict = story["record"], story["verdict"]
    lines = [f"{record['title'] or record['source_id']}  ({record['kind']}, {record['source']}: {record['source_id']})"]
    judged = "" if verdict["judged"] else "  (not judged yet as it stands now: run `fototeca curate`)"
    said = {"keep": "KEPT", "exclude": "LEFT OUT", "review": "WAITING FOR A PERSON"}[verdict["verdict"]]
    if record["sha256"] is None and verdict["verdict"] == "keep":
        said = "NOT HELD"
    lines.append(f"{said}{judged}" + (f": {verdict['reason']}" if verdict["reason"] else ""))
    if record["outcome"] != "stored":
        lines.append(f"bytes: {record['outcome']}" + (f" ({record['outcome_detail']})" if record["outcome_detail"] else ""))
    shown = {
        "subject": story["subject"],
        "sha256": record["sha256"],
        "creator": record["creator"],
        "credit": record["credit_line"],
        "licence": " ".join(filter(None, [record["rights_family"], record["rights_version"], record["rights_uri"]])),
        "in its own words": "; ".join(f"{field}: {text}" for field, text in record["rights_raw"] or []),
        "opt-outs": "; ".join(f"{one['channel']}: {one['value']} ({one['where']})" for one in record["opt_outs"] or []),
        "caption": record["caption"],
        "concepts": ", ".join(record["concepts"] or []),
        "size": f"{record['width_px']} × {record['height_px']} px" if record["width_px"] else None,
        "split": record["split"],
        "page": record["page_url"],
    }
    if story["fixity"]:
        newest = story["fixity"][0]
        shown["bytes"] = f"{newest['outcome']}, read again {cell(newest['checked_at'])}"
    lines += [f"  {name:<17} {value}" for name, value in shown.items() if value]
    for title, name in (
        ("Verdicts, newest first", "decisions"),
        ("Corrections, newest first", "corrections"),
        ("A recheck says", "proposals"),
        ("How its licence changed", "rights_history"),
        ("Same bytes", "same_bytes"),
        ("Close pictures", "pairs"),
        ("How it was made", "lineage"),
        ("Its variations", "variations"),
        ("Where it went", "whereabouts"),
        ("Measures", "measures"),
    ):
        if story[name] and (name != "rights_history" or len(story[name]) > 1):
            lines += ["", title, table(story[name], columns=STORY_COLUMNS.get(name), widest=90)]
    return "\n".join(lines)


STORY_COLUMNS = {
    "decisions": ("criterion", "verdict", "reason", "who", "decided_at"),
    "corrections": ("field", "said_by_source", "corrected_to", "who", "reason", "evidence", "stands", "stated_at"),
    "proposals": ("kind", "state", "detail", "stated_at"),
    "rights_history": ("stated_at", "licence", "previous_licence", "direction"),
}
"""What is shown of a row; the others are shown whole."""
