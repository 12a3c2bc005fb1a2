"""Where settings and outbox are kept: two values of the bucket that all gateways share."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from chassis.keyvalue import KeyValue
from contracts.ids import AccountId
from gateway.notify.config import Config
from gateway.notify.outbox import Outbox

T = TypeVar("T")

_config = msgspec.json.Decoder(Config)
_outbox = msgspec.json.Decoder(Outbox)


class StoreUnreadable(Exception):
    """What is kept was not written by this build or the one before."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value with its revision in the bucket; 0 when nothing stands."""

    value: T
    revision: int


class Store:
    """The settings and the outbox of one account. Reads wait out every outage."""

    def __init__(self, bucket: KeyValue, *, account: AccountId) -> None:
        self._bucket = bucket
        self._config_key = f"config.{account}"
        self._outbox_key = f"outbox.{account}"

    async def config(self) -> Entry[Config]:
        """Give the settings; those of a new desk when there are none."""
        return await self._get(self._config_key, _config) or Entry(Config(), 0)

    async def outbox(self) -> Entry[Outbox] | None:
        """Give the outbox, if there is one."""
        return await self._get(self._outbox_key, _outbox)

    async def put_config(self, config: Config, *, revision: int) -> int:
        """Replace the settings; raises as KeyValue.put."""
        value = msgspec.json.encode(config)
        return await self._bucket.put(self._config_key, value, revision=revision)

    async def put_outbox(self, outbox: Outbox, *, revision: int) -> int:
        """Replace the outbox; raises as KeyValue.put."""
        value = msgspec.json.encode(outbox)
        return await self._bucket.put(self._outbox_key, value, revision=revision)

    async def _get(self, key: str, decoder: "msgspec.json.Decoder[T]") -> Entry[T] | None:
        found = await self._bucket.get(key)
        if found is None or found.value is None:
            return None
        try:
            return Entry(decoder.decode(found.value), found.revision)
        except msgspec.MsgspecError as error:
            raise StoreUnreadable(
                f"expected {key} as this build writes it, found {error}"
            ) from None
