"""Reach web servers: names looked up, sockets opened, failures put in our words.

Law: no socket is opened that `reach.refusal` did not let pass, whatever a name, a
redirect or the environment says.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from threading import Thread
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from newsletter.checks.links.manner import Manner
from newsletter.checks.links.reach import Network, refusal
from newsletter.model.link import Fault

#: When so many look-ups hung or failed and none worked, the network is down and the
#: others are not tried.
_LOOK_UPS_TO_GIVE_UP = 8
#: An idle connection is of use to the next link of its site, which comes soon.
_KEPT_SECONDS = 4
#: Of a body waiting to be read, for each of up to 256 answers.
_BUFFER_BYTES = 32 * 1024
#: Long policies and cookies are common; the default of 8 KB refuses them.
_MAX_HEADER_BYTES = 64 * 1024

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


class RefusedAddressError(Exception):
    """The address about to be dialled is not one to ask.

    Not an OSError: the connector would try the next answer of the same name, and all
    answers of a name must be public.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class SystemResolver(AbstractResolver):
    """Looks names up as the system does, each in a thread of its own.

    The usual pool has eight threads or so: as many names whose servers do not answer
    would hold up all others, and the end of the program. These threads are left behind.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the numbers of *host*."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def tell(found: list[ResolveResult], error: OSError | None) -> None:
            if future.done():  # nobody waits for it any more
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(found)

        def look_up() -> None:
            found, failure = _look_up(host, port, family)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tell, found, failure)

        Thread(target=look_up, daemon=True).start()
        return await future

    async def close(self) -> None:
        """There is nothing to close."""


def _look_up(
    name: str, port: int, family: int
) -> tuple[list[ResolveResult], OSError | None]:
    try:
        found = _numbers(name, port, family)
    except OSError as error:
        return [], error
    except UnicodeError:  # what cannot be put into a question is nobody's name
        return [], socket.gaierror(socket.EAI_NONAME, "no name")
    return [_result(name, port, *one) for one in found], None


def _numbers(name: str, port: int, family: int) -> list[Any]:
    """Return what is found of a name, first only what this computer could reach.

    Without IPv6 a name that has nothing else would look as if there were none.
    """
    kind, flags = socket.SOCK_STREAM, getattr(socket, "AI_ADDRCONFIG", 0)
    try:
        return socket.getaddrinfo(name, port, family, kind, 0, flags)
    except socket.gaierror as error:
        if error.errno not in _UNKNOWN_NAMES:
            raise
        return socket.getaddrinfo(name, port, family, kind)


def _result(
    name: str, port: int, family: int, _kind: int, proto: int, _: str, address: Any
) -> ResolveResult:
    return ResolveResult(
        hostname=name,
        host=address[0],
        port=port,
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


class GuardedResolver(AbstractResolver):
    """Looks names up, and refuses a name if any of its answers must not be dialled."""

    def __init__(self, manner: Manner) -> None:
        self._inner = manner.resolver or SystemResolver()
        self._allowed = manner.allowed
        self._seconds = manner.dial_seconds
        self._has_worked = False
        self._failed = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the numbers of *host*, all of them public or allowed.

        Raises:
            RefusedAddressError: One of them is not.
            socket.gaierror: There is none, or it could not be found out.
        """
        if self._failed >= _LOOK_UPS_TO_GIVE_UP and not self._has_worked:
            raise socket.gaierror(socket.EAI_AGAIN, "no look-up has worked")
        try:
            answers = await self._look_up(host, port, family)
        except socket.gaierror as error:
            self._failed += error.errno not in _UNKNOWN_NAMES
            raise
        self._has_worked = True
        if all(ip_address(one["host"]).is_unspecified for one in answers):
            # How Pi-hole, AdGuard and some providers answer for what they filter out:
            # a fact of this network, not of the site.
            raise socket.gaierror(socket.EAI_AGAIN, "filtered out")
        for answer in answers:
            fault = refusal(answer["host"], port, self._allowed)
            if fault is not None:
                raise RefusedAddressError(fault)
        return answers

    async def _look_up(
        self, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._inner.resolve(host, port, family)
        except TimeoutError as error:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from error

    async def close(self) -> None:
        """Close what looks names up."""
        await self._inner.close()


@asynccontextmanager
async def open_session(
    manner: Manner, resolver: GuardedResolver
) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session whose every socket passed `reach.refusal`; no cookies, no proxy.

    It asks as much at once as it is told to: `schedule` counts.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        resolver=resolver,
        socket_factory=_guarded_sockets(manner.allowed),
        keepalive_timeout=_KEPT_SECONDS,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": manner.user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Language": "*",
            "Accept-Encoding": "gzip, deflate",
        },
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=manner.dial_seconds),
        auto_decompress=False,
        trust_env=False,  # a proxy would look names up for us, unguarded
        read_bufsize=_BUFFER_BYTES,
        max_line_size=_MAX_HEADER_BYTES,
        max_field_size=_MAX_HEADER_BYTES,
    ) as session:
        yield session


def _guarded_sockets(allowed: Sequence[Network]) -> Callable[[Any], socket.socket]:
    def open_socket(info: Any) -> socket.socket:
        # The last look before dialling: numeric hosts pass no resolver, and a name may
        # have another answer by now.
        family, kind, protocol, _, address = info
        fault = refusal(address[0], address[1], allowed)
        if fault is not None:
            raise RefusedAddressError(fault)
        return socket.socket(family, kind, protocol)

    return open_socket


def fault_of(error: Exception) -> Fault:
    """Translate what aiohttp and the system raise."""
    match error:
        case RefusedAddressError():
            return error.fault
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


def is_silence(error: Exception) -> bool:
    """Whether nobody took the call, which the next one to the same site would find too.

    A connection that is refused, or a name that is not there, is told at once.
    """
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _name_fault(error.os_error) is Fault.NAME_UNSURE
    return isinstance(error, aiohttp.ConnectionTimeoutError)


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
