"""Ask the name servers. The only module of this package that reaches beyond itself.

In: what should be known. Out: what was answered within the deadline; a question
without an answer is simply not in the table.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from newsletter.doctor.records import Answer, Plan, Question, Records, Said

# A tenth of a second to import.
if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.rdata import Rdata
    from dns.resolver import NoNameservers

Ask = Callable[[Question], Coroutine[Any, Any, Answer]]

#: One question, with a second try and a second server within it.
QUESTION_SECONDS = 5.0
#: Time for one server: well-run ones answer within 2 seconds, even what they look up.
_SERVER_SECONDS = 2.0
#: Longer tables of records than we have ever met; stops a hostile one.
MAX_QUESTIONS = 250


def system_resolver() -> "Resolver | None":
    """Return a resolver with the name servers of this computer; None without any."""
    from dns.asyncresolver import Resolver
    from dns.resolver import NoResolverConfiguration

    try:
        resolver = Resolver()
    except NoResolverConfiguration:
        return None
    resolver.timeout = _SERVER_SECONDS
    return resolver if resolver.nameservers else None


def asker(resolver: "Resolver | None") -> Ask:
    """Return the function that asks *resolver*; without one there is only silence."""

    async def ask(question: Question) -> Answer:
        return await _ask(resolver, question) if resolver else Answer(Said.SILENT)

    return ask


async def gather_records(ask: Ask, plan: Plan, *, seconds: float) -> Records:
    """Ask whatever *plan* wants to know, as soon as it does, all side by side.

    Args:
        ask: One question; never raises.
        plan: Called again after each answer; may name what is known already.
        seconds: What is not answered by then is left out.
    """
    records: dict[Question, Answer] = {}
    waiting: dict[asyncio.Task[Answer], Question] = {}
    end = asyncio.get_running_loop().time() + seconds
    try:
        while True:
            _start(ask, plan, records, waiting)
            left = end - asyncio.get_running_loop().time()
            if not waiting or left <= 0:
                return records
            done, _ = await asyncio.wait(
                waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                records[waiting.pop(task)] = task.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _start(
    ask: Ask,
    plan: Plan,
    records: Records,
    waiting: dict[asyncio.Task[Answer], Question],
) -> None:
    under_way = set(waiting.values())
    for question in dict.fromkeys(plan(records)):
        is_new = question not in records and question not in under_way
        if is_new and len(records) + len(waiting) < MAX_QUESTIONS:
            task = asyncio.create_task(ask(question))
            waiting[task] = question


async def _ask(resolver: "Resolver", question: Question) -> Answer:
    from dns.exception import DNSException, Timeout
    from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers

    try:
        found = await resolver.resolve(
            # With its dot: no name of this network is tried behind it.
            f"{question.name}.",
            question.kind,
            lifetime=QUESTION_SECONDS,
        )
    except NXDOMAIN:
        return Answer(Said.MISSING)
    except NoAnswer:
        return Answer(Said.EMPTY)
    except NoNameservers as error:
        return Answer(Said.FAILED if _has_answered(error) else Said.SILENT)
    except Timeout:
        return Answer(Said.SILENT)
    except (DNSException, OSError):
        # A name that cannot be one, or an answer that nobody can read.
        return Answer(Said.FAILED)
    return Answer(Said.FOUND, tuple(map(_shown, found)))


def _has_answered(error: "NoNameservers") -> bool:
    """Tell whether any server said a word, and be it that of a fault."""
    tries = error.kwargs.get("errors", ())
    return any(answer is not None for *_, answer in tries)


def _shown(record: "Rdata") -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "backslashreplace")
    text = record.to_text()
    return text if text.endswith(" .") else text.rstrip(".")
