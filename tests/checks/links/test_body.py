import gzip
import zlib

import pytest

from newsletter.checks.links.body import Body, unpack

TEXT = b"<title>Het besluit</title>" * 20
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATE = BARE.compress(TEXT) + BARE.flush()


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), " X-GZIP "),
        (zlib.compress(TEXT), "deflate"),
        (RAW_DEFLATE, "deflate"),
    ],
    ids=["none", "identity", "gzip", "old gzip", "deflate", "bare deflate"],
)
def test_whole_body_is_unpacked_whole(data: bytes, coding: str) -> None:
    assert unpack(Body(data, is_whole=True), coding) == Body(TEXT, is_whole=True)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "aes128gcm"])
def test_unknown_coding_is_not_read(coding: str) -> None:
    assert unpack(Body(TEXT, is_whole=True), coding) is None


def test_body_that_breaks_off_gives_what_came() -> None:
    packed = gzip.compress(TEXT, compresslevel=0)[:300]
    found = unpack(Body(packed, is_whole=False), "gzip")
    assert found is not None
    assert TEXT.startswith(found.data)
    assert len(found.data) > 200
    assert not found.is_whole


def test_body_damaged_further_on_gives_what_came_before() -> None:
    many = bytes(range(256)) * 64
    packed = bytearray(gzip.compress(many, compresslevel=0))
    packed[9000:9100] = b"\xff" * 100
    found = unpack(Body(bytes(packed), is_whole=True), "gzip")
    assert found is not None
    assert found.data[:4000] == many[:4000]
    assert not found.is_whole


def test_body_in_another_form_than_announced_gives_nothing() -> None:
    found = unpack(Body(TEXT, is_whole=True), "gzip")
    assert found == Body(b"", is_whole=False)


def test_bomb_is_unpacked_up_to_256_kb() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)[: 64 * 1024]
    found = unpack(Body(bomb, is_whole=True), "gzip")
    assert found is not None
    assert len(found.data) == 256 * 1024
    assert not found.is_whole
