"""The folder is the registry: plug-ins are listed from their files without importing, and loaded one by one by name."""

import ast
import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from base.errors import UsageError, nearest


def names(package: str) -> list[str]:
    """The plug-ins of a package such as `curate.criteria`, sorted; nothing is imported but the parent package."""
    return sorted(path.stem for path in _folder(package).glob("*.py") if not path.stem.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """Import one plug-in.

    Raises:
        UsageError: no file of that name; the message lists the right names.
    """
    known = names(package)
    if name not in known:
        raise UsageError(f"{package} has no {name!r}: {nearest(name, known)}")
    return importlib.import_module(f"{package}.{name}")


def description(package: str, name: str) -> str:
    """The first paragraph of the plug-in's docstring, on one line, read without importing it."""
    return " ".join(documentation(package, name).split("\n\n")[0].split())


def documentation(package: str, name: str) -> str:
    """The plug-in's whole docstring, read without importing it."""
    tree = ast.parse((_folder(package) / f"{name}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree) or ""


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"there is no plug-in folder {package!r}.")
    return Path(next(iter(spec.submodule_search_locations)))
