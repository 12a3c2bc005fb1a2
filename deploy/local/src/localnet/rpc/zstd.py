"""A zstd frame of blocks that are not compressed: valid for every reader, and no dependency.

Source: RFC 8878, 3.1.1. One segment, an eight-byte content size, no checksum.
"""

_MAGIC = b"\x28\xb5\x2f\xfd"
_ONE_SEGMENT_SIZE_OF_8 = b"\xe0"
_BLOCK_MAX = 128 * 1024
_RAW, _LAST = 0, 1


def frame(data: bytes) -> bytes:
    """Wrap bytes into a frame."""
    parts = [_MAGIC, _ONE_SEGMENT_SIZE_OF_8, len(data).to_bytes(8, "little")]
    for at in range(0, max(len(data), 1), _BLOCK_MAX):
        block = data[at : at + _BLOCK_MAX]
        last = _LAST if at + _BLOCK_MAX >= len(data) else 0
        parts.append((len(block) << 3 | _RAW << 1 | last).to_bytes(3, "little"))
        parts.append(block)
    return b"".join(parts)
