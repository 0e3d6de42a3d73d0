"""Fixtures of the curation's tests: an empty archive to put drawn pictures into."""

from pathlib import Path

import pytest
from curated_archive import Archive, empty_catalogue

from catalog import db


@pytest.fixture
def archive(workspace: Path) -> Archive:
    """An empty workspace with short ways to fill and to ask it."""
    workspace.mkdir()
    db.catalogue_path(workspace).write_bytes(empty_catalogue())
    return Archive(workspace)
