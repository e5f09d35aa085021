"""The body of an answer, as much of it as is wanted: read in bounds, then unpacked.

Law: no answer costs more than 64 KB to receive and 256 KB unpacked, and nothing that
its body does (dripping, breaking off, lying about its form) is raised.
"""

import asyncio
import zlib
from dataclasses import dataclass

import aiohttp

#: So much of a page is received; the next browser would ask for the whole.
MAX_RECEIVED_BYTES = 64 * 1024
#: So much is unpacked of that: a kilobyte can stand for a megabyte.
MAX_UNPACKED_BYTES = 256 * 1024
#: Unpacked at a time, so that what came before a fault is kept.
_PIECE_BYTES = 4096
#: `zlib`: find out by itself whether it is gzip or zlib.
_EITHER = zlib.MAX_WBITS | 32
#: What some servers send as "deflate", against RFC 9110, section 8.4.1.2.
_BARE = -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Body:
    """What was read of a body."""

    data: bytes
    #: Whether *data* goes to its end.
    is_whole: bool


async def read_body(response: aiohttp.ClientResponse, *, seconds: float) -> Body:
    """Return the first 64 KB of a body, as it travels, as far as it comes in time."""
    chunks: list[bytes] = []
    left = MAX_RECEIVED_BYTES
    try:
        async with asyncio.timeout(seconds):
            while left > 0:
                chunk = await response.content.read(left)
                if not chunk:
                    return Body(b"".join(chunks), is_whole=True)
                chunks.append(chunk)
                left -= len(chunk)
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass
    return Body(b"".join(chunks), is_whole=response.content.at_eof())


def unpack(body: Body, coding: str) -> Body | None:
    """Return a body without its content coding, or None when we do not know that one.

    Args:
        body: As it travels.
        coding: The header Content-Encoding.
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflate(body, _EITHER)
        case "deflate":
            is_zlib = body.data[:1] == b"\x78"  # RFC 1950, section 2.2
            return _inflate(body, _EITHER if is_zlib else _BARE)
        case _:
            return None


def _inflate(body: Body, wbits: int) -> Body:
    inflater = zlib.decompressobj(wbits)
    unpacked = b""
    for start in range(0, len(body.data), _PIECE_BYTES):
        room = MAX_UNPACKED_BYTES - len(unpacked)
        piece = body.data[start : start + _PIECE_BYTES]
        try:
            unpacked += inflater.decompress(piece, room)
        except zlib.error:
            return Body(unpacked, is_whole=False)
        if inflater.eof or len(unpacked) >= MAX_UNPACKED_BYTES:
            break
    return Body(unpacked, is_whole=body.is_whole and inflater.eof)
