"""The house keeps its own rules: short files, first lines that say what for, empty `__init__`s, contracts, plug-ins."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from base import plugins

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("base", "pixels", "catalog", "shardset", "engine", "harvest", "curate", "augment", "export", "finetune", "fototeca")
LONGEST_FILE = 350  # lines; the style's limit for .py and .sql
HEAVY = ("torch", "diffusers", "transformers", "scrapy", "duckdb", "webdataset", "numpy", "PIL", "skimage")
PLUGIN_FOLDERS = {
    "harvest.sources": (),
    "curate.measures": ("VERSION", "measure"),
    "curate.criteria": ("VERSION", "PARAMS", "APPLIES_TO"),
    "curate.captioners": ("load",),
    "augment.models": ("load",),
    "finetune.objectives": ("loss",),
}


def _files(*endings: str) -> list[Path]:
    places = [ROOT / room for room in (*ROOMS, "tests", "benchmarks")]
    return sorted(path for place in places for ending in endings for path in place.rglob(f"*{ending}"))


@pytest.mark.parametrize("path", _files(".py", ".sql"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_the_limit(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_every_file_says_in_its_first_line_what_it_is_for() -> None:
    silent = [path for path in _files(".py") if not path.read_text(encoding="utf-8").startswith('"""')]
    silent += [path for path in _files(".sql") if not path.read_text(encoding="utf-8").startswith("-- ")]
    assert silent == []


def test_init_files_hold_a_docstring_and_nothing_else() -> None:
    full = [path for path in _files("__init__.py") if len(ast.parse(path.read_text(encoding="utf-8")).body) != 1]
    assert full == []


def test_tests_have_no_init_files() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_name_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "helpers", "manager", "handler", "misc", "common"}
    assert [path for path in _files(".py") if path.stem in drawers] == []


def test_imports_keep_to_the_contracts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS)
def test_every_plugin_loads_and_has_what_its_kind_needs(folder: str) -> None:
    names = plugins.names(folder)
    assert names, f"{folder} is an empty room"
    for name in names:
        module = plugins.load(folder, name)
        assert plugins.description(folder, name), f"{folder}.{name} does not say what it is"
        for needed in PLUGIN_FOLDERS[folder]:
            assert hasattr(module, needed), f"{folder}.{name} lacks {needed}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['fototeca', '--help']\n"
        "from fototeca.main import main\n"
        "try: main()\n"
        f"finally: print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stderr
