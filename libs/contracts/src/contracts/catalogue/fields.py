"""What the code says about its own fields: type, unit and meaning.

A type is named by the alias it was written with, a unit is the last word of a field's name, and
the meaning is the docstring under the field.
"""

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from annotated_types import Ge, Gt, Le, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts import values

Documented = type[BaseModel] | type[msgspec.Struct] | type[StrEnum] | type[IntEnum]
Hint = Any  # A type hint is any object; this module is the one place that takes hints apart.

_ALIASES: tuple[tuple[Hint, str], ...] = (
    (values.Positive, "decimal > 0"),
    (values.NotNegative, "decimal ≥ 0"),
    (values.DecimalString, "decimal"),
    (values.UtcTime, "UTC time"),
    (values.Token, "token"),
    (values.Note, "text"),
)
_PLAIN: Mapping[Hint, str] = {
    bool: "boolean",
    datetime: "time",
    Decimal: "decimal",
    int: "integer",
    str: "text",
    types.NoneType: "null",
    UUID: "event id",
}
NAMES: Mapping[str, str] = {
    "account": "One wallet with a sub-account.",
    "by": "Who did it.",
    "client_order_id": "Our id of the order.",
    "clock": "How far the venue had come when it was seen.",
    "market": "A perpetual that we trade, such as `sol-perp`.",
    "part": "Partition of the account, a stable hash of its name.",
    "service": "A service's name.",
    "signature": "The transaction's name on the chain.",
    "symbol": "The source venue's name of its market, such as `solusdt`.",
    "user_order_id": "Our number of the order at the venue, unique among the account's open ones.",
    "venue": "Where ticks come from, or where orders rest.",
    "venue_order_id": "The venue's number of the order; a move gives it another one.",
}
"""What a name means wherever nothing else is said."""
_UNITS: Mapping[str, str] = {
    "base": "base asset",
    "bps": "basis points",
    "bytes": "bytes",
    "lamports": "lamports",
    "microlamports": "micro-lamports per compute unit",
    "ms": "ms",
    "pct": "%",
    "sha256": "hex",
    "slots": "slots",
    "usd": "USD",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message, for a reader."""

    name: str
    type: str
    unit: str
    meaning: str

    @property
    def sentence(self) -> str:
        """Give all of it in one line."""
        kind = f"{self.type}, {self.unit}" if self.unit else self.type
        return f"{kind}. {self.meaning}".rstrip()


def fields_of(described: type[BaseModel] | type[msgspec.Struct]) -> tuple[Field, ...]:
    """Give the fields of a message in the order of the wire."""
    docs, hints = attribute_docs(described), get_type_hints(described, include_extras=True)
    return tuple(
        Field(
            name=name,
            type=_type_text(hints[name]) + _limits(described, name),
            unit=_unit(name),
            meaning=docs.get(name) or NAMES.get(name, ""),
        )
        for name in field_names(described)
    )


def field_names(described: type[BaseModel] | type[msgspec.Struct]) -> tuple[str, ...]:
    """Give the names of a message's fields in the order of the wire."""
    if issubclass(described, BaseModel):
        return tuple(described.model_fields)
    return tuple(field.name for field in msgspec.structs.fields(described))


def parts_of(described: type[BaseModel] | type[msgspec.Struct]) -> Iterator[Documented]:
    """Give the models and enumerations that a message's fields name, and theirs."""
    hints = get_type_hints(described, include_extras=True)
    for name in field_names(described):
        for part in _classes_in(hints[name]):
            yield part
            if issubclass(part, BaseModel):
                yield from parts_of(part)


def attribute_docs(described: Documented) -> Mapping[str, str]:
    """Give the docstrings that stand under a class's attributes, its bases' included."""
    found: dict[str, str] = {}
    for one in reversed(described.__mro__):
        if one.__module__.startswith("contracts."):
            found |= _docs_in(one)
    return found


def summary(described: Documented) -> str:
    """Give a class's docstring as one paragraph per paragraph, without line breaks inside."""
    paragraphs = inspect.cleandoc(described.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _docs_in(one: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class is a class
    found: dict[str, str] = {}
    for before, after in zip(definition.body, definition.body[1:], strict=False):
        match before, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found


def _type_text(hint: Hint) -> str:
    for alias, text in _ALIASES:
        if hint == alias:
            return text
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type_text(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_type_text(one) for one in arguments)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        several = [_type_text(one) for one in arguments if one is not Ellipsis]
        return (
            f"list of {several[0]}" if Ellipsis in arguments else f"{len(several)} × {several[0]}"
        )
    return f"`{hint.__name__}`"


def _limits(described: type[BaseModel] | type[msgspec.Struct], name: str) -> str:
    """Give the limits that stand beside a plain type; an alias's are in its text."""
    if not issubclass(described, BaseModel):
        return ""
    info: FieldInfo = described.model_fields[name]
    if info.annotation is Decimal or "Decimal" in str(info.annotation):
        return ""
    several = "" if get_origin(info.annotation) is tuple else " characters"
    texts = {
        Gt: " > {0.gt}",
        Ge: " ≥ {0.ge}",
        Le: " and ≤ {0.le}",
        MaxLen: " of at most {0.max_length}" + several,
    }
    return "".join(
        texts[type(limit)].format(limit) for limit in info.metadata if type(limit) in texts
    )


def _unit(name: str) -> str:
    return next((_UNITS[word] for word in re.split("_", name)[::-1] if word in _UNITS), "")


def _classes_in(hint: Hint) -> Iterator[Documented]:
    if inspect.isclass(hint) and issubclass(hint, BaseModel | msgspec.Struct | StrEnum | IntEnum):
        yield hint
    for argument in get_args(hint):
        yield from _classes_in(argument)
