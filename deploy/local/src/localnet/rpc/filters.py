"""Filters of getProgramAccounts and programSubscribe: `dataSize` and `memcmp`."""

from collections.abc import Callable, Sequence
from typing import cast

from solders.account import Account

from localnet.errors import invalid
from localnet.rpc.params import Config, Json, decoded

FILTERS_MAX = 4
Filter = Callable[[Account], bool]


def filters_of(config: Config) -> Sequence[Filter]:
    """Read the filters of a call; an account must pass all of them."""
    given = config.items("filters")
    if len(given) > FILTERS_MAX:
        raise invalid(f"Too many filters provided; max {FILTERS_MAX}")
    return [_filter(each) for each in given]


def passes(account: Account, filters: Sequence[Filter]) -> bool:
    """Say whether an account passes."""
    return all(each(account) for each in filters)


def _filter(given: object) -> Filter:
    if not isinstance(given, dict):
        raise invalid("expected an object as filter")
    config = Config(cast("Json", given))
    size, compared = config.whole("dataSize"), config.inner("memcmp")
    if size is not None and compared is None:
        return lambda account: len(account.data) == size
    if compared is None or size is not None:
        raise invalid("expected dataSize or memcmp as filter")
    offset, wanted = compared.whole("offset") or 0, _bytes(compared)
    return lambda account: account.data[offset : offset + len(wanted)] == wanted


def _bytes(config: Config) -> bytes:
    return decoded(config.text("bytes", ""), config.text("encoding", "base58"))
