"""Fixtures of the curation's tests: an empty archive to put drawn pictures into."""

from pathlib import Path

import pytest
from curated_archive import Archive


@pytest.fixture
def archive(workspace: Path) -> Archive:
    """An empty workspace with short ways to fill and to ask it."""
    return Archive(workspace)
