"""Settings given on the command line over a recipe's: `--set data.batch_size=4`, with TOML's values."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from base.errors import UsageError


def overrides(given: Sequence[str]) -> dict[str, Any]:
    """Dotted keys with their values; what is no TOML is text, so that quotes may be left out.

    A model.id that begins with a dot is relative to the folder that the command runs in.

    Raises:
        UsageError: no key, or no =.
    """
    found: dict[str, Any] = {}
    for one in given:
        key, sign, text = (part.strip() for part in one.partition("="))
        if not sign or not key or not all(key.split(".")):
            raise UsageError(f"--set {one!r}: write key=value, such as --set data.batch_size=4.")
        found[key] = _value(text)
    model = found.get("model.id")
    if isinstance(model, str) and model.startswith("."):
        found["model.id"] = str(Path(model).resolve())
    return found


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
