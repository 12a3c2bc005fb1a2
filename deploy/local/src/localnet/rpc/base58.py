"""Base58 as Bitcoin and Solana write it."""

_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}


def encode(data: bytes) -> str:
    """Write bytes."""
    zeros = len(data) - len(data.lstrip(b"\0"))
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_DIGITS[digit])
    return "1" * zeros + "".join(reversed(digits))


def decode(text: str) -> bytes:
    """Read bytes; raise ValueError."""
    number = 0
    for digit in text:
        if digit not in _VALUES:
            raise ValueError(f"expected base58, found {digit!r}")
        number = number * 58 + _VALUES[digit]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
