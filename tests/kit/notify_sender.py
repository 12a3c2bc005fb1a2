"""The gateway's sender with the world's names and addresses as a test gives them.

`python notify_sender.py '{"names": {"host": ["address"]}, "ports": {"443": 40123}, "allow": []}'`:
a name gives its addresses one after another, the last one for ever; ports are moved, because no
test may bind 443; `allow` are addresses that count as public.
"""

import json
import socket
import sys
from typing import Any

from gateway.notify import sender
from gateway.notify.addresses import is_public


def main() -> int:
    """Put the names in place, and carry the order out."""
    world: dict[str, Any] = json.loads(sys.argv[1])
    names: dict[str, list[str]] = world["names"]

    def resolved(host: str, port: int | str, *_: Any, **__: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        address = names[host].pop(0) if len(names[host]) > 1 else names[host][0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        moved = world["ports"].get(str(port), int(port))
        return [(family, socket.SOCK_STREAM, 6, "", (address, moved))]

    socket.getaddrinfo = resolved
    return sender.main(lambda host: host in world["allow"] or is_public(host))


if __name__ == "__main__":
    sys.exit(main())
