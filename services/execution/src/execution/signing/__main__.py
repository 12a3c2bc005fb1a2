"""Bear a delegate key: `python -m execution.signing WALLET --account A --encryption F --out F`.

The key is written sealed; its address is printed, for the owner to name it. Where the owner's
consent is asked for on the page, the service bears the key itself.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from solders.pubkey import Pubkey

from execution.signing.keys import KeyUnusable, Vault, encryption_key

_EXIT_CONFIGURATION = 78


def main(arguments: Sequence[str]) -> int:
    """Bear a key; 0 is well, 78 something that a person can put right."""
    parser = argparse.ArgumentParser(prog="execution.signing", allow_abbrev=False)
    parser.add_argument("wallet", type=_wallet, help="the owner's address")
    parser.add_argument("--account", required=True, help="our name of the account")
    parser.add_argument("--encryption", type=Path, required=True, help="file of what seals it")
    parser.add_argument("--out", type=Path, required=True, help="file to be written")
    options = parser.parse_args(arguments)
    try:
        vault = Vault(encryption_key(options.encryption))
        now_ms = time.time_ns() // 1_000_000
        key, sealed = vault.bear(wallet=options.wallet, account=options.account, now_ms=now_ms)
        key.destroy()
        _write(options.out, sealed.dump())
    except (KeyUnusable, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_CONFIGURATION
    print(sealed.delegate)
    return 0


def _write(path: Path, data: bytes) -> None:
    """Put a file in the place of the one before, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _wallet(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected an address, found {text!r:.60}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
