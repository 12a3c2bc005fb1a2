"""What every answer of the API is: a closed shape in camelCase."""

import msgspec


class View(msgspec.Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The base of answers; it has no fields."""
