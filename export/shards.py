"""`export`: shards of what is kept, for one purpose, with credits, a licence table, checksums and a page about it all."""

import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from base import locks
from base.errors import UsageError
from base.garbage import collected_later
from catalog import db, runs
from catalog.purpose import Purpose, purpose_of
from catalog.store import Store
from export import beside, exported_before, lists, samples_table
from export.exported_before import SUMS, Note
from export.policy import ImagePolicy
from export.samples import ORIGINALS, Selection, Signs, choose
from shardset import latents, names
from shardset.target import LocalFolder, Target, target, write_if_new
from shardset.write import NewSample, write_folder

log = logging.getLogger(__name__)

BESIDE = lists.NAMES | beside.NAMES | {SUMS}
OWN_FOLDERS = ("store", "spool", "signing")


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
    asked = {"folder": place.where, "purpose": purpose.name, **_asked(settings)}
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    with collected_later(), _only_writer(workspace, place), runs.begin(workspace, "export", asked) as run:
        place.sweep(_is_ours)
        inputs = exported_before.inputs(workspace, _decided_by(settings, purpose_of(workspace), purpose, signer))
        note = exported_before.recall(workspace, place)
        asks_again = settings.where is not None  # a condition may ask for today's date
        if note and note.inputs == inputs and not asks_again and _stands(note, workspace, place):
            report = _as_before(run, place, note)
        else:
            report, note = _made(run, workspace, place, settings, purpose, signer, note, inputs, progress)
            exported_before.remember(workspace, place, note)
        run.count("samples", report.samples)
        for reason, number in report.left_out.items():
            run.count(f"left_out_{reason}", number)
    log.info("exported folder=%s samples=%d written=%d", place.where, report.samples, len(report.written))
    return report


def _decided_by(settings: ExportSettings, own: Purpose, purpose: Purpose, signer: Signs | None) -> dict[str, Any]:
    """All that decides an export beside the catalogue and the code."""
    return {
        **_asked(settings),
        "own": asdict(own),
        "purpose": asdict(purpose),
        "policy": [settings.policy.told(), settings.policy.statement],
        "signed": signer.statement if signer else None,
        "ro_crate": settings.ro_crate,
    }


def _as_before(run: runs.Run, place: Target, note: Note) -> ExportReport:
    """The folder stands as the last export left it, and nothing that decides it has changed since."""
    told = {**note.told, "likeness": tuple(note.told["likeness"])}
    nothing_new: dict[str, Any] = {"written": (), "kept": tuple(note.sizes_bytes), "removed": (), "changed": False}
    return ExportReport(run_id=run.run_id, folder=place.where, **nothing_new, **told)


def _made(
    run: runs.Run,
    workspace: Path,
    place: Target,
    settings: ExportSettings,
    purpose: Purpose,
    signer: Signs | None,
    note: Note | None,
    inputs: str,
    progress: runs.Progress | None,
) -> tuple[ExportReport, Note]:
    """Choose, and write what is not there yet."""
    selection = Selection(concepts=settings.concepts, where=settings.where, limit=settings.limit)
    chosen = choose(workspace, purpose, selection, settings.policy, signer)
    before = _sums(place)
    trusted = exported_before.stated_manifest(before)
    earlier = exported_before.files(note, place, lists.NAMES | {samples_table.NAME}) if note else {}
    about = {
        "selection": _asked(settings),
        "accept_soft": purpose.accept_soft,
        "left_out": dict(chosen.left_out),
        "image_policy": settings.policy.told(),
        "signed": signer.statement if signer else None,
    }
    with ThreadPoolExecutor(1, thread_name_prefix="beside") as aside:
        told = {**about, "purpose": purpose.name}  # what follows is written down while the shards wait for the disk
        listed: list[Future[dict[str, bytes]]] = []
        same: list[Collection[str]] = []

        def list_all(standing: Collection[str]) -> None:
            same.append(standing if earlier else ())
            listed.append(aside.submit(lists.lists, chosen.samples, earlier, same[0]))

        shown = aside.submit(beside.shown, chosen.samples, chosen.facts, told, Store(workspace).read)

        def describe(shards: Sequence[Mapping[str, Any]], manifest: str) -> None:
            files = {**listed[0].result(), **shown.result(), names.MANIFEST: manifest.encode()}
            files |= beside.described(
                chosen.samples, chosen.facts, purpose.name, shards, files, earlier, same[0], settings.ro_crate
            )
            _write_beside(place, files, shards)
            _spool(run, workspace, place, settings, purpose.name, chosen.samples, shards, manifest)

        written = write_folder(
            place,
            chosen.samples,
            purpose=purpose.name,
            about=about,
            beside=describe,
            trusted=trusted,
            standing=note.buckets if note and note.manifest_digest == trusted else {},
            told_apart=list_all,
            progress=progress,
        )
    sums = _sums(place)
    known = {
        "purpose": purpose.name,
        "manifest_digest": written.manifest_digest,
        "samples": written.samples,
        "counts": written.manifest["counts"],
        "left_out": chosen.left_out,
        "likeness": chosen.facts.likeness,
    }
    report = ExportReport(
        run_id=run.run_id,
        folder=place.where,
        written=written.written,
        kept=written.kept,
        removed=written.removed,
        changed=written.manifest_changed or bool(written.written or written.removed) or before != sums,
        **known,
    )
    return report, Note(
        inputs=inputs,
        code=exported_before.code(),
        manifest_digest=written.manifest_digest,
        sums=hashlib.sha256(sums or b"").hexdigest(),
        sizes_bytes={shard["name"]: shard["size_bytes"] for shard in written.manifest["shards"]},
        buckets=written.told,
        told=known,
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
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    subjects = {sample.key: str(sample.record["subject"]) for sample in samples}
    run.add(
        "exports",
        {
            "manifest_digest": digest,
            "folder": _named(workspace, place),
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
        foreign += sorted(path.name for path in place.path.iterdir() if path.is_dir() and path.name != latents.FOLDER)
    if foreign:
        raise UsageError(f"{place.where} holds {foreign[0]!r}, which is no part of an export: name an empty folder.")


def _asked(settings: ExportSettings) -> dict[str, Any]:
    return {"concepts": list(settings.concepts), "where": settings.where, "limit": settings.limit}


def _stands(note: Note, workspace: Path, place: Target) -> bool:
    return exported_before.stands(note, workspace, place, BESIDE, _named(workspace, place))


def _named(workspace: Path, place: Target) -> str:
    """The folder as the catalogue names it: one inside the workspace moves with it."""
    inside = isinstance(place, LocalFolder) and place.path.is_relative_to(workspace)
    return str(Path(place.where).relative_to(workspace)) if inside else place.where


def _is_ours(name: str) -> bool:
    return name in BESIDE or name == names.MANIFEST or names.parse(name) is not None


def _sums(place: Target) -> bytes | None:
    return place.read(SUMS) if place.size(SUMS) is not None else None
