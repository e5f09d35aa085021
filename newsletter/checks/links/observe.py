"""Ask web servers whether a link answers: GET, redirects by hand, each in its turn.

In: cleaned addresses. Out: observations, facts without opinion. Law: no cookie outlives
its chain of redirects, and no page is fetched that is one reader's own.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from newsletter.checks.links.body import read_body, unpack
from newsletter.checks.links.clean import (
    asked_domains,
    clean_address,
    shown_address,
)
from newsletter.checks.links.cookies import Cookies
from newsletter.checks.links.dial import (
    GuardedResolver,
    RefusedAddressError,
    fault_of,
    is_silence,
    open_session,
)
from newsletter.checks.links.judge import (
    REDIRECTS,
    is_settled,
    needs_second_look,
    shows_no_network,
)
from newsletter.checks.links.mail_domains import ask_mail_domain
from newsletter.checks.links.manner import Manner
from newsletter.checks.links.pages import read_page
from newsletter.checks.links.schedule import Host, Schedule, most_in_flight
from newsletter.checks.links.targets import is_handed_on, target_of
from newsletter.model.link import (
    Fault,
    Hop,
    Judgement,
    Observation,
    PageFacts,
    Sightings,
    Verdict,
)

__all__ = ["Manner", "observe_links"]

#: As browsers (Chrome, Firefox): a chain longer than this fails for the reader too.
_MAX_REDIRECTS = 20
#: Statuses whose "Retry-After" says when to come back (RFC 6585, 4; RFC 9110, 15.6.4).
_BUSY = frozenset({429, 503})
#: Statuses that would make a link broken: some walls give them to programs too, and
#: only their page tells.
_GONE = frozenset({404, 410})
#: For a body; what is slower than this is cut off where it is.
_BODY_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 10**9


async def observe_links(
    addresses: Iterable[str],
    manner: Manner,
    *,
    on_done: Callable[[], None] = lambda: None,
) -> Sightings:
    """Ask for each of the cleaned *addresses* once, and again where that may matter.

    Args:
        addresses: As `clean_address` gives them; each is asked once.
        manner: How to ask.
        on_done: Called for each address when it will not be asked again.
    """
    unique = tuple(dict.fromkeys(addresses))
    schedule = Schedule(in_flight=most_in_flight(), gap_seconds=manner.gap_seconds)
    resolver = GuardedResolver(manner)
    async with open_session(manner, resolver) as session:
        asker = _Asker(session, schedule, manner)
        clock = asyncio.get_running_loop().time
        #: Address -> when it may be looked at again, if it has to be.
        again: dict[str, float] = {}

        async def look(url: str) -> Observation:
            seen = await asker.look(url)
            if needs_second_look(seen):
                pause = 0 if is_settled(seen) else manner.pause_seconds
                again[url] = clock() + pause
            else:
                on_done()
            return seen

        async def look_again(url: str) -> Observation:
            await asyncio.sleep(again[url] - clock())
            seen = await asker.look(url)
            on_done()
            return seen

        first = await asyncio.gather(*map(look, unique))
        if shows_no_network(first) and not await _finds_control_host(manner, resolver):
            return Sightings({look.url: (look,) for look in first}, has_network=False)
        schedule.try_again()
        second = await asyncio.gather(*map(look_again, again))
    looks = {look.url: (look,) for look in first}
    return Sightings(looks | {look.url: (*looks[look.url], look) for look in second})


async def _finds_control_host(manner: Manner, resolver: GuardedResolver) -> bool:
    """Whether a name of our own is found, which proves that look-ups work."""
    for host in manner.control_hosts:
        with suppress(OSError, RefusedAddressError):
            await resolver.resolve(host, 443)
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    #: Where it sends us, or empty.
    location: str = ""
    retry_after_seconds: int | None = None
    page: PageFacts | None = None


@dataclass(slots=True)
class _Chain:
    """The way from one address to its end."""

    url: str
    #: The address to be asked next.
    current: str
    #: Time that is left, spent only while asking.
    seconds: float
    hops: tuple[Hop, ...] = ()
    cookies: Cookies = field(default_factory=Cookies)

    def ended(self, end: Fault | _Answer) -> Observation:
        """Return what was seen on the way."""
        if isinstance(end, Fault):
            return Observation(self.url, self.hops, fault=end)
        wait, page = end.retry_after_seconds, end.page
        return Observation(self.url, self.hops, end.status, None, wait, page)


@dataclass(frozen=True, slots=True)
class _Asker:
    session: aiohttp.ClientSession
    schedule: Schedule
    manner: Manner

    async def look(self, url: str) -> Observation:
        """Follow one address to its end."""
        if domains := asked_domains(url):
            return await self._look_at_mail(url, domains)
        chain = _Chain(url, url, self.manner.deadline_seconds)
        while True:
            async with self.schedule.turn(chain.current) as host:
                if host.closed is not None:
                    wait = host.rest_seconds
                    seen = chain.ended(host.closed)
                    return replace(seen, retry_after_seconds=wait)
                end = await self._ask(chain, host)
            if isinstance(end, Fault) or not end.location:
                return chain.ended(end)
            fault = self._follow(chain, end)
            if fault is not None:
                return chain.ended(fault)

    async def _look_at_mail(self, url: str, domains: Sequence[str]) -> Observation:
        servers = self.manner.name_servers
        # In a queue of its own: how busy a web site is says nothing of its name server.
        async with self.schedule.turn(f"dns://mx.{domains[0]}"):
            faults = [await ask_mail_domain(one, servers) for one in domains]
        known = [fault for fault in faults if fault is not None]
        surest = sorted(known, key=lambda fault: fault is Fault.NAME_UNSURE)
        return Observation(url, fault=next(iter(surest), None))

    def _follow(self, chain: _Chain, answer: _Answer) -> Fault | None:
        """Set the next address of *chain*, or return why it ends here."""
        own = self.manner.own
        # A login in the target is nobody's business, and is not what we would use.
        target = shown_address(target_of(chain.current, answer.location))
        cleaned = clean_address(target, self.manner.allowed)
        if own.is_personal(target) or own.is_personal(str(cleaned)):
            # Its token is not kept either.
            chain.hops += (Hop(answer.status, f"{own.base_url}/u/"),)
            return Fault.PERSONAL_ADDRESS
        chain.hops += (Hop(answer.status, target),)
        if len(chain.hops) > _MAX_REDIRECTS:
            return Fault.TOO_MANY_REDIRECTS
        if is_handed_on(target):
            return Fault.OTHER_PROGRAM
        if isinstance(cleaned, Judgement):
            is_private = cleaned.verdict is Verdict.UNSAFE
            return Fault.PRIVATE_ADDRESS if is_private else Fault.BAD_REDIRECT
        chain.current = cleaned
        return None

    async def _ask(self, chain: _Chain, host: Host) -> _Answer | Fault:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            return await self._get(chain, host, began)
        except (RefusedAddressError, aiohttp.ClientError, OSError) as error:
            fault = fault_of(error)
            if is_silence(error):
                host.note_silence(fault)
            return fault
        finally:
            chain.seconds -= clock() - began

    async def _get(self, chain: _Chain, host: Host, began: float) -> _Answer:
        address = URL(chain.current, encoded=True)
        async with asyncio.timeout(chain.seconds):
            response = await self.session.get(
                address,
                allow_redirects=False,
                headers=chain.cookies.header(address),
                ssl=self.manner.trust or True,
            )
        async with response:
            answer = _read_head(response)
            _note(host, answer, began)
            chain.cookies.keep(response.cookies, address)
            left = began + chain.seconds - asyncio.get_running_loop().time()
            return await self._with_page(response, answer, host, max(0, left))

    async def _with_page(
        self,
        response: aiohttp.ClientResponse,
        answer: _Answer,
        host: Host,
        seconds: float,
    ) -> _Answer:
        """Return *answer* with what its page says, and let go of its connection.

        What follows an answer may be slow or break off: we have what we need.
        """
        is_read = 200 <= answer.status < 300 or answer.status in _GONE
        is_kept = self.schedule.keeps_connection(host)
        if is_read or is_kept:
            body = await read_body(response, seconds=min(_BODY_SECONDS, seconds))
            is_kept = is_kept and response.content.at_eof()
        if not is_kept:
            response.close()
        if not is_read:
            return answer
        unpacked = unpack(body, response.headers.get("Content-Encoding", ""))
        if unpacked is None:
            return answer
        page = read_page(
            unpacked.data,
            response.headers.get("Content-Type", ""),
            response.charset,
            is_whole=unpacked.is_whole,
        )
        return replace(answer, page=page)


def _note(host: Host, answer: _Answer, began: float) -> None:
    """Let the queue of the site know what it said."""
    wait = answer.retry_after_seconds
    if answer.status == 429 or (answer.status == 503 and wait is not None):
        now = asyncio.get_running_loop().time()
        host.note_wait(wait, asked_at=began, now=now)
    else:
        host.note_answer()


def _read_head(response: aiohttp.ClientResponse) -> _Answer:
    headers = response.headers
    if response.status in REDIRECTS:
        return _Answer(response.status, headers.get("Location", "").strip())
    wait = None
    if response.status in _BUSY:
        now = datetime.now(UTC)
        wait = _read_wait(headers.get("Retry-After", ""), headers.get("Date", ""), now)
    return _Answer(response.status, retry_after_seconds=wait)


def _read_wait(wait: str, date: str, now: datetime) -> int | None:
    """Return the seconds a server asks us to wait (RFC 9110, section 10.2.3).

    Args:
        wait: Seconds, or a date.
        date: When the server says that it answered; its clock may not be ours.
        now: The present, aware, where it does not say so.
    """
    wait = wait.strip()
    if wait.isdecimal() and wait.isascii():
        return min(int(wait[:10]), _LONGEST_WAIT_SECONDS)
    until = _read_date(wait)
    if until is None:
        return None
    return max(0, int((until - (_read_date(date) or now)).total_seconds()))


def _read_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # "-0000" says that the zone is not known; the standard allows GMT alone.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
