"""Ask web servers whether a link answers: GET, redirects by hand; all I/O of links.

In: cleaned addresses. Out: observations, facts without opinion. Law: no socket is
opened that `reach.refusal` did not let pass, no cookie outlives its chain of redirects,
and no site is asked more than four things at once.
"""

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from newsletter.checks.links.clean import clean_address, shown_address
from newsletter.checks.links.judge import (
    MAX_WAIT_SECONDS,
    needs_second_look,
    shows_no_network,
)
from newsletter.checks.links.reach import Network, refusal
from newsletter.model.link import Fault, Hop, Judgement, Observation, Sightings, Verdict

#: At once, over all sites. 256 was measured as faster; 64 is kind to home routers.
_IN_FLIGHT = 64
#: At once, at one site; browsers open six.
_PER_HOST = 4
#: As browsers (Chrome, Firefox): a chain longer than this fails for the reader too.
_MAX_REDIRECTS = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: So much of a page is read, so that its connection can serve the next link; what is
#: longer is cut off. Nothing of it is kept or unpacked.
_MAX_BODY_BYTES = 64 * 1024
_BODY_SECONDS = 2
#: A look-up that hangs takes up to half a minute. When so many failed and none worked,
#: the network is down and the others are not tried.
_LOOK_UPS_TO_GIVE_UP = 8

#: X509_V_ERR_… of OpenSSL's x509_vfy.h. All other codes may be this computer's fault:
#: a missing intermediate certificate, a firewall that reads along.
_CERTIFICATE_FAULTS = {
    10: Fault.CERTIFICATE_EXPIRED,
    18: Fault.CERTIFICATE_SELF_SIGNED,
    62: Fault.CERTIFICATE_NAME,
    64: Fault.CERTIFICATE_NAME,
}
_UNKNOWN_NAMES = frozenset(
    {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to ask."""

    #: Whose letter it is: the address of its pages, or empty.
    contact: str = ""
    version: str = ""
    #: Private networks that may be asked all the same.
    allowed: Sequence[Network] = ()
    #: For one address, all its redirects included.
    deadline_seconds: float = 20
    #: Between the first and the second look.
    pause_seconds: float = 2
    #: Names of our own: if one is found, there is a network, and others are unknown.
    control_hosts: Sequence[str] = ()
    #: Looks names up; the system's own by default.
    resolver: AbstractResolver | None = None
    #: Whose certificates count; those the system trusts by default.
    trust: ssl.SSLContext | None = None

    @property
    def user_agent(self) -> str:
        """A browser's prefix and our name; the word "link" draws a 403 at some."""
        contact = f"; +{self.contact}" if self.contact else ""
        return f"Mozilla/5.0 (compatible; newsletter/{self.version}{contact})"


class _RefusedAddressError(Exception):
    """The address about to be dialled is not one to ask.

    Not an OSError: the connector would try the next answer of the same name, and all
    answers of a name must be public.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


async def observe_links(
    addresses: Iterable[str],
    manner: Manner,
    *,
    on_look: Callable[[], None] = lambda: None,
) -> Sightings:
    """Ask for each of the cleaned *addresses* once, and again where that may matter.

    Args:
        addresses: As `clean_address` gives them; each is asked once.
        manner: How to ask.
        on_look: Called after each first look.
    """
    unique = tuple(dict.fromkeys(addresses))
    async with _asking(manner) as asker:
        first = await asker.look_at_all(unique, on_look)
        if shows_no_network(first) and not await asker.finds_control_host():
            return Sightings({look.url: (look,) for look in first}, has_network=False)
        looks: dict[str, tuple[Observation, ...]] = {
            look.url: (look,) for look in first
        }
        again = [look for look in first if needs_second_look(look)]
        if again:
            await asyncio.sleep(_pause(again, manner))
        for look in await asker.look_at_all([look.url for look in again]):
            looks[look.url] += (look,)
    return Sightings(looks, has_network=True)


def _pause(looks: Iterable[Observation], manner: Manner) -> float:
    asked = max((look.retry_after_seconds or 0 for look in looks), default=0)
    return max(manner.pause_seconds, min(asked, MAX_WAIT_SECONDS))


class _GuardedResolver(AbstractResolver):
    """Looks names up, and refuses a name if any of its answers must not be dialled."""

    def __init__(self, inner: AbstractResolver, allowed: Sequence[Network]) -> None:
        self._inner = inner
        self._allowed = allowed
        self._has_worked = False
        self._failed = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self._failed >= _LOOK_UPS_TO_GIVE_UP and not self._has_worked:
            raise socket.gaierror(socket.EAI_AGAIN, "no look-up has worked")
        try:
            answers = await self._inner.resolve(host, port, family)
        except socket.gaierror as error:
            self._failed += error.errno not in _UNKNOWN_NAMES
            raise
        self._has_worked = True
        for answer in answers:
            fault = refusal(answer["host"], port, self._allowed)
            if fault is not None:
                raise _RefusedAddressError(fault)
        return answers

    async def close(self) -> None:
        await self._inner.close()


@dataclass(frozen=True, slots=True)
class _Gates:
    """Keeps the number of questions at once low, in all and at each site."""

    total: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_IN_FLIGHT)
    )
    hosts: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(_PER_HOST))
    )

    @asynccontextmanager
    async def passed(self, url: str) -> AsyncIterator[None]:
        # The site's gate first: who waits for a busy site takes no place from others.
        async with self.hosts[urlsplit(url).hostname or ""], self.total:
            yield


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    #: Where it sends us, or empty.
    location: str
    retry_after_seconds: int | None


@dataclass(frozen=True, slots=True)
class _Asker:
    session: aiohttp.ClientSession
    resolver: _GuardedResolver
    manner: Manner
    gates: _Gates = field(default_factory=_Gates)

    async def look_at_all(
        self, urls: Iterable[str], on_look: Callable[[], None] = lambda: None
    ) -> list[Observation]:
        async def look(url: str) -> Observation:
            seen = await self._look(url)
            on_look()
            return seen

        return await asyncio.gather(*(look(url) for url in urls))

    async def finds_control_host(self) -> bool:
        """Whether a name of our own is found, which proves that look-ups work."""
        for host in self.manner.control_hosts:
            with suppress(OSError, TimeoutError, _RefusedAddressError):
                async with asyncio.timeout(self.manner.deadline_seconds):
                    await self.resolver.resolve(host, 443)
                return True
        return False

    async def _look(self, url: str) -> Observation:
        """Follow one address to its end; the deadline counts only time spent asking."""
        # Sites set a cookie and look whether it comes back; it lives for this chain.
        jar = aiohttp.CookieJar(unsafe=True)
        hops: tuple[Hop, ...] = ()
        current, left = url, self.manner.deadline_seconds
        clock = asyncio.get_running_loop().time
        while True:
            async with self.gates.passed(current):
                began = clock()
                answer = await self._ask(current, jar, left)
                left -= clock() - began
            if isinstance(answer, Fault):
                return Observation(url, hops, fault=answer)
            if not answer.location:
                wait = answer.retry_after_seconds
                return Observation(url, hops, answer.status, None, wait)
            target = _complete(current, answer.location)
            hops = (*hops, Hop(answer.status, target))
            cleaned = _clean_target(target, self.manner.allowed)
            if len(hops) > _MAX_REDIRECTS:
                cleaned = Fault.TOO_MANY_REDIRECTS
            if isinstance(cleaned, Fault):
                return Observation(url, hops, fault=cleaned)
            current = cleaned

    async def _ask(
        self, url: str, jar: aiohttp.CookieJar, seconds: float
    ) -> _Answer | Fault:
        address = URL(url, encoded=True)
        cookies = {name: c.value for name, c in jar.filter_cookies(address).items()}
        try:
            async with asyncio.timeout(seconds):
                response = await self.session.get(
                    address,
                    allow_redirects=False,
                    cookies=cookies,
                    ssl=self.manner.trust or True,
                )
        except _RefusedAddressError as error:
            return error.fault
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return _fault_of(error)
        # What follows an answer may be slow or break off: we have what we need.
        async with response:
            jar.update_cookies(response.cookies, address)
            await _drain(response)
        return _read_answer(response)


@asynccontextmanager
async def _asking(manner: Manner) -> AsyncIterator[_Asker]:
    def guarded_socket(info: tuple) -> socket.socket:  # type: ignore[type-arg]
        # The last look before dialling; numeric hosts pass no resolver.
        family, kind, protocol, _, address = info
        fault = refusal(address[0], address[1], manner.allowed)
        if fault is not None:
            raise _RefusedAddressError(fault)
        return socket.socket(family, kind, protocol)

    inner = manner.resolver or aiohttp.ThreadedResolver()
    resolver = _GuardedResolver(inner, manner.allowed)
    connector = aiohttp.TCPConnector(
        limit=_IN_FLIGHT, resolver=resolver, socket_factory=guarded_socket
    )
    headers = {
        "User-Agent": manner.user_agent,
        "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language": "*",
        "Accept-Encoding": "gzip, deflate",
    }
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,  # a proxy would look names up for us, unguarded
        # Long policies and cookies are common; the default of 8 KB refuses them.
        max_line_size=64 * 1024,
        max_field_size=64 * 1024,
    ) as session:
        yield _Asker(session, resolver, manner)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a small page to its end; close the connection of any other."""
    left = _MAX_BODY_BYTES
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            while left > 0:
                chunk = await response.content.read(left)
                if not chunk:
                    return
                left -= len(chunk)
    response.close()


def _read_answer(response: aiohttp.ClientResponse) -> _Answer:
    location = ""
    if response.status in _REDIRECTS:
        location = response.headers.get("Location", "").strip()
    wait = response.headers.get("Retry-After", "")
    return _Answer(
        response.status,
        location,
        # The other form, a date, is rare; the next run is soon enough for it.
        int(wait) if wait.isdecimal() and wait.isascii() and len(wait) < 9 else None,
    )


def _complete(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        return location


def _clean_target(target: str, allowed: Sequence[Network]) -> str | Fault:
    cleaned = clean_address(shown_address(target), allowed)
    if not isinstance(cleaned, Judgement):
        return cleaned
    if cleaned.verdict is Verdict.UNSAFE:
        return Fault.PRIVATE_ADDRESS
    return Fault.BAD_REDIRECT


def _fault_of(error: Exception) -> Fault:
    """Translate what aiohttp and the system raise."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate_fault(error.certificate_error)
        case aiohttp.ClientConnectorDNSError():
            return _name_fault(error.os_error)
        case aiohttp.ClientConnectorSSLError():
            return Fault.PROTOCOL
        case aiohttp.ClientConnectorError():
            return _socket_fault(error.os_error)
        case TimeoutError():
            return Fault.TIMEOUT
        case _:
            return Fault.PROTOCOL


def _socket_fault(error: OSError) -> Fault:
    match error:
        case ConnectionRefusedError():
            return Fault.REFUSED
        case ConnectionError():
            return Fault.PROTOCOL
        case TimeoutError():
            return Fault.TIMEOUT
        case _:
            return Fault.UNREACHABLE


def _certificate_fault(error: Exception) -> Fault:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return _CERTIFICATE_FAULTS.get(code, Fault.CERTIFICATE_UNSURE)


def _name_fault(error: OSError) -> Fault:
    if error.errno in _UNKNOWN_NAMES:
        return Fault.NAME_UNKNOWN
    return Fault.NAME_UNSURE
