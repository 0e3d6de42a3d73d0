"""The commands that hand over: export, and verify for those who receive it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from base.errors import CheckFailed, UsageError
from fototeca.desk import Json, WorkspaceOption, at_desk
from fototeca.words import count_of, export_words


def export(
    context: typer.Context,
    folder: Annotated[
        str,
        typer.Argument(help="Where the shards go: an empty folder, an earlier export, or a URL such as s3://bucket/collection."),
    ],
    purpose: Annotated[
        Literal["research", "commercial"] | None, typer.Option(help="Stricter than curation.toml's purpose, or equal to it.")
    ] = None,
    concept: Annotated[list[str] | None, typer.Option(help="Only this concept; may be given several times.")] = None,
    where: Annotated[str | None, typer.Option(help='SQL condition over the view kept, such as "width_px > 800".')] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many pictures.")] = None,
    longest_side: Annotated[
        int | None, typer.Option(help="Hand over copies in sRGB, scaled to this many pixels; else the original bytes.")
    ] = None,
    encoder: Annotated[Literal["jpeg", "png", "webp"] | None, typer.Option(help="Of scaled copies; jpeg when not given.")] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of jpeg and webp copies; 92 when not given.")] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign the copies of variations (C2PA).")] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(help="Chain of certificates (PEM) to sign with; else one of the workspace's own making, trusted by nobody."),
    ] = None,
    private_key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    ro_crate: Annotated[bool, typer.Option("--ro-crate", help="Describe the folder as an RO-Crate, too.")] = False,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write WebDataset shards of what is kept, with credits, a licence table and a page about it all."""
    from export.policy import ImagePolicy
    from export.shards import ExportSettings
    from export.shards import export as run

    desk = at_desk(context, workspace, as_json)
    given: dict[str, Any] = {"longest_side_px": longest_side, "encoder": encoder, "quality": quality}
    if longest_side is None and (encoder or quality):
        raise UsageError("--encoder and --quality say how scaled copies are written: give --longest-side too.")
    if folder.startswith("memory:"):
        raise UsageError(f"{folder} is gone when the command ends: name a folder, or an address that lasts.")
    if not sign and (certificate or private_key):
        raise UsageError("--certificate and --private-key say who signs: give --sign too.")
    signer = None
    if sign:
        from catalog import db
        from export.sign import signer_of

        with db.reading(desk.workspace):
            pass  # no catalogue: named before a key is made
        signer = signer_of(desk.workspace, certificate, private_key)
    settings = ExportSettings(
        purpose=purpose,
        concepts=tuple(concept or ()),
        where=where,
        limit=limit,
        policy=ImagePolicy(**{name: value for name, value in given.items() if value is not None}),
        ro_crate=ro_crate,
    )
    place = folder if "://" in folder else Path(folder)
    report = run(desk.workspace, place, settings, signer=signer, progress=desk.progress)
    words = export_words(report)
    if signer is not None:
        words += "\n" + _signed_words(desk.workspace, signer.certificates)
    desk.answer(report, words)


def _signed_words(workspace: Path, certificates: str) -> str:
    from export.authority import FOLDER, PUBLIC

    own = workspace / FOLDER / PUBLIC
    if own.exists() and own.read_text(encoding="utf-8") == certificates:
        return f"variations are signed by this workspace's own authority, which nobody trusts unless you hand out {own}."
    return "variations are signed with the certificate given."


def verify(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(help="A folder or URL that `fototeca export` wrote, here or elsewhere.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Read every byte of an export again and compare it with its manifest; needs no catalogue."""
    from shardset.read import open_shards
    from shardset.verify import verify as look

    desk = at_desk(context, workspace, as_json)
    place = folder if "://" in folder else Path(folder).expanduser()
    faults = look(place, progress=desk.progress)
    samples = 0 if faults else len(open_shards(place).refs())
    desk.answer(
        {"folder": folder, "samples": samples, "faults": faults},
        "\n".join(faults) if faults else f"{folder}: {count_of(samples, 'sample')}, every byte as the manifest says.",
    )
    if faults:
        raise CheckFailed(
            f"{count_of(len(faults), 'fault')} in {folder}: have it sent again; or, where the workspace is, remove the files"
            " that are named, and export again (the others are kept)."
        )
