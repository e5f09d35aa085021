import asyncio
import time

from newsletter.delivery.bell import Bell


def test_ring_wakes_everybody_or_the_longest_waiting() -> None:
    async def run() -> None:
        bell, awake = Bell(), list[int]()

        async def wait(number: int) -> None:
            await bell.wait()
            awake.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(4)]
        await asyncio.sleep(0)
        bell.ring(1)
        await asyncio.sleep(0)
        assert awake == [0]
        bell.ring()
        await asyncio.gather(*tasks)
        assert awake == [0, 1, 2, 3]

    asyncio.run(run())


def test_ring_of_a_linked_bell_is_heard_there_too() -> None:
    async def run() -> None:
        bell, other = Bell(), Bell()
        bell.link(other)
        waiting = asyncio.create_task(other.wait())
        await asyncio.sleep(0)
        bell.ring()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(run())


def test_wait_ends_by_itself_after_its_time() -> None:
    began = time.monotonic()
    asyncio.run(Bell().wait(0.05))
    assert 0.04 < time.monotonic() - began < 2
