"""Write the API's description: `python -m gateway.openapi [file]`, or to standard output."""

import json
import sys
from pathlib import Path

from gateway.asgi import describe


def text() -> str:
    """Give the OpenAPI document as it is committed."""
    return json.dumps(describe(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text(), encoding="utf-8")
    else:
        sys.stdout.write(text())
