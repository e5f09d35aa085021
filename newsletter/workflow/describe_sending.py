"""From the settings of a project to what the doctor has to know of its sending."""

from collections.abc import Iterator
from dataclasses import replace

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.doctor.sending import Sending, SigningKey
from newsletter.errors import OperationError
from newsletter.model.settings import DkimSettings, NewsletterSettings
from newsletter.workflow.dkim_keys import read_record
from newsletter.workflow.project import Project


def describe_sending(project: Project) -> Sending:
    """Return what the settings say about how mail goes out."""
    newsletter, settings = project.settings.newsletter, project.settings
    servers = (settings.server, *settings.spare_servers) if settings.server else ()
    return Sending(
        author=domain_of(sender_address(newsletter)),
        envelope=domain_of(envelope_sender(newsletter)),
        mailboxes=tuple(_mailboxes(newsletter)),
        hosts=tuple(server.host.lower() for server in servers),
        keys=tuple(_signing_key(project, table) for table in settings.dkim),
    )


def _mailboxes(newsletter: NewsletterSettings) -> Iterator[tuple[str, str]]:
    yield "sender", domain_of(sender_address(newsletter))
    if newsletter.reply_to:
        yield "reply_to", domain_of(parse_mailbox(newsletter.reply_to).address)
    for name in ("bounce_address", "unsubscribe_address"):
        address = _as_used(getattr(newsletter, name))
        if address:
            yield name, domain_of(address)


def sender_address(newsletter: NewsletterSettings) -> str:
    """Return the address in From."""
    return parse_mailbox(newsletter.sender).address


def _as_used(address: str) -> str:
    """Return an address with ``{token}`` as it could be, or nothing for none."""
    return (
        parse_mailbox(address.replace("{token}", "doctor")).address if address else ""
    )


def envelope_sender(newsletter: NewsletterSettings) -> str:
    """Return the envelope sender as a recipient's could be."""
    return _as_used(newsletter.bounce_address) or sender_address(newsletter)


def leaving_mailbox(newsletter: NewsletterSettings) -> str:
    """Return where mails arrive of readers who want to leave."""
    mailbox = newsletter.reply_to or newsletter.sender
    return _as_used(newsletter.unsubscribe_address) or parse_mailbox(mailbox).address


def _signing_key(project: Project, table: DkimSettings) -> SigningKey:
    key = SigningKey(table.domain.lower(), table.selector, table.algorithm)
    try:
        _, text = read_record(project, table)
    except OperationError as error:
        return replace(key, trouble=error.message, advice=error.advice)
    return replace(key, public=text.rpartition("p=")[2])
