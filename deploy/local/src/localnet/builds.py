"""The builds of the Drift program that a world can be made of, and where a person finds them.

They are other people's work and never part of this repository: a path names one, in `DRIFT_SO`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path


class NoProgram(Exception):
    """There is no build to run; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Build:
    """A compiled program, as mainnet ran it."""

    version: str
    month: str
    size: int
    sha256: str
    repository: str
    path: str
    blob: str
    takes_full_terms: bool
    """Whether a market is born with all of its terms; older builds take the first of them."""


BUILDS = (
    Build(
        version="2.82",
        month="June 2024",
        size=4_095_064,
        sha256="080423d7c91f826994124873a62d5e752da51d06159ed010002f8f2f20d4e2a7",
        repository="github.com/drift-labs/drift-vaults",
        path="deps/drift.so",
        blob="01e6ca97",
        takes_full_terms=True,
    ),
    Build(
        version="2.42",
        month="November 2023",
        size=4_105_408,
        sha256="7128b4ed0aa21ab7c96d0305f3389cecc7e0fcd89c5207ded774c325ff5a1e2a",
        repository="github.com/drift-labs/drift-competitions",
        path="deps/drift.so",
        blob="the newest",
        takes_full_terms=False,
    ),
)


def load(path: str | None) -> tuple[Build, bytes]:
    """Give the build at a path; raise NoProgram."""
    if not path:
        raise NoProgram(f"expected DRIFT_SO to be the path of a Drift program, found none.\n{HELP}")
    try:
        program = Path(path).read_bytes()
    except OSError as error:
        raise NoProgram(f"expected a Drift program at DRIFT_SO, found: {error}.\n{HELP}") from None
    digest = hashlib.sha256(program).hexdigest()
    for build in BUILDS:
        if build.sha256 == digest:
            return build, program
    raise NoProgram(f"expected a known Drift program at {path}, found sha256 {digest}.\n{HELP}")


def _how(build: Build) -> str:
    return (
        f"  {build.version} ({build.month}): {build.repository}, {build.path}, blob {build.blob}; "
        f"{build.size:,} bytes, sha256 {build.sha256}"
    )


HELP = "\n".join(
    (
        "The program is not part of this repository. These builds are known:",
        *(_how(build) for build in BUILDS),
        "Take one with git from the history of its repository (git cat-file blob BLOB > drift.so).",
    )
)
