"""How secret bytes may come to be written, and whether one of these forms stands somewhere."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solders.keypair import Keypair
from solders.pubkey import Pubkey

_SECRET_BYTES = 32


def forms_of(secret: bytes) -> dict[str, bytes]:
    """Give each form of 32 secret bytes that a program would write, by name."""
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"expected {_SECRET_BYTES} secret bytes, found {len(secret)}")
    inner = ",".join(map(str, secret))
    written = {
        "raw": secret,
        "reversed": secret[::-1],
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "hex, spaced": secret.hex(" ").encode(),
        "base58": str(Pubkey(secret)).encode(),
        "base58 of the pair": str(Keypair.from_seed(secret)).encode(),
        "base32": base64.b32encode(secret).rstrip(b"="),
        "list": inner.encode(),
        "list, spaced": inner.replace(",", ", ").encode(),
        "list, indented": inner.replace(",", ",\n").encode(),
        "repr": repr(secret)[2:-1].encode(),
        "repr, escaped": repr(secret)[2:-1].replace("\\", "\\\\").encode(),
    }
    for shift in range(3):
        written[f"base64, {shift}"] = _base64_within(secret, shift)
        written[f"base64url, {shift}"] = (
            _base64_within(secret, shift).replace(b"+", b"-").replace(b"/", b"_")
        )
    return written


def _base64_within(secret: bytes, shift: int) -> bytes:
    """Give the characters that are the secret's own when it stands after so many other bytes."""
    text = base64.b64encode(bytes(shift) + secret)
    return text[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6]


@dataclass
class Search:
    """Looks for secrets in what it is shown, and remembers where they stood."""

    secrets: Mapping[str, bytes]
    places: int = 0
    found: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Place, secret and form."""

    def __post_init__(self) -> None:
        self._forms = [
            (name, form, written)
            for name, secret in self.secrets.items()
            for form, written in forms_of(secret).items()
        ]

    def look(self, place: str, data: bytes) -> None:
        """Look at the bytes of a place."""
        self.places += 1
        self.found += [(place, name, form) for name, form, it in self._forms if it in data]

    def look_below(self, folder: Path) -> None:
        """Look at the names and the bytes of all files below a folder."""
        for path in _files(folder):
            place = str(path.relative_to(folder))
            self.look(f"{place} (name)", place.encode())
            try:
                self.look(place, path.read_bytes())
            except FileNotFoundError:
                continue  # A server that runs takes its files away.

    def secrets_in(self, part: str) -> set[str]:
        """Give the secrets that stood in places whose name begins so."""
        return {name for place, name, _ in self.found if place.startswith(part)}


def _files(folder: Path) -> Iterator[Path]:
    return (it for it in sorted(folder.rglob("*")) if it.is_file() and not it.is_symlink())
