from pathlib import Path

import pytest

from newsletter.web.file_cache import FileCache, ShownFile


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> FileCache:
    return FileCache(clock, most_bytes=10)


def file(size_bytes: int) -> ShownFile:
    return ShownFile(Path("x.png"), (1, size_bytes), b"x" * size_bytes, '"tag"')


def test_file_is_fresh_for_two_seconds(cache: FileCache, clock: Clock) -> None:
    kept = file(4)
    cache.keep(("may", "a"), kept)
    clock.seconds = 2
    assert cache.fresh(("may", "a")) is kept
    clock.seconds = 2.1
    assert cache.fresh(("may", "a")) is None
    assert cache.earlier(("may", "a")) is kept


def test_file_asked_for_longest_ago_goes_first(cache: FileCache) -> None:
    for name in ("a", "b"):
        cache.keep(("may", name), file(4))
    cache.fresh(("may", "a"))
    cache.keep(("may", "c"), file(4))
    assert [name for name in "abc" if cache.earlier(("may", name))] == ["a", "c"]


def test_file_kept_again_takes_its_place_once(cache: FileCache) -> None:
    for _ in range(5):
        cache.keep(("may", "a"), file(4))
    cache.keep(("may", "b"), file(4))
    assert cache.fresh(("may", "a"))


def test_file_larger_than_the_cache_is_not_kept(cache: FileCache) -> None:
    cache.keep(("may", "a"), file(11))
    assert cache.earlier(("may", "a")) is None


def test_file_too_large_to_keep_in_memory_costs_none(cache: FileCache) -> None:
    large = ShownFile(Path("x.pdf"), (1, 99), None, "")
    cache.keep(("may", "a"), file(10))
    cache.keep(("may", "b"), large)
    assert cache.fresh(("may", "a"))
    assert cache.fresh(("may", "b")) is large


def test_forgotten_file_is_gone(cache: FileCache) -> None:
    cache.keep(("may", "a"), file(4))
    cache.forget(("may", "a"))
    cache.forget(("may", "a"))
    assert cache.earlier(("may", "a")) is None
