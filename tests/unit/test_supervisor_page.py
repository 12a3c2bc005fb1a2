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
    node = a_node(of, "echo it is broken; exit 3")
    monkeypatch.setattr(page, "find_node", lambda: node)
    with pytest.raises(Refusal, match=r"(?s)npm ci.*it is broken"):
        build_page(of)
    assert (of.page / "index.html").read_text() == "before"


def test_the_style_and_the_types_of_the_page_are_checked_where_it_was_installed(
    of: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not page.check_page(of)
    (of.web / "node_modules").mkdir()
    (of.web / "node_modules" / page.STAMP).write_text("installed")
    (of.web / "src" / "api").mkdir()
    (of.web / "src" / "api" / "schema.d.ts").write_text("of the API\n")
    node = a_node(of, 'case "$1$2" in *cli.js*) echo "of the API" > "$4" ;; esac')
    monkeypatch.setattr(page, "find_node", lambda: node)
    assert page.check_page(of)
    for program, what in (("biome", "biome"), ("tsc", "the type checker")):
        a_node(of, f'case "$1" in *{program}) echo it is wrong; exit 1 ;; esac')
        with pytest.raises(Refusal, match=f"(?s){what}.*it is wrong"):
            page.check_page(of)
    a_node(of, 'case "$1$2" in *cli.js*) echo "of another API" > "$4" ;; esac')
    with pytest.raises(Refusal, match=r"schema\.d\.ts to be of"):
        page.check_page(of)


def a_node(of: Sources, line: str) -> page.Node:
    """Put a program there that stands for Node.js."""
    program = of.web.parent / "node"
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    return page.Node(program, of.web / "npm")


def _nothing(*_: object) -> None:
    return None
