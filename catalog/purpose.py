"""What a collection is for, from the workspace's `curation.toml`: the one reading of it that all stages share."""

from dataclasses import dataclass
from pathlib import Path

from base.errors import UsageError, nearest
from base.settings import read_toml

FILE_NAME = "curation.toml"
PURPOSES = ("research", "commercial")  # the second is the stricter


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """`name` is research or commercial; `accept_soft`: licences that state no permission pass as well."""

    name: str = "research"
    accept_soft: bool = False

    def stricter(self, wanted: str | None) -> "Purpose":
        """The same, or narrowed to `wanted`.

        Raises:
            UsageError: `wanted` is unknown, or permits more than this purpose.
        """
        if wanted is None or wanted == self.name:
            return self
        if wanted not in PURPOSES:
            raise UsageError(f"there is no purpose {wanted!r}: {nearest(wanted, PURPOSES)}")
        if PURPOSES.index(wanted) < PURPOSES.index(self.name):
            raise UsageError(f"this collection is judged for {self.name} use, and {wanted} is wider: change {FILE_NAME}, curate.")
        return Purpose(name=wanted, accept_soft=self.accept_soft)


def purpose_of(workspace: Path) -> Purpose:
    """The workspace's purpose; research, soft licences refused, where nothing is said.

    Raises:
        UsageError: the file names another purpose.
    """
    path = workspace / FILE_NAME
    table = read_toml(path) if path.exists() else {}
    name = table.get("purpose", "research")
    if name not in PURPOSES:
        raise UsageError(f"{path}: purpose is {name!r}; {nearest(str(name), PURPOSES)}")
    return Purpose(name=name, accept_soft=bool(table.get("accept_soft", False)))
