"""The pages say what the program does: every command is documented, generated pages are fresh, links lead somewhere."""

import re
from pathlib import Path

import pytest

from fototeca.main import documented_commands
from fototeca.pages import PAGES

ROOT = Path(__file__).resolve().parents[2]
PAGES_FOR_PEOPLE = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says_today(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert page == PAGES[name](), f"docs/{name} is stale: run `uv run python -m fototeca.pages`"


@pytest.mark.parametrize("command", documented_commands())
def test_every_command_is_documented(command: str) -> None:
    assert documented_commands()[command], f"`fototeca {command}` has no help"
    assert f"## fototeca {command}\n" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert re.search(rf"`?fototeca {command}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES_FOR_PEOPLE, ids=lambda page: page.name)
def test_links_and_pictures_lead_to_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text)
    for target in (one or other for one, other in targets):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} points to {target}, which is not there"


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 -m pip install -q uv && uv run --all-extras fototeca demo" in text
    assert "uv run --all-extras pytest -q" in text
