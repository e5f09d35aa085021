"""What is wrong between two settings, each of which is right by itself.

Pure. Only what is surely wrong is told here; what depends on the DNS or on a server is
said by `newsletter doctor`.
"""

from collections.abc import Iterator

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.settings.tables import File, ServerTable
from newsletter.validation import Refusal, shown, suggest


def find_conflicts(file: File) -> Iterator[Refusal]:
    """Yield every conflict, with the path to one of its settings."""
    yield from _unknown_list(file)
    yield from _hosted_without_pages(file)
    yield from _servers_twice(file)
    yield from _domains_in_two_lanes(file)
    yield from _signatures_twice(file)
    yield from _unaligned_signatures(file)
    yield from _inbox_elsewhere(file)


def _unknown_list(file: File) -> Iterator[Refusal]:
    name, lists = file.newsletter.list, file.lists
    advice = suggest(name, lists) if name not in lists else ""
    if advice and "list" in file.newsletter.model_fields_set:
        # Another name would be a list of its own; this one is surely a slip.
        what = f"names an unknown list {shown(name)}."
        yield Refusal(("newsletter", "list"), "refused", what, advice)


def _hosted_without_pages(file: File) -> Iterator[Refusal]:
    if file.template.images == "hosted" and not file.newsletter.base_url:
        yield Refusal(
            ("template", "images"),
            "refused",
            'can be "hosted" only with a base_url in [newsletter].',
            'Add one, or write "embedded".',
        )


def _servers_twice(file: File) -> Iterator[Refusal]:
    seen: set[tuple[str, int | None, str]] = set()
    for index, server in enumerate(file.server):
        key = _account_of(server)
        if key in seen:
            what = f"names a server that stands here already: {shown(server.host)}."
            yield Refusal(("server", index, "host"), "refused", what, "Keep one.")
        seen.add(key)


def _account_of(server: ServerTable) -> tuple[str, int | None, str]:
    return server.host, server.port, server.user


def _domains_in_two_lanes(file: File) -> Iterator[Refusal]:
    lane_of: dict[str, str] = {}
    for name, lane in file.lanes.items():
        for domain in lane.domains:
            other = lane_of.setdefault(domain, name)
            if other != name:
                what = f"holds {shown(domain)}, which is in [lanes.{other}] already."
                path = ("lanes", name, "domains")
                yield Refusal(path, "refused", what, "Keep it in one of the two.")


def _signatures_twice(file: File) -> Iterator[Refusal]:
    seen: set[tuple[str, str]] = set()
    for index, table in enumerate(file.dkim):
        if (table.domain, table.selector) in seen:
            what = f"is used twice for {table.domain}: {shown(table.selector)}."
            advice = "A name in the DNS holds one key, so each needs its own selector."
            yield Refusal(("dkim", index, "selector"), "refused", what, advice)
        seen.add((table.domain, table.selector))


def _unaligned_signatures(file: File) -> Iterator[Refusal]:
    """Tell of signatures none of which can speak for the sender (RFC 9989, DMARC).

    A further one in the name of a provider does no harm.
    """
    sender = domain_of(parse_mailbox(file.newsletter.sender).address)
    if file.dkim and not any(_may_align(table.domain, sender) for table in file.dkim):
        what = (
            f"is {shown(file.dkim[0].domain)}, but the sender is at {shown(sender)}: "
            "such a signature does not count for it."
        )
        advice = f'Write domain = "{sender}", or sign nothing and remove [dkim].'
        yield Refusal(("dkim", 0, "domain"), "refused", what, advice)


def _inbox_elsewhere(file: File) -> Iterator[Refusal]:
    inbox = file.inbox
    if inbox is not None and bool(inbox.host) == bool(inbox.maildir):
        yield Refusal(
            ("inbox",),
            "refused",
            "needs a host or a maildir, and not both.",
            'Write host = "imap.example.org", or maildir = "/var/mail/news".',
        )
    elif inbox is not None and inbox.host and not inbox.user:
        what = "needs the user whose mailbox it is."
        yield Refusal(("inbox", "host"), "refused", what, 'Add a line user = "…".')


def _may_align(one: str, other: str) -> bool:
    """Tell whether two domains may belong to one organisation.

    Where names are given out only the public suffix list knows; with fewer than two
    labels in common it cannot be.
    """
    return one.split(".")[-2:] == other.split(".")[-2:]
