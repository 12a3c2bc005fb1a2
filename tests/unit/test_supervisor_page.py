"""When the page is built: only when its sources say something else than what stands there."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from supervisor import page
from supervisor.page import Sources, build_page, digest
from supervisor.refusal import Refusal


@pytest.fixture
def of(tmp_path: Path) -> Sources:
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "package-lock.json").write_text("{}")
    (web / "src" / "main.tsx").write_text("1")
    return Sources(web, tmp_path / "page")


def test_the_digest_is_of_every_source_and_of_nothing_that_is_made(of: Sources) -> None:
    before = digest(of.web)
    for made in ("node_modules/a.js", "new/b.js", ".lock"):
        path = of.web / made
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert digest(of.web) == before
    (of.web / "src" / "main.tsx").write_text("2")
    changed = digest(of.web)
    assert changed != before
    (of.web / "src" / "main.tsx").rename(of.web / "src" / "other.tsx")
    assert digest(of.web) not in (before, changed)


def test_a_page_that_is_as_its_sources_say_needs_no_node(
    of: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    of.page.mkdir()
    (of.page / page.STAMP).write_text(digest(of.web))
    monkeypatch.setattr(shutil, "which", _nothing)
    assert not build_page(of)


def test_without_sources_there_is_nothing_to_build() -> None:
    assert not build_page(None)


def test_without_node_and_a_way_to_get_it_the_refusal_says_so(
    of: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", _nothing)
    monkeypatch.setattr(importlib.util, "find_spec", _nothing)
    with pytest.raises(Refusal, match=r"expected Node.js 20\.19 or newer"):
        build_page(of)
    assert not of.page.exists()


def test_what_fails_is_told_and_the_page_that_stood_there_stays(
    of: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    of.page.mkdir()
    (of.page / "index.html").write_text("before")
    node = of.web.parent / "node"
    node.write_text("#!/bin/sh\necho it is broken\nexit 3\n")
    node.chmod(0o755)
    monkeypatch.setattr(page, "find_node", lambda: page.Node(node, of.web / "npm"))
    with pytest.raises(Refusal, match=r"(?s)npm ci.*it is broken"):
        build_page(of)
    assert (of.page / "index.html").read_text() == "before"


def _nothing(*_: object) -> None:
    return None
