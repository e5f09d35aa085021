"""Look at links: what is remembered of them, and for the rest, the web.

Law: memory is a help and never a condition. A database that cannot be used is said
once, and stops nothing. Only addresses that stand in issues come into it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter import __version__
from newsletter.addresses import domain_of, parse_mailbox
from newsletter.checks.links.judge import judge
from newsletter.checks.links.lifetimes import KEPT, history_of, is_fresh
from newsletter.checks.links.plan import OwnPages
from newsletter.checks.links.reach import Network
from newsletter.errors import OperationError
from newsletter.model.link import History, Sightings, Verdict
from newsletter.model.settings import Settings
from newsletter.workflow.project import Project

# A fifth of a second to import, which a project without a database does not need.
if TYPE_CHECKING:
    from newsletter.store.observations import Remembered

#: Takes the number of addresses to ask; gives a function that takes how many are done.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]

#: What a check waits for another command's write, as it can do without.
PATIENCE_SECONDS = 3.0


@contextmanager
def silent(total: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    del total
    yield lambda _: None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How links are looked at."""

    #: Ask nobody; what is remembered counts all the same.
    is_offline: bool = False
    #: Nothing older than this is used instead of asking; None leaves it to the verdict.
    max_age: timedelta | None = None
    #: Private networks that may be asked.
    allowed: Sequence[Network] = ()
    #: Called before addresses are asked.
    show_progress: Progress = silent

    @property
    def networks(self) -> str:
        """The networks, in a form that compares."""
        return ",".join(sorted(map(str, self.allowed)))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many addresses were looked at, and how."""

    asked: int = 0
    #: When each of those was seen that were remembered.
    remembered: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class LinksSeen:
    """What is known of addresses now."""

    sightings: Sightings = field(default_factory=lambda: Sightings({}))
    #: Why nothing was remembered, or empty.
    trouble: str = ""

    def tally(self, addresses: Iterable[str]) -> Tally:
        """Count those of *addresses* that were looked at."""
        known, remembered = self.sightings.looks, self.sightings.remembered
        distinct = set(addresses)
        return Tally(
            sum(one in known and one not in remembered for one in distinct),
            tuple(at for one, at in remembered.items() if one in distinct),
        )


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the database knows of some addresses."""

    looks: Mapping[str, "Remembered"] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[tuple[datetime, Verdict]]] = field(
        default_factory=dict
    )


def look_at_links(
    project: Project, addresses: Iterable[str], inquiry: Inquiry, *, now: datetime
) -> LinksSeen:
    """Return what is known of *addresses*, and ask where that is not enough.

    Asking starts an event loop of its own.

    Args:
        project: The project.
        addresses: As `clean_address` gives them; none that is one reader's own.
        inquiry: How they are looked at.
        now: The present, aware.
    """
    addresses = frozenset(addresses)
    if not addresses:
        return LinksSeen()
    memory, trouble = _Memory(), ""
    try:
        memory = _recall(project, addresses, inquiry)
    except OperationError as error:
        trouble = str(error)
    fresh = _fresh(memory, inquiry, now)
    seen = Sightings({})
    if not inquiry.is_offline and addresses - fresh.keys():
        seen = _observe(addresses - fresh.keys(), project.settings, inquiry)
        if not trouble:
            trouble = _remember(project, seen, inquiry, now)
    return LinksSeen(_joined(seen, fresh, memory, now), trouble)


def _recall(project: Project, addresses: frozenset[str], inquiry: Inquiry) -> _Memory:
    from newsletter.store.database import exists, open_database

    url, root = project.settings.database_url, project.root
    if not exists(url, root=root):
        return _Memory()
    from newsletter.store.observations import read_observations, read_verdicts

    networks = inquiry.networks
    with (
        open_database(url, root=root, patience_seconds=PATIENCE_SECONDS) as database,
        database.reading() as connection,
    ):
        return _Memory(
            read_observations(connection, addresses, networks=networks),
            read_verdicts(connection, addresses, networks=networks),
        )


def _fresh(
    memory: _Memory, inquiry: Inquiry, now: datetime
) -> Mapping[str, "Remembered"]:
    """Return what may stand for asking: judged today, as rules may have changed."""
    return {
        address: known
        for address, known in memory.looks.items()
        if is_fresh(judge(known.looks).verdict, now - known.seen_at, inquiry.max_age)
    }


def _remember(
    project: Project, seen: Sightings, inquiry: Inquiry, now: datetime
) -> str:
    """Keep what was *seen*, or return why it could not be kept."""
    if not seen.has_network:
        return ""
    from newsletter.store.database import open_database
    from newsletter.store.observations import (
        Seen,
        forget_observations,
        save_observations,
    )

    judged = {
        url: Seen(looks, judge(looks).verdict) for url, looks in seen.looks.items()
    }
    url, root = project.settings.database_url, project.root
    try:
        with (
            open_database(url, root=root, patience_seconds=PATIENCE_SECONDS) as opened,
            opened.writing() as connection,
        ):
            save_observations(connection, judged, now=now, networks=inquiry.networks)
            forget_observations(connection, before=now - KEPT)
    except OperationError as error:
        return str(error)
    return ""


def _joined(
    seen: Sightings,
    fresh: Mapping[str, "Remembered"],
    memory: _Memory,
    now: datetime,
) -> Sightings:
    """Return what was seen and what is remembered as one, with the history of each."""
    histories: dict[str, History | None] = {
        address: history_of(memory.verdicts.get(address, ())) for address in fresh
    }
    if seen.has_network:
        for address, looks in seen.looks.items():
            past = memory.verdicts.get(address, ())
            histories[address] = history_of([(now, judge(looks).verdict), *past])
    return replace(
        seen,
        looks={**seen.looks, **{url: known.looks for url, known in fresh.items()}},
        remembered={url: known.seen_at for url, known in fresh.items()},
        histories={url: one for url, one in histories.items() if one is not None},
    )


def _observe(
    addresses: frozenset[str], settings: Settings, inquiry: Inquiry
) -> Sightings:
    # A tenth of a second to import, and most checks are offline ones of the preview.
    from newsletter.checks.links.observe import Manner, observe_links

    manner = Manner(
        contact=settings.newsletter.base_url,
        version=__version__,
        own=OwnPages(settings.newsletter.base_url),
        allowed=inquiry.allowed,
        control_hosts=_control_hosts(settings),
    )
    with inquiry.show_progress(len(addresses)) as step:
        asking = observe_links(sorted(addresses), manner, on_done=lambda: step(1))
        return asyncio.run(asking)


def _control_hosts(settings: Settings) -> tuple[str, ...]:
    """Return names of our own that exist wherever there is a network."""
    hosts = [
        settings.server.host if settings.server else "",
        urlsplit(settings.newsletter.base_url).hostname or "",
        domain_of(parse_mailbox(settings.newsletter.sender).address),
    ]
    # Numbers and "localhost" are found without a network too.
    return tuple(h for h in hosts if "." in h and h.rpartition(".")[2].isalpha())
