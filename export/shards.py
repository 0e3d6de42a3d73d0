"""`export`: shards of what is kept, for one purpose, with credits, a licence table, checksums and a page about it all."""

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from base import locks
from base.errors import UsageError
from base.garbage import collected_later
from catalog import attribution, db, runs
from catalog.purpose import purpose_of
from catalog.store import Store
from export import beside, card
from export.policy import ImagePolicy
from export.samples import ORIGINALS, Selection, Signs, choose
from export.samples_table import room_in_temporary_folder
from shardset import names
from shardset.target import LocalFolder, Target, target, write_if_new
from shardset.write import NewSample, write_folder

log = logging.getLogger(__name__)

SUMS = "SHA256SUMS"
LICENCE_FILES = {"licences.csv": "FORMAT csv, HEADER", "licences.parquet": "FORMAT parquet, COMPRESSION zstd"}
BESIDE = frozenset({"credits.csv", "credits.html", *LICENCE_FILES, *beside.NAMES, SUMS})
OWN_FOLDERS = ("store", "spool", "signing")
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
    policy: ImagePolicy = ORIGINALS
    ro_crate: bool = False


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
    likeness: tuple[Mapping[str, Any], ...]
    """Figure 5 of Cioni et al. as a table: see `export.likeness_plot.table`; empty where nothing was measured."""
    changed: bool


def export(
    workspace: Path,
    folder: Path | str,
    settings: ExportSettings,
    *,
    signer: Signs | None = None,
    progress: runs.Progress | None = None,
) -> ExportReport:
    """Write the folder, or bring it up to date: only shards whose contents changed are written.

    Args:
        workspace: with a curated catalogue.
        folder: a path, or a URL that fsspec knows (`s3://bucket/collection`).
        settings: see there.
        signer: signs the variations' copies.
        progress: is told ("writing shards", done, total).

    Raises:
        UsageError: a purpose wider than the workspace's, a wrong condition, a folder that holds something else.
        CheckFailed: the gate; nothing is written then.
        BusyError: another export runs here or into this folder.
        NoSpaceError: the disk is full; the former export stands.
    """
    place = target(Path(folder).expanduser().resolve() if isinstance(folder, Path) else folder)
    _check_place(place, workspace)
    purpose = purpose_of(workspace).stricter(settings.purpose)
    selection = Selection(concepts=settings.concepts, where=settings.where, limit=settings.limit)
    asked = {"folder": place.where, "purpose": purpose.name, **_asked(settings)}
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    with collected_later(), _only_writer(workspace, place), runs.begin(workspace, "export", asked) as run:
        place.sweep(BESIDE.__contains__)
        chosen = choose(workspace, purpose, selection, settings.policy, signer)
        before = _sums(place)
        facts = card.facts(workspace, chosen.samples)
        about = {
            "selection": _asked(settings),
            "accept_soft": purpose.accept_soft,
            "left_out": dict(chosen.left_out),
            "image_policy": settings.policy.told(),
            "signed": signer.statement if signer else None,
        }
        with ThreadPoolExecutor(1, thread_name_prefix="beside") as aside:
            told = {**about, "purpose": purpose.name}  # what follows is written down while the shards wait for the disk
            listed = aside.submit(_lists, chosen.samples)
            shown = aside.submit(beside.shown, chosen.samples, facts, told, Store(workspace).read)

            def describe(shards: Sequence[Mapping[str, Any]], manifest: str) -> None:
                files = {**listed.result(), **shown.result(), names.MANIFEST: manifest.encode()}
                files |= beside.described(chosen.samples, facts, purpose.name, shards, files, crate=settings.ro_crate)
                _write_beside(place, files, shards)
                _spool(run, workspace, place, settings, purpose.name, chosen.samples, shards, manifest)

            written = write_folder(
                place,
                chosen.samples,
                purpose=purpose.name,
                about=about,
                beside=describe,
                trusted=_stated_manifest(before),
                progress=progress,
            )
        run.count("samples", written.samples)
        for reason, number in chosen.left_out.items():
            run.count(f"left_out_{reason}", number)
    log.info("exported folder=%s samples=%d written=%d", place.where, written.samples, len(written.written))
    return ExportReport(
        run_id=run.run_id,
        folder=place.where,
        purpose=purpose.name,
        manifest_digest=written.manifest_digest,
        samples=written.samples,
        counts=written.manifest["counts"],
        written=written.written,
        kept=written.kept,
        removed=written.removed,
        left_out=chosen.left_out,
        likeness=facts.likeness,
        changed=written.manifest_changed or bool(written.written or written.removed) or before != _sums(place),
    )


@contextmanager
def _only_writer(workspace: Path, place: Target) -> Iterator[None]:
    """One export at a time into one place; into a remote one, only exports of this workspace can know of each other."""
    if isinstance(place, LocalFolder):
        path = place.path.parent / f".{place.path.name}.lock"
    else:
        path = workspace / f".export-{hashlib.sha256(place.where.encode()).hexdigest()[:12]}.lock"
    with locks.held(path, f"an export into {place.where}"):
        yield


def _lists(samples: Sequence[NewSample]) -> dict[str, bytes]:
    """Credits and licences of every sample."""
    rows = [_credit(sample) for sample in samples]
    credits = {"credits.csv": attribution.as_csv(rows).encode(), "credits.html": attribution.as_html(rows).encode()}
    return {**credits, **_licences(samples)}


def _write_beside(place: Target, files: Mapping[str, bytes], shards: Sequence[Mapping[str, Any]]) -> None:
    """All `files` but the manifest, which comes last, and their sums; what says the same is left alone, what is old removed."""
    for name in sorted(BESIDE.intersection(files)):
        write_if_new(place, name, files[name])
    for name in sorted(BESIDE.difference(files, {SUMS})):
        if place.size(name) is not None:
            place.remove(name)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    sums |= {shard["name"]: shard["sha256"] for shard in shards}
    write_if_new(place, SUMS, "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())).encode())


def _licences(samples: Sequence[NewSample]) -> dict[str, bytes]:
    """The licence of every sample, as CSV and as Parquet."""
    columns: dict[str, list[Any]] = {name: [] for name in LICENCE_COLUMNS}
    for sample in samples:
        said = {**sample.record, **sample.record["rights"], **sample.record["permissions"], "kind": sample.kind}
        for name, values in columns.items():
            values.append(said[name])
    with duckdb.connect(":memory:") as connection, tempfile.TemporaryDirectory(prefix="fototeca-licences-") as room:
        connection.execute("SET threads = 1")
        listed = ", ".join(f"unnest(${name}::{kind}[]) AS {name}" for name, kind in LICENCE_COLUMNS.items())
        connection.execute(f"CREATE TABLE licences AS SELECT {listed}", columns)
        for name, options in LICENCE_FILES.items():
            quoted = str(Path(room) / name).replace("'", "''")
            with room_in_temporary_folder():
                connection.execute(f"COPY (SELECT * FROM licences ORDER BY sha256) TO '{quoted}' ({options})")
        return {name: (Path(room) / name).read_bytes() for name in LICENCE_FILES}


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
        "scaled": bool(record["scaled"]),
        "parent": record["parent"],
    }


def _spool(
    run: runs.Run,
    workspace: Path,
    place: Target,
    settings: ExportSettings,
    purpose: str,
    samples: Sequence[NewSample],
    shards: Sequence[Mapping[str, Any]],
    manifest: str,
) -> None:
    """State who is handed over where, durably, before the manifest makes the folder whole: no withdrawal shall miss it."""
    inside = isinstance(place, LocalFolder) and place.path.is_relative_to(workspace)
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    subjects = {sample.key: str(sample.record["subject"]) for sample in samples}
    run.add(
        "exports",
        {
            "manifest_digest": digest,
            "folder": str(Path(place.where).relative_to(workspace)) if inside else place.where,
            "purpose": purpose,
            "selection": _asked(settings),
            "shards": len(shards),
            "samples": len(samples),
        },
    )
    rows = [
        {
            "export": digest,
            "sha256": row["key"],
            "subject": subjects[row["key"]],
            "split": shard["split"],
            "shard": shard["name"],
        }
        for shard in shards
        for row in shard["samples"]
    ]
    run.add_all("samples", rows, durable=True)


def _check_place(place: Target, workspace: Path) -> None:
    for name in OWN_FOLDERS:
        if isinstance(place, LocalFolder) and place.path.is_relative_to((workspace / name).resolve()):
            raise UsageError(f"{place.where} lies in {name}/ of the workspace, which is fototeca's own: name another folder.")
    if isinstance(place, LocalFolder) and place.path.exists() and not place.path.is_dir():
        raise UsageError(f"{place.where} is a file: name a folder.")
    listed = place.listed() if not isinstance(place, LocalFolder) or place.path.is_dir() else []
    if names.MANIFEST in listed:
        return
    ours = SUMS in listed or any(names.parse(name) for name in listed)  # else a README.md is somebody's own
    foreign = [name for name in listed if not (names.parse(name) or name.endswith(".tmp") or (ours and name in BESIDE))]
    if isinstance(place, LocalFolder) and place.path.is_dir():
        foreign += sorted(path.name for path in place.path.iterdir() if path.is_dir())
    if foreign:
        raise UsageError(f"{place.where} holds {foreign[0]!r}, which is no part of an export: name an empty folder.")


def _asked(settings: ExportSettings) -> dict[str, Any]:
    return {"concepts": list(settings.concepts), "where": settings.where, "limit": settings.limit}


def _stated_manifest(sums: bytes | None) -> str | None:
    """The SHA-256 that the folder's list of sums gives its manifest."""
    for line in (sums or b"").decode(errors="replace").splitlines():
        sha256, _, name = line.partition("  ")
        if name == names.MANIFEST:
            return sha256
    return None


def _sums(place: Target) -> bytes | None:
    return place.read(SUMS) if place.size(SUMS) is not None else None
