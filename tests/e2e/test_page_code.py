"""The page's own code: its unit tests, its style, and its types against the API's description."""

import subprocess
from pathlib import Path

import pytest

from gateway.page_files import PageFiles
from supervisor.page import find_node, sources


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("built_page")
@pytest.mark.parametrize(
    "command",
    [("vitest/vitest.mjs", "run"), ("@biomejs/biome/bin/biome", "check")],
    ids=["unit tests", "style"],
)
def test_the_code_of_the_page_passes(command: tuple[str, ...]) -> None:
    ended = run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("built_page")
def test_the_types_of_the_page_are_those_of_the_api(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    ended = run("openapi-typescript/bin/cli.js", "../openapi.json", "-o", str(made))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    committed = web() / "src" / "api" / "schema.d.ts"
    said = "write it anew: `npm run types` in services/gateway/web"
    assert committed.read_text() == made.read_text(), said


def test_the_page_of_the_gateway_is_whole(built_page: PageFiles) -> None:
    assert "index.html" in built_page
    assert {name.rsplit(".", 1)[1] for name in built_page} == {"html", "js", "css", "woff2"}


def web() -> Path:
    found = sources()
    assert found is not None
    return found.web


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(find_node().program), str(web() / "node_modules" / program), *arguments],
        cwd=web(),
        capture_output=True,
        text=True,
        check=False,
    )
