"""Parameters of a call, read strictly: what is wrong is said with -32602."""

import base64
from collections.abc import Mapping, Sequence
from typing import cast

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from localnet.block import Commitment
from localnet.errors import invalid
from localnet.rpc import base58

Json = Mapping[str, object]


class Params:
    """The parameters of one call: positions, the last of which may be a configuration."""

    def __init__(self, given: object) -> None:
        if given is None:
            given = []
        if not isinstance(given, list):
            raise invalid("expected an array")
        self._given = cast("list[object]", given)

    def text(self, index: int) -> str:
        """Give a string."""
        value = self._at(index)
        if not isinstance(value, str):
            raise invalid(f"expected a string as parameter {index}")
        return value

    def whole(self, index: int) -> int:
        """Give a whole number, at least 0."""
        value = self._at(index)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise invalid(f"expected a number as parameter {index}")
        return value

    def pubkey(self, index: int) -> Pubkey:
        """Give a public key."""
        return pubkey(self.text(index))

    def blockhash(self, index: int) -> Hash:
        """Give a blockhash."""
        try:
            return Hash.from_string(self.text(index))
        except ValueError as error:
            raise invalid(str(error)) from None

    def signature(self, index: int) -> Signature:
        """Give a signature."""
        return signature(self.text(index))

    def texts(self, index: int, *, at_most: int) -> Sequence[str]:
        """Give a list of strings."""
        value = self._at(index)
        return texts(value, what=f"parameter {index}", at_most=at_most)

    def config(self, index: int) -> "Config":
        """Give the configuration object, empty when there is none."""
        value = self._given[index] if index < len(self._given) else None
        if value is None:
            return Config({})
        if isinstance(value, str):  # a bare commitment, as older clients send it
            return Config({"commitment": value})
        if not isinstance(value, dict):
            raise invalid(f"expected an object as parameter {index}")
        return Config(cast("Json", value))

    def raw(self, index: int) -> object:
        """Give a parameter as it came; None when it is not there."""
        return self._given[index] if index < len(self._given) else None

    def _at(self, index: int) -> object:
        if index >= len(self._given):
            raise invalid(f"expected at least {index + 1} parameters, found {len(self._given)}")
        return self._given[index]


class Config:
    """The configuration object of a call."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def commitment(self, name: str = "commitment") -> Commitment:
        """Give the commitment; a node's default is `finalized`."""
        value = self._given.get(name)
        if value is None:
            return Commitment.FINALIZED
        try:
            return Commitment(str(value))
        except ValueError:
            raise invalid(f"expected a commitment, found {value!r}") from None

    def text(self, name: str, default: str) -> str:
        """Give a string."""
        value = self._given.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(f"expected a string as {name}")
        return value

    def whole(self, name: str) -> int | None:
        """Give a whole number; None when it is not there."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise invalid(f"expected a number as {name}")
        return value

    def flag(self, name: str) -> bool:
        """Give a switch, off by default."""
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise invalid(f"expected true or false as {name}")
        return value

    def inner(self, name: str) -> "Config | None":
        """Give an object; None when it is not there."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid(f"expected an object as {name}")
        return Config(cast("Json", value))

    def items(self, name: str) -> Sequence[object]:
        """Give a list, empty when it is not there."""
        value = self._given.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(f"expected an array as {name}")
        return cast("list[object]", value)

    def texts(self, name: str, *, at_most: int) -> Sequence[str]:
        """Give a list of strings."""
        return texts(list(self.items(name)), what=name, at_most=at_most)


def texts(value: object, *, what: str, at_most: int) -> Sequence[str]:
    """Give a list of strings, no longer than a bound."""
    if not isinstance(value, list):
        raise invalid(f"expected an array as {what}")
    items = cast("list[object]", value)
    if len(items) > at_most:
        raise invalid(f"Too many inputs provided; max {at_most}")
    return [item if isinstance(item, str) else _no_text(what) for item in items]


def pubkey(text: str) -> Pubkey:
    """Read a public key."""
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise invalid(f"Invalid param: {error}") from None


def signature(text: str) -> Signature:
    """Read a signature."""
    try:
        return Signature.from_string(text)
    except ValueError as error:
        raise invalid(f"Invalid param: {error}") from None


def decoded(text: str, encoding: str) -> bytes:
    """Read bytes that came as base64 or base58."""
    try:
        match encoding:
            case "base64":
                return base64.b64decode(text, validate=True)
            case "base58":
                return base58.decode(text)
            case _:
                raise invalid(f"unsupported encoding: {encoding}. Supported: base58, base64")
    except ValueError as error:
        raise invalid(f"invalid {encoding} encoding: {error}") from None


def _no_text(what: str) -> str:
    raise invalid(f"expected strings in {what}")
