"""A moving GIF without what it says of itself; every frame stays as it is.

Source: GIF89a specification (CompuServe, 1990), sections 17 to 27.
"""

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF

#: The two application blocks that say how often to repeat; all others are metadata.
_REPEATS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def strip_gif(data: bytes) -> bytes:
    """Return a GIF with comments, XMP and other application data left out.

    Raises:
        ValueError: It is not a whole GIF.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise ValueError("not a GIF")
    at = 13 + _table_size(data[10])
    kept = [data[:at]]
    while data[at : at + 1] and data[at] != _TRAILER:
        end = _block_end(data, at)
        if _is_needed(data, at):
            kept.append(data[at:end])
        at = end
    kept.append(bytes([_TRAILER]))
    return b"".join(kept)


def _table_size(flags: int) -> int:
    """Return the bytes of the colour table a flag byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _block_end(data: bytes, at: int) -> int:
    try:
        if data[at] == _IMAGE:
            # Ten bytes of descriptor, a colour table, the code size, then the pixels.
            return _sub_blocks_end(data, at + 10 + _table_size(data[at + 9]) + 1)
        if data[at] == _EXTENSION:
            return _sub_blocks_end(data, at + 2)
    except IndexError:
        raise ValueError("the GIF breaks off") from None
    raise ValueError("unknown block in the GIF")


def _sub_blocks_end(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


def _is_needed(data: bytes, at: int) -> bool:
    if data[at] == _IMAGE:
        return True
    label = data[at + 1]
    is_repeat = label == _APPLICATION and data[at + 3 : at + 14] in _REPEATS
    return label == _GRAPHIC_CONTROL or is_repeat
