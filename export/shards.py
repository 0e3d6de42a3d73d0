"""`export`: shards of what is kept, for one purpose, with credits, a licence table, checksums and a page about it all."""

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from base import locks
from base.errors import UsageError
from base.files import sha256_of_file, write_text
from catalog import attribution, db, runs
from catalog.purpose import purpose_of
from export import card
from export.samples import Chosen, Selection, choose
from shardset import names
from shardset.write import NewSample, Written, write_folder

log = logging.getLogger(__name__)

SUMS = "SHA256SUMS"
LICENCE_FILES = {"licences.csv": "FORMAT csv, HEADER", "licences.parquet": "FORMAT parquet, COMPRESSION zstd"}
BESIDE = frozenset({"credits.csv", "credits.html", "README.md", *LICENCE_FILES, SUMS})
LICENCE_COLUMNS = {
    "sha256": "VARCHAR", "split": "VARCHAR", "kind": "VARCHAR", "family": "VARCHAR", "version": "VARCHAR",
    "jurisdiction": "VARCHAR", "uri": "VARCHAR", "spdx": "VARCHAR", "derivatives": "BOOLEAN", "commercial": "BOOLEAN",
    "redistribute": "BOOLEAN", "attribution": "BOOLEAN", "share_alike": "BOOLEAN", "credit_line": "VARCHAR",
    "creator": "VARCHAR", "source": "VARCHAR", "page_url": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """What one export takes. `purpose` None is the workspace's own; an export may only be stricter."""

    purpose: str | None = None
    concepts: tuple[str, ...] = ()
    where: str | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was handed over: shards written, kept as they were and removed; kept pictures = samples + left_out."""

    run_id: str
    folder: str
    purpose: str
    manifest_digest: str
    samples: int
    counts: Mapping[str, int]
    written: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    left_out: Mapping[str, int]
    changed: bool


def export(workspace: Path, folder: Path, settings: ExportSettings, *, progress: runs.Progress | None = None) -> ExportReport:
    """Write the folder, or bring it up to date: only shards whose contents changed are written.

    Raises:
        UsageError: a purpose wider than the workspace's, a wrong condition, a folder that holds something else.
        CheckFailed: the gate; nothing is written then.
        BusyError: another export runs here or into this folder.
        NoSpaceError: the disk is full; the former export stands.
    """
    folder = folder.expanduser().resolve()
    _check_folder(folder)
    purpose = purpose_of(workspace).stricter(settings.purpose)
    selection = Selection(concepts=settings.concepts, where=settings.where, limit=settings.limit)
    lock = locks.held(folder.parent / f".{folder.name}.lock", f"an export into {folder}")
    asked = {"folder": str(folder), "purpose": purpose.name, **_asked(settings)}
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    with lock, runs.begin(workspace, "export", asked) as run:
        names.sweep(folder, BESIDE.__contains__)
        chosen = choose(workspace, purpose, selection)
        before = _sums(folder)
        facts = card.facts(workspace, chosen.samples)
        about = {"selection": _asked(settings), "accept_soft": purpose.accept_soft, "left_out": dict(chosen.left_out)}
        written = write_folder(
            folder,
            chosen.samples,
            purpose=purpose.name,
            about=about,
            beside=lambda shards, manifest: _write_beside(folder, chosen, facts, purpose.name, shards, manifest),
            progress=progress,
        )
        _spool(run, workspace, folder, purpose.name, settings, written)
        run.count("samples", written.samples)
        for reason, number in chosen.left_out.items():
            run.count(f"left_out_{reason}", number)
    log.info("exported folder=%s samples=%d written=%d", folder, written.samples, len(written.written))
    return ExportReport(
        run_id=run.run_id,
        folder=str(folder),
        purpose=purpose.name,
        manifest_digest=written.manifest_digest,
        samples=written.samples,
        counts=written.manifest["counts"],
        written=written.written,
        kept=written.kept,
        removed=written.removed,
        left_out=chosen.left_out,
        changed=written.manifest_changed or bool(written.written or written.removed) or before != _sums(folder),
    )


def _write_beside(
    folder: Path, chosen: Chosen, facts: card.Facts, purpose: str, shards: Sequence[Mapping[str, Any]], manifest: str
) -> None:
    """Everything but the shards and the manifest; files that say the same as before are left alone."""
    rows = [_credit(sample) for sample in chosen.samples]
    texts = {
        "credits.csv": attribution.as_csv(rows),
        "credits.html": attribution.as_html(rows),
        "README.md": card.page(chosen, facts, purpose),
    }
    for name, text in texts.items():
        _write_if_new(folder / name, text)
    _write_licences(folder, chosen.samples)
    sums = {name: sha256_of_file(folder / name) for name in (*texts, *LICENCE_FILES)}
    sums |= {shard["name"]: shard["sha256"] for shard in shards}
    sums[names.MANIFEST] = hashlib.sha256(manifest.encode()).hexdigest()
    _write_if_new(folder / SUMS, "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())))


def _write_licences(folder: Path, samples: Sequence[NewSample]) -> None:
    """The licence of every sample, as CSV and as Parquet."""
    columns: dict[str, list[Any]] = {name: [] for name in LICENCE_COLUMNS}
    for sample in samples:
        said = {**sample.record, **sample.record["rights"], **sample.record["permissions"], "kind": sample.kind}
        for name, values in columns.items():
            values.append(said[name])
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 1")
        listed = ", ".join(f"unnest(${name}::{kind}[]) AS {name}" for name, kind in LICENCE_COLUMNS.items())
        connection.execute(f"CREATE TABLE licences AS SELECT {listed}", columns)
        for name, options in LICENCE_FILES.items():
            temporary = folder / f".{name}.{os.getpid()}.tmp"
            quoted = str(temporary).replace("'", "''")
            connection.execute(f"COPY (SELECT * FROM licences ORDER BY sha256) TO '{quoted}' ({options}, USE_TMP_FILE false)")
            target = folder / name
            if target.exists() and sha256_of_file(target) == sha256_of_file(temporary):
                temporary.unlink()
            else:
                with temporary.open("rb") as stream:
                    os.fsync(stream.fileno())
                temporary.replace(target)


def _credit(sample: NewSample) -> dict[str, Any]:
    record, rights = sample.record, sample.record["rights"]
    return {
        "sha256": sample.key,
        "title": record["title"],
        "creator": record["creator"],
        "licence": card.licence_name(rights),
        "licence_uri": rights["uri"],
        "credit_line": record["credit_line"],
        "source": record["source"],
        "page_url": record["page_url"],
        "modified": record["origin"] == "generated",
        "parent": record["parent"],
    }


def _spool(run: runs.Run, workspace: Path, folder: Path, purpose: str, settings: ExportSettings, written: Written) -> None:
    inside = folder.is_relative_to(workspace)
    run.add(
        "exports",
        {
            "manifest_digest": written.manifest_digest,
            "folder": str(folder.relative_to(workspace)) if inside else str(folder),
            "purpose": purpose,
            "selection": _asked(settings),
            "shards": len(written.manifest["shards"]),
            "samples": written.samples,
        },
    )
    for shard in written.manifest["shards"]:
        for row in shard["samples"]:
            run.add(
                "samples",
                {
                    "export": written.manifest_digest,
                    "sha256": row["key"],
                    "subject": written.subject_of[row["key"]],
                    "split": shard["split"],
                    "shard": shard["name"],
                },
            )


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder.")
    if not folder.exists() or (folder / names.MANIFEST).exists():
        return
    foreign = [
        path.name
        for path in sorted(folder.iterdir())
        if path.name not in BESIDE and not names.parse(path.name) and not path.name.endswith(".tmp")
    ]
    if foreign:
        raise UsageError(f"{folder} holds {foreign[0]!r}, which is no part of an export: name an empty folder.")


def _asked(settings: ExportSettings) -> dict[str, Any]:
    return {"concepts": list(settings.concepts), "where": settings.where, "limit": settings.limit}


def _sums(folder: Path) -> str | None:
    path = folder / SUMS
    return path.read_text(encoding="utf-8") if path.exists() else None


def _write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
