"""C2PA signatures on the copies of variations that are handed over: what the picture was made from, by what, under which terms.

Pictures are claimed to be edits of their parent, never creations. No network: no time-stamp, no OCSP. Source: C2PA 2.x
(actions, ingredient, cawg.metadata, CAWG Training and Data Mining 1.1), and c2pa-python 0.38.1 as measured on 2026-11-21.
"""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.errors import SourceError, UsageError
from base.version import CODE_VERSION
from export.authority import FOLDER, authority
from pixels.marks import GENERATED, read_xmp
from pixels.xmp import NAMESPACES

LAYOUT = 1
"""Of the manifest; counted up when what is claimed changes, so that shards are signed again."""
CERTIFICATE, PRIVATE_KEY, PASSWORD = "FOTOTECA_CERTIFICATE", "FOTOTECA_PRIVATE_KEY", "FOTOTECA_PRIVATE_KEY_PASSWORD"
"""Environment variables. The first two hold a path, or the PEM text itself."""
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}  # thumbnails are on by default: 6.9 kB become 185

_TRAINING = ("cawg.ai_training", "cawg.ai_generative_training")
_ALL_USES = (*_TRAINING, "cawg.data_mining", "cawg.ai_inference")
_PLUS = {
    "DMI-ALLOWED": (_ALL_USES, "allowed"),
    "DMI-PROHIBITED": (_ALL_USES, "notAllowed"),
    "DMI-PROHIBITED-AIMLTRAINING": (_TRAINING, "notAllowed"),
    "DMI-PROHIBITED-GENAIMLTRAINING": (_TRAINING[1:], "notAllowed"),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (_ALL_USES, "notAllowed"),
    "DMI-PROHIBITED-SEECONSTRAINT": (_ALL_USES, "constrained"),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": (_ALL_USES, "constrained"),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": (_ALL_USES, "constrained"),
}
"""PLUS's words for data mining, as CAWG's uses."""


@dataclass(frozen=True)
class Signer:
    """Signs with one certificate. `certificates`: PEM, the signer's own first; `private_key`: PEM, PKCS 8, not encrypted.

    Two signings of one picture differ in their bytes: the manifest has a random name, and an ECDSA signature a random part.
    """

    certificates: str
    private_key: str = field(repr=False)
    algorithm: str
    digest: str
    """SHA-256 of the signer's certificate."""

    @property
    def statement(self) -> str:
        """Whose signature, by which library and layout; a shard is signed again when that changes."""
        import c2pa

        return f"c2pa layout={LAYOUT} certificate={self.digest} c2pa-python={c2pa.__version__}"

    def sign(self, data: bytes, extension: str, record: Mapping[str, Any]) -> bytes:
        """The same picture with a manifest inside; pixels and XMP are untouched.

        Args:
            data: a PNG, JPEG or WebP.
            extension: png, jpg or webp.
            record: of the sample, which is a variation with a parent.

        Raises:
            SourceError: no such record, or a file that cannot hold a manifest.
        """
        media_type = MEDIA_TYPES.get(extension)
        key = record["sha256"]
        if media_type is None:
            raise SourceError(f"{key} is a .{extension}: {', '.join(MEDIA_TYPES)} are signed. Export without --sign.")
        if record["origin"] != "generated" or not record["parent"]:
            raise SourceError(f"{key} is no variation of a picture: only variations are signed.")
        return self._signed(data, media_type, manifest(data, media_type, record), str(key))

    def _signed(self, data: bytes, media_type: str, claims: Mapping[str, Any], what: str) -> bytes:
        import c2pa

        keys = c2pa.C2paSignerInfo(self.algorithm.encode(), self.certificates.encode(), self.private_key.encode(), None)
        out = io.BytesIO()
        try:
            with (
                c2pa.Signer.from_info(keys) as signer,
                c2pa.Settings.from_dict(SETTINGS) as settings,
                c2pa.Context(settings) as context,
                c2pa.Builder.from_json(json.dumps(claims), context) as builder,
            ):
                builder.sign(signer, media_type, io.BytesIO(data), out)
        except c2pa.C2paError as error:
            raise SourceError(f"{what} cannot be signed: {' '.join(str(error).split())}.") from error
        return out.getvalue()


def manifest(data: bytes, media_type: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """What is claimed of a variation, as c2pa's builder takes it: the parent was opened, then edited by a trained model."""
    held = read_xmp(data)
    made = record["variation"] or {}
    settings = ", ".join(
        f"{name} {made[name]}" for name in ("seed", "strength", "guidance", "steps", "scheduler") if made.get(name)
    )
    parent: dict[str, Any] = {
        "label": "parent",
        "relationship": "parentOf",
        "title": f"Picture {record['parent'][:12]}",
        "instance_id": f"urn:sha256:{record['parent']}",
        "description": f"SHA-256 of the parent picture: {record['parent']}",
    }
    if page := _words(held.get("dc:source")) or record.get("page_url"):
        parent["informational_URI"] = page
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": GENERATED,
        "softwareAgent": {"name": "fototeca augment"},
        "description": f"Image to image by {made.get('model')} at revision {made.get('revision')}: {settings}.",
        "parameters": {"fototeca.request": made.get("request") or "", "fototeca.prompt": made.get("prompt") or ""},
    }
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
    return {
        "claim_generator_info": [{"name": "fototeca", "version": CODE_VERSION}],
        "title": _words(held.get("dc:title")) or record.get("title") or f"Variation of {record['parent'][:12]}",
        "format": media_type,
        "ingredients": [parent],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, edited]}},
            {"label": "cawg.metadata", "data": _terms(held, record)},
            *_mining(_words(held.get("plus:DataMining"))),
        ],
    }


def _terms(held: Mapping[str, str | list[str]], record: Mapping[str, Any]) -> dict[str, Any]:
    """Credit and licence under their names in XMP; what the file says of its rights first, as it names the parent's maker."""
    said = {
        "dc:rights": _words(held.get("dc:rights")) or record["credit_line"],
        "photoshop:Credit": record["credit_line"],
        "xmpRights:WebStatement": record["rights"]["uri"],
        "Iptc4xmpExt:DigitalSourceType": GENERATED,
    }
    terms = {name: value for name, value in said.items() if value}
    return {"@context": {name: NAMESPACES[name] for name in sorted({one.partition(":")[0] for one in terms})}, **terms}


def _mining(wish: str) -> list[dict[str, Any]]:
    """The wish that the file carries already, in CAWG's words; none is made up."""
    known = _PLUS.get(wish.rpartition("/")[2].upper())
    if known is None:
        return []
    uses, said = known
    return [{"label": "cawg.training-mining", "data": {"entries": {use: {"use": said} for use in uses}}}]


def _words(value: str | list[str] | None) -> str:
    return "; ".join(value) if isinstance(value, list) else value or ""


def signer_of(workspace: Path, certificate: Path | None = None, private_key: Path | None = None) -> Signer:
    """The signer of a certificate and key, given or in the environment; else of the workspace's own authority.

    That one is made when first needed, in `signing/` of the workspace. Nobody trusts it: readers say "valid, not trusted".

    Raises:
        UsageError: the extra is not installed, only one of the two is given, they do not belong together, the certificate is
            not valid today, or C2PA does not admit it.
    """
    try:
        import c2pa  # noqa: F401
        import cryptography  # noqa: F401
    except ImportError as error:
        raise UsageError(f"signing needs {error.name}, which is not installed: `uv sync --extra sign`.") from error
    chain = _given(certificate, CERTIFICATE)
    key = _given(private_key, PRIVATE_KEY)
    if bool(chain) != bool(key):
        missing = f"--private-key or {PRIVATE_KEY}" if chain else f"--certificate or {CERTIFICATE}"
        raise UsageError(f"to sign, a certificate and its private key are needed: give {missing}, too.")
    if not chain:
        return signer(*authority(workspace / FOLDER))
    return signer(chain, key, os.environ.get(PASSWORD) or None)


def signer(chain_pem: bytes, key_pem: bytes, password: str | None = None) -> Signer:
    """A signer whose parts fit together, after a trial on a drawn picture.

    Raises:
        UsageError: as for `signer_of`.
    """
    from export.authority import checked

    certificates, private_key, algorithm, digest = checked(chain_pem, key_pem, password)
    made = Signer(certificates, private_key, algorithm, digest)
    try:
        made._signed(
            _trial_picture(), "image/png", {"title": "trial", "format": "image/png", "assertions": [_TRIAL]}, "a trial picture"
        )
    except SourceError as error:
        raise UsageError(
            f"{error} The certificate must be one that C2PA admits: issued by an authority (not by itself), for digital "
            "signatures, with the extended use emailProtection or documentSigning; its issuers follow it in the file."
        ) from error
    return made


_TRIAL = {
    "label": "c2pa.actions.v2",
    "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": GENERATED.rpartition("/")[0] + "/digitalCreation"}]},
}


def _trial_picture() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()


def _given(path: Path | None, variable: str) -> bytes:
    """The bytes of a PEM file, named on the command line or in the environment, where its text may stand as well."""
    text = os.environ.get(variable, "")
    if path is None and text.lstrip().startswith("-----BEGIN"):
        return text.encode()
    if path is None and not text:
        return b""
    path = path or Path(text)
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name a PEM file.") from error
    if not data.strip():
        raise UsageError(f"{path} is empty: name a PEM file.")
    return data


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What a reader of C2PA makes of a file: `state` is Valid, Trusted or Invalid; `claims` the active manifest."""

    state: str
    issuer: str
    claims: Mapping[str, Any]

    @property
    def trusted(self) -> bool:
        """Whether the certificate leads to one that the reader was told to trust."""
        return self.state == "Trusted"


def read_back(data: bytes, extension: str, *, trusting: bytes | None = None) -> ReadBack | None:
    """The signature of a file; None when it has none.

    Args:
        data: the file.
        extension: as for `Signer.sign`.
        trusting: PEM of the certificates to trust; without them nothing is trusted, whoever signed.
    """
    import c2pa

    trust = {"trust": {"trust_anchors": trusting.decode()}} if trusting else {}
    with c2pa.Settings.from_dict({"verify": {"verify_trust": True}, **trust}) as settings, c2pa.Context(settings) as context:
        try:
            reader = c2pa.Reader(MEDIA_TYPES[extension], io.BytesIO(data), context=context)
        except c2pa.C2paError as error:
            if "ManifestNotFound" in str(error):
                return None
            raise SourceError(f"the signature cannot be read: {error}") from error
        with reader:
            claims = dict(reader.get_active_manifest() or {})
            state = str(reader.get_validation_state())
    return ReadBack(state=state, issuer=str(claims.get("signature_info", {}).get("issuer", "")), claims=claims)
