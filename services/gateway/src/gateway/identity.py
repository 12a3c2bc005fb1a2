"""What runs: the build, the versions of what it speaks, and where its orders go. Nothing secret."""

from dataclasses import dataclass
from importlib.metadata import version as version_of

from chassis import build
from gateway.place import PAPER_PLACE, Place

API_VERSION = "1"
_GATEWAY, _CONTRACTS = "perp-desk-gateway", "perp-desk-contracts"


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change while the process lives."""

    version: str
    contracts: str
    """Version of the language between the services."""
    revision: str | None
    """Git revision of the sources, where it is known."""
    python: str
    place: Place


def identity_of(place: Place = PAPER_PLACE) -> Identity:
    """Look at what is installed; it may ask git, which takes a moment."""
    revision = build.revision()
    return Identity(
        version=version_of(_GATEWAY),
        contracts=version_of(_CONTRACTS),
        revision=None if revision == build.UNKNOWN else revision,
        python=build.python(),
        place=place,
    )
