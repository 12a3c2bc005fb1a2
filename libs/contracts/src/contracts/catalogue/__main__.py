"""Write docs/events.md and docs/asyncapi.json, or check that they are what the code says."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.catalogue.asyncapi import document
from contracts.catalogue.markdown import catalogue

COMMAND = "python -m contracts.catalogue"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or with `--check` name those out of date; give the exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when out of date")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of the documents")
    options = parser.parse_args(arguments)
    documents = {"events.md": catalogue(), "asyncapi.json": document()}
    if not options.check:
        write(options.docs, documents)
        return 0
    stale = out_of_date(options.docs, documents)
    for path in stale:
        print(f"expected {path} to be what `{COMMAND}` writes, found it out of date")
    return 1 if stale else 0


def write(folder: Path, documents: dict[str, str]) -> None:
    """Write each document that differs."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in out_of_date(folder, documents):
        path.write_text(documents[path.name], encoding="utf-8", newline="\n")


def out_of_date(folder: Path, documents: dict[str, str]) -> list[Path]:
    """Give the files whose bytes are not those of the document, or that are not there."""
    paths = [folder / name for name in documents]
    return [
        path
        for path in paths
        if not path.is_file() or path.read_bytes() != documents[path.name].encode()
    ]


if __name__ == "__main__":
    sys.exit(main())
