"""Which network addresses a target that somebody typed may lead to: public ones only."""

import ipaddress
import socket

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST = ipaddress.ip_network("2000::/3")
"""All public IPv6 is in here; translated (64:ff9b::/96) and mapped addresses are not."""
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's host: a public number that every guest reaches.
            "192.88.99.0/24",  # 6to4 relays.
            "2001::/23",  # Teredo and other protocols that carry another address.
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries an IPv4 address.
            "3fff::/20",
        ),
    )
)


def is_public(address: str) -> bool:
    """Say whether a numeric address is one of the public internet."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_public(found)


def is_private_literal(host: str) -> bool:
    """Say whether a host is a number, in any spelling that a C library takes, and not public.

    A name is none: what it leads to is known only when it is connected to.
    """
    bare = host.strip("[]").rstrip(".")
    try:
        return not _is_public(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        pass
    try:
        # Takes `2130706433`, `0x7f.1`, `0177.0.0.1` and `127.1`, as connecting would.
        return not _is_public(ipaddress.IPv4Address(socket.inet_aton(bare)))
    except (OSError, ValueError):
        return False


def _is_public(found: _Address) -> bool:
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    if found.version == 6 and found not in _UNICAST:
        return False
    return not any(found.version == net.version and found in net for net in _REFUSED)
