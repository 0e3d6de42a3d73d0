"""What describes an export and stands beside its shards: page, contact sheet, table of samples, Croissant and RO-Crate."""

import csv
import hashlib
import importlib.util
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from export import card, croissant, likeness_plot, ro_crate, samples_table
from export.sample_sheet import sample_sheet
from shardset import names
from shardset.write import NewSample

NAMES = frozenset(
    (card.NAME, card.CONTACT_SHEET, card.LIKENESS_TABLE, card.LIKENESS_PLOT, samples_table.NAME, croissant.NAME, ro_crate.NAME)
)  # fmt: skip


def shown(
    samples: Sequence[NewSample], known: card.Facts, about: Mapping[str, Any], held: Callable[[str], bytes]
) -> dict[str, bytes]:
    """The page, the contact sheet and, where it was measured, likeness as plot and table: all that needs no shards.

    Args:
        samples: of the export.
        known: facts of the catalogue.
        about: `purpose`, and `left_out`, `image_policy` and `signed` as the manifest has them.
        held: the bytes in the store, by SHA-256.
    """
    files = {card.CONTACT_SHEET: sample_sheet(samples, held)}
    if known.likeness:
        files[card.LIKENESS_TABLE] = _as_csv(known.likeness)
        if importlib.util.find_spec("matplotlib"):
            files[card.LIKENESS_PLOT] = likeness_plot.plot(known.likeness)
    return {**files, card.NAME: card.page(samples, known, about, files).encode()}


def described(
    samples: Sequence[NewSample],
    known: card.Facts,
    purpose: str,
    shards: Sequence[Mapping[str, Any]],
    files: Mapping[str, bytes],
    earlier: Mapping[str, bytes],
    standing: Collection[str],
    crate: bool,
) -> dict[str, bytes]:
    """The table of samples, the Croissant that reads it and, where wanted, the RO-Crate, which lists all files.

    Args:
        samples: of the export.
        known: facts of the catalogue.
        purpose: that every sample permits.
        shards: as the manifest lists them.
        files: all others that stand beside the shards, the manifest among them.
        earlier: files as the export before wrote them.
        standing: keys of samples of which the earlier table of samples says what is to be said now.
        crate: whether an RO-Crate is wanted.
    """
    table = samples_table.samples_table(samples, shards, earlier.get(samples_table.NAME), standing)
    digest = hashlib.sha256(files[names.MANIFEST]).hexdigest()
    made = {
        samples_table.NAME: table,
        croissant.NAME: croissant.croissant(samples, shards, known, purpose=purpose, table=table, manifest_digest=digest),
    }
    if crate:
        made[ro_crate.NAME] = ro_crate.ro_crate(samples, shards, known, purpose=purpose, files={**files, **made})
    return made


def _as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
