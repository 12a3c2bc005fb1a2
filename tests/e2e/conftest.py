"""The page that the tests of a browser open."""

from pathlib import Path

import pytest

import gateway.app
from gateway.page_files import PageFiles, read_page_files
from supervisor.page import build_page, sources


@pytest.fixture(scope="session")
def built_page() -> PageFiles:
    """Build the page where its sources changed."""
    build_page(sources())
    return read_page_files(Path(gateway.app.__file__).parent / "page")
