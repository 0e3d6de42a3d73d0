"""What `curation.toml` may say: the purpose, whether soft licences pass, and the numbers of each criterion."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from base import plugins
from base.errors import UsageError, nearest
from base.files import canonical_json
from base.settings import from_table, read_toml

FILE_NAME = "curation.toml"
CRITERIA = "curate.criteria"


@dataclass(frozen=True, kw_only=True)
class Models:
    """Which models look at pictures; None: none does, and criteria that ask for its numbers abstain."""

    embedding: str | None = None
    """What a picture shows: an open_clip model and weights, `ViT-B-32@laion2b_s34b_b79k`, `ViT-B-32@PATH`, `hf-hub:OWNER/NAME@REVISION`,
    or `random:NAME` for tests."""
    copy_embedding: str | None = None
    """Whether it is the same picture: an SSCD TorchScript file."""
    captioner: str | None = None
    """`blip:ID_OR_PATH@REVISION` or `git:ID_OR_PATH@REVISION`."""
    people: str | None = None
    """A file with weights that find faces."""
    watermark: str | None = None
    """Words against which the embedding scores watermarks: `embedding`; or a TorchScript file with one score a picture."""
    lettering: str | None = None
    """As `watermark`, for pictures that are mostly lettering."""


@dataclass(frozen=True, kw_only=True)
class CurationSettings:
    """How this workspace judges. Without a file: research, soft licences not accepted, every criterion's own numbers."""

    purpose: Literal["research", "commercial"] = "research"
    accept_soft: bool = False
    models: Models = field(default_factory=Models)
    criteria: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read(workspace: Path) -> CurationSettings:
    """The workspace's `curation.toml`, checked key by key; the defaults when there is none.

    Raises:
        UsageError: an unknown key, criterion or parameter, or a value of another type; the nearest right one is named.
    """
    path = workspace / FILE_NAME
    if not path.exists():
        return CurationSettings()
    settings = from_table(CurationSettings, read_toml(path), where=FILE_NAME)
    known = plugins.names(CRITERIA)
    for name, table in settings.criteria.items():
        if name not in known:
            raise UsageError(f"{FILE_NAME}: there is no criterion {name!r}; {nearest(name, known)}")
        if not isinstance(table, Mapping):
            raise UsageError(f"{FILE_NAME}: criteria.{name} is {table!r}; it must be a table, [criteria.{name}].")
        parameters(name, plugins.load(CRITERIA, name), settings)
    return settings


def parameters(name: str, module: ModuleType, settings: CurationSettings) -> dict[str, Any]:
    """Every value that a criterion's query may bind: its own parameters as set or by default, purpose and accept_soft."""
    table = settings.criteria.get(name, {})
    where = f"{FILE_NAME}: [criteria.{name}]"
    if module.PARAMS is None:
        if table:
            raise UsageError(f"{where}: unknown key {next(iter(table))!r}; this criterion has no parameters.")
        own: dict[str, Any] = {}
    else:
        own = dataclasses.asdict(from_table(type(module.PARAMS), table, where=where))
    return {**own, "purpose": settings.purpose, "accept_soft": settings.accept_soft}


def version(module: ModuleType, used: Mapping[str, Any]) -> str:
    """What a decision records: the criterion's own version, and a digest of the parameters that its query binds."""
    digest = hashlib.sha256(canonical_json(dict(used)).encode()).hexdigest()[:8]
    return f"{module.VERSION}+{digest}"
