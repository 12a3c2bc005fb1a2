"""Which events a person wants to see: filters that all must hold, read from text of outside."""

from dataclasses import dataclass

import msgspec

from gateway.domain import words
from gateway.domain.words import Level
from gateway.stream.protocol import Activity

_END = r"$(?!\n)"
"""Of the text: to Python a `$` also stands before a last line feed."""
NAMES = r"^[a-z0-9_]{1,64}(,[a-z0-9_]{1,64}){0,19}" + _END
LEVELS = rf"^({'|'.join(Level)})(,({'|'.join(Level)})){{0,9}}" + _END
MARKET = r"^[a-z0-9-]{1,64}" + _END
ORDER = r"^([0-9a-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})" + _END
TEXT_MAX = 100
_ORDER_FIELDS = ("client_order_id", "setup", "proposal")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an event must be to be shown; what is empty asks for nothing."""

    types: frozenset[str] = frozenset()
    """Names of the API or of the log, any of them."""
    levels: frozenset[Level] = frozenset()
    market: str = ""
    order: str = ""
    """Our id of an order, or the id of its setup or proposal."""
    text: str = ""
    """Somewhere in what is said or in the event itself, in any case."""

    @property
    def is_all(self) -> bool:
        """Whether every event is wanted."""
        return not (self.types or self.levels or self.market or self.order or self.text)

    @property
    def log_types(self) -> tuple[str, ...]:
        """Name the types in the log that may be wanted; empty for any."""
        named = [words.log_types(name) for name in self.types]
        return tuple(sorted({one for names in named for one in names})) if all(named) else ()

    def takes(self, item: Activity) -> bool:
        """Say whether an event is wanted."""
        return (
            (not self.types or item.type in self.types or item.event in self.types)
            and (not self.levels or item.level in self.levels)
            and (not self.market or (item.data or {}).get("market") == self.market)
            and (not self.order or self._is_about_order(item))
            and (not self.text or self._says(item))
        )

    def _is_about_order(self, item: Activity) -> bool:
        data = item.data or {}
        return item.id == self.order or self.order in (data.get(name) for name in _ORDER_FIELDS)

    def _says(self, item: Activity) -> bool:
        said = (
            f"{item.summary}\n{item.type}\n{item.event}\n{msgspec.json.encode(item.data).decode()}"
        )
        return self.text.casefold() in said.casefold()


def read_wanted(*, types: str, levels: str, market: str, order: str, text: str) -> Wanted:
    """Read filters, each empty when it was not given; they have the patterns of this module."""
    return Wanted(
        types=frozenset(filter(None, types.split(","))),
        levels=frozenset(map(Level, filter(None, levels.split(",")))),
        market=market,
        order=order,
        text=text,
    )
