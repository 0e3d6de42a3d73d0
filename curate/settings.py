"""What `curation.toml` may say: the purpose, whether soft licences pass, and the numbers of each criterion."""

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import duckdb

from base import plugins
from base.errors import UsageError, nearest
from base.files import canonical_json
from base.settings import from_table, read_toml
from curate import restricted
from curate.restricted import Entry

FILE_NAME = "curation.toml"
CRITERIA = "curate.criteria"


@dataclass(frozen=True, kw_only=True)
class Models:
    """Which models look at pictures; None: none does, and criteria that ask for its numbers abstain."""

    embedding: str | None = None
    """What a picture shows: an open_clip model and weights, `ViT-B-32@laion2b_s34b_b79k`, `ViT-B-32@PATH`,
    `hf-hub:OWNER/NAME@REVISION`, or `random:NAME` for tests."""
    copy_embedding: str | None = None
    """Whether it is the same picture: an SSCD TorchScript file."""
    captioner: str | None = None
    """`blip:ID_OR_PATH@REVISION` or `git:ID_OR_PATH@REVISION`."""
    people: str | None = None
    """A TorchScript file that finds faces; pixels/scorers.py says what it is handed and must answer."""
    watermark: str | None = None
    """Words against which the embedding scores watermarks: `embedding`; or a TorchScript file with one score a picture."""
    lettering: str | None = None
    """As `watermark`, for pictures that are mostly lettering."""
    safety: str | None = None
    """A TorchScript file with one score a picture, shown variations only; what it flags waits for a person."""


@dataclass(frozen=True, kw_only=True)
class CurationSettings:
    """How this workspace judges. Without a file: research, soft licences not accepted, every criterion's own numbers."""

    purpose: Literal["research", "commercial"] = "research"
    accept_soft: bool = False
    concept_min_likeness: float | None = None
    """From which cosine of picture and words an embedding claims that a picture shows a concept; None: it claims none.
    Comparable within one model only."""
    models: Models = field(default_factory=Models)
    criteria: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    restricted: tuple[Entry, ...] = ()
    """What a community asks not to be used; stands in a file of its own, `restricted.toml`."""


def read(workspace: Path) -> CurationSettings:
    """The workspace's `curation.toml` and `restricted.toml`, checked key by key; the defaults where there is none.

    Raises:
        UsageError: an unknown key, criterion or parameter, or a value of another type; the nearest right one is named.
    """
    path = workspace / FILE_NAME
    table = read_toml(path) if path.exists() else {}
    if "restricted" in table:
        raise UsageError(
            f"{FILE_NAME}: what a community restricts stands in a file of its own: move it to {restricted.FILE_NAME}."
        )
    settings = replace(from_table(CurationSettings, table, where=FILE_NAME), restricted=restricted.read(workspace))
    known = plugins.names(CRITERIA)
    for name, values in settings.criteria.items():
        if name not in known:
            raise UsageError(f"{FILE_NAME}: there is no criterion {name!r}; {nearest(name, known)}")
        if not isinstance(values, Mapping):
            raise UsageError(f"{FILE_NAME}: criteria.{name} is {values!r}; it must be a table, [criteria.{name}].")
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
    entries = [dataclasses.asdict(entry) for entry in settings.restricted]
    return {**own, "purpose": settings.purpose, "accept_soft": settings.accept_soft, "restricted": entries}


OF_ALL = ("purpose", "accept_soft", "restricted")
"""Values that belong to the workspace, not to one criterion; they count in the version of those that use them."""


def own_version(name: str, module: ModuleType, settings: CurationSettings) -> str:
    """What a decision records: the criterion's own version, and a digest of its parameters and of what else it uses.

    What it uses of the workspace is what its query binds, and what it names in `USES`.
    """
    uses = {*_bound(module.QUERY), *getattr(module, "USES", ())}
    values = parameters(name, module, settings)
    used = {key: value for key, value in values.items() if key in uses or key not in OF_ALL}
    digest = hashlib.sha256(canonical_json(used).encode()).hexdigest()[:8]
    return f"{module.VERSION}+{digest}"


@functools.cache
def _bound(query: str) -> tuple[str, ...]:
    with duckdb.connect(":memory:") as parser:
        return tuple(parser.extract_statements(query)[0].named_parameters)
