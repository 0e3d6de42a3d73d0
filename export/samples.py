"""Which pictures go into an export, and what each sample says: rights resolved for the purpose, concepts, credit, lineage."""

import hashlib
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from base.errors import CheckFailed, UsageError
from base.files import canonical_json
from catalog import db, query
from catalog.purpose import Purpose, purpose_of
from catalog.store import Store
from export.card import Facts, facts
from export.policy import EXTENSIONS as ENCODED
from export.policy import ImagePolicy, check_bytes, scaled
from pixels.decode import EXTENSIONS
from shardset.write import NewSample

HERE = Path(__file__).parent
PERMISSIONS = ("derivatives", "commercial", "redistribute", "attribution", "share_alike")
VARIATION = ("prompt", "negative_prompt", "model", "revision", "scheduler", "seed", "strength", "guidance", "steps")
ADDITIONS = ("lora", "control", "sampler")
GATE_SHOWN = 10
GROUP_SALT = "fototeca-group-1"
ORIGINALS = ImagePolicy()


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What one export may take: only these concepts, only where the condition over the view `kept` holds, at most so many."""

    concepts: tuple[str, ...] = ()
    where: str | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A kept picture and the licence under which it goes in; `cleared_by` names the person whose word stands instead of one."""

    row: Mapping[str, Any]
    licence: Mapping[str, Any]
    cleared_by: str | None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The samples of an export, how many kept pictures were left out, by reason, and what the catalogue says of all of them."""

    samples: tuple[NewSample, ...]
    left_out: Mapping[str, int]
    facts: Facts


class Signs(Protocol):
    """Signs the copies of variations that are handed over (`export.sign.Signer`)."""

    @property
    def statement(self) -> str:
        """All that decides which signature is made, without what changes from signing to signing."""
        ...

    def sign(self, data: bytes, extension: str, record: Mapping[str, Any]) -> bytes:
        """The same picture with its manifest inside."""
        ...


def choose(
    workspace: Path,
    purpose: Purpose,
    selection: Selection,
    policy: ImagePolicy = ORIGINALS,
    signer: Signs | None = None,
) -> Chosen:
    """Ask the catalogue once, close it, and build the samples; their bytes are read and made when they are written.

    Raises:
        UsageError: an unknown concept, a wrong condition, or kept pictures without a split.
        CheckFailed: the gate: close pictures, or a variation and its parent, stand in different splits.
    """
    own = purpose_of(workspace)
    allowed = _subjects_where(workspace, selection.where)
    store = Store(workspace)
    with db.reading(workspace) as connection:
        connection.execute((HERE / "held.sql").read_text(encoding="utf-8"))
        rows = db.fetch(connection, (HERE / "kept.sql").read_text(encoding="utf-8"))
        offers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for offer in db.fetch(connection, "SELECT * FROM licences_offered ORDER BY subject, openness, position"):
            offers[offer["subject"]].append(offer)
        concepts = {row["name"]: row for row in db.fetch(connection, "SELECT * FROM current_concepts")}
        crossing = db.fetch(connection, (HERE / "gate.sql").read_text(encoding="utf-8"))
        _check_concepts(selection.concepts, rows, concepts)
        left_out: Counter[str] = Counter()
        taken: list[Taken] = []
        for row in rows:
            one = _sorted_out(row, offers[row["parent_subject"] or row["subject"]], purpose, own, selection, allowed)
            if isinstance(one, str):
                left_out[one] += 1
            else:
                taken.append(one)
        taken = _limited(taken, selection.limit, left_out)
        _check_splits(taken, crossing)
        defined = [{name: row[name] for name in ("name", "class_noun", "rare_token")} for row in concepts.values()]
        common = hashlib.sha256(
            canonical_json([purpose.name, policy.told(), sorted(defined, key=lambda one: str(one["name"]))]).encode()
        ).hexdigest()
        samples = tuple(_sample(one, purpose, concepts, store, policy, signer, common) for one in taken)
        return Chosen(samples=samples, left_out=dict(sorted(left_out.items())), facts=facts(connection, samples))


def permitted(
    offers: Sequence[Mapping[str, Any]], purpose: Purpose, own: Purpose, *, derivatives: bool
) -> Mapping[str, Any] | None:
    """The first (freest) of the licences offered that permits the purpose, and derivatives where asked; None if none does.

    The rule of the criterion `rights_not_cleared`, but that a soft licence, which states no permission, never passes into
    an export whose purpose is stricter than that (`own`) for which the workspace accepted it.
    """
    for offer in offers:
        stated = offer["redistribute"] and (purpose.name == "research" or offer["commercial"])
        soft = offer["soft"] and purpose.accept_soft and purpose.name == own.name
        if not offer["refused"] and (stated or soft) and (not derivatives or offer["derivatives"] or offer["soft"]):
            return offer
    return None


def _sorted_out(
    row: Mapping[str, Any],
    offers: Sequence[Mapping[str, Any]],
    purpose: Purpose,
    own: Purpose,
    selection: Selection,
    allowed: set[str] | None,
) -> Taken | str:
    """The licence under which a kept picture goes in, or the reason why it stays out."""
    if selection.concepts and not set(selection.concepts) & set(row["concepts"]):
        return "of other concepts"
    if allowed is not None and (row["parent_subject"] or row["subject"]) not in allowed:  # a variation goes with its parent
        return "not meeting --where"
    generated = row["kind"] == "generated"
    if licence := permitted(offers, purpose, own, derivatives=generated):
        return Taken(row=row, licence=licence, cleared_by=None)
    if row["by_person"] and offers and not generated and purpose.name == own.name:  # a person cleared it for this purpose only
        return Taken(row=row, licence=offers[0], cleared_by=row["who"])
    return f"not permitted for {purpose.name} use" + (" as a changed picture" if generated else "")


def _limited(taken: Sequence[Taken], limit: int | None, left_out: Counter[str]) -> list[Taken]:
    """At most `limit` harvested pictures, in the order of their sha256; a variation goes only with its parent."""
    inside = set([one.row["sha256"] for one in taken if one.row["kind"] == "harvested"][:limit])
    kept = []
    for one in taken:
        if one.row["kind"] == "harvested" and one.row["sha256"] not in inside:
            left_out["beyond --limit"] += 1
        elif one.row["kind"] == "generated" and one.row["parent"] not in inside:
            left_out["variations of pictures left out"] += 1
        else:
            kept.append(one)
    return kept


def _sample(
    taken: Taken,
    purpose: Purpose,
    concepts: Mapping[str, Any],
    store: Store,
    policy: ImagePolicy,
    signer: Signs | None,
    common: str,
) -> NewSample:
    """`common` is a digest of all that decides what samples say, beside the row and its licence."""
    row, licence = taken.row, taken.licence
    commercial = purpose.name == "commercial" or (taken.cleared_by is None and licence["commercial"])
    caption = unicodedata.normalize("NFC", row["caption"] or row["title"] or "").strip()
    names = ("title", "creator", "creation_date", "source", "source_id", "page_url", "image_url", "format", "width_px")
    record: dict[str, Any] = {name: row[name] for name in (*names, "height_px", "credit_line", "anchor", "split", "subject")}
    # A group is named by one of its pictures, which may be one that was withdrawn: outside, nobody shall know it by its sum.
    record["anchor"] = hashlib.sha256(f"{GROUP_SALT}\x1f{row['anchor']}".encode()).hexdigest()
    record |= {
        "sha256": row["sha256"],
        "origin": row["kind"],
        "caption": caption,
        "caption_language": row["caption_language"],
        "caption_origin": row["caption_origin"] or ("title" if caption else None),
        "concepts": [_concept(name, concepts.get(name)) for name in row["concepts"]],
        "rights": {
            **{name: licence[name] for name in ("family", "version", "jurisdiction", "uri", "spdx")},
            "flags": list(row["rights_flags"] or ()),
        },
        "permissions": {name: licence[name] for name in PERMISSIONS},
        "purposes": ["research", "commercial"] if commercial else ["research"],
        "cleared_by": taken.cleared_by,
        "parent": row["parent"],
        "variation": None,
        "scaled": policy.told() if policy.statement else None,
    }
    if row["kind"] == "generated":
        record["variation"] = {"request": row["request"], **{name: row[name] for name in VARIATION}}
        record["variation"] |= {name: json.loads(row[name]) if row[name] else None for name in ADDITIONS}
    sha256 = row["sha256"]
    extension = EXTENSIONS.get(row["format"] or "", "bin")
    signs = signer if row["kind"] == "generated" else None
    if policy.statement:
        extension = ENCODED[policy.encoder]

    def load() -> bytes:
        data = store.read(sha256)
        if policy.statement:
            data = scaled(data, policy, record, sha256)
        elif signs:
            check_bytes(data, sha256)
        return signs.sign(data, extension, record) if signs else data

    return NewSample(
        key=sha256,
        extension=extension,
        size_bytes=row["size_bytes"],
        caption=caption,
        record=record,
        load=load,
        made="; ".join(filter(None, (policy.statement, signs.statement if signs else ""))),
        told=f"{common} {row['digest']} {taken.cleared_by} {[*licence.values()]}",
    )


def _concept(name: str, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """A concept that concepts.toml does not name has no class noun and no rare token; nothing is made up."""
    return {
        "name": name,
        "class_noun": known["class_noun"] if known else None,
        "rare_token": known["rare_token"] if known else None,
    }


def _subjects_where(workspace: Path, condition: str | None) -> set[str] | None:
    if condition is None:
        return None
    if not condition.strip():
        raise UsageError("--where is empty: give a condition over the view kept, or leave it out.")
    answer = query.ask(workspace, f"SELECT subject FROM kept WHERE (\n{condition}\n)", limit=10_000_000)
    return {str(row[0]) for row in answer.rows}


def _check_concepts(wanted: Sequence[str], rows: Sequence[Mapping[str, Any]], concepts: Mapping[str, Any]) -> None:
    known = set(concepts) | {name for row in rows for name in row["concepts"]}
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"nothing kept shows {unknown[0]!r}: known concepts are {', '.join(sorted(known)) or 'none'}.")


def _check_splits(taken: Sequence[Taken], crossing: Sequence[Mapping[str, Any]]) -> None:
    if without := [one.row["sha256"] for one in taken if one.row["split"] is None or one.row["anchor"] is None]:
        raise UsageError(f"{len(without)} kept pictures have no split yet ({without[0][:12]}…): run `fototeca curate` first.")
    exported = {one.row["sha256"] for one in taken}
    found = [row for row in crossing if row["a"] in exported and row["b"] in exported]
    if found:
        lines = [
            f"  {row['kind']}: {row['a'][:12]} ({row['title_a']}, {row['split_a']}) and "
            f"{row['b'][:12]} ({row['title_b']}, {row['split_b']})"
            for row in found[:GATE_SHOWN]
        ]
        more = [f"  and {len(found) - GATE_SHOWN} more"] if len(found) > GATE_SHOWN else []
        told = "\n".join([*lines, *more])
        raise CheckFailed(
            f"nothing was exported: {len(found)} pairs would leak between splits. Run `fototeca curate`, or decide:\n{told}"
        )
