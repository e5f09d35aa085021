import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from newsletter.errors import RefusedError
from newsletter.model.dispatch import Order
from newsletter.model.notice import NoticeKind
from newsletter.model.subscriber import ConsentKind, SuppressionReason
from newsletter.store.consent import ConsentEvent, Suppression
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import create_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.notices import queue_notice
from newsletter.store.people import find_by_key
from newsletter.store.tables import (
    address_changes,
    import_changes,
    imports,
    joinings,
    notices,
    returned_mails,
    subscribers,
)
from newsletter.tokens import address_hash
from newsletter.workflow.desk import open_desk
from newsletter.workflow.forget import forget_subscriber
from newsletter.workflow.holdings import Holdings, read_holdings
from newsletter.workflow.holdings_letter import write_letter
from newsletter.workflow.project import Project, open_project
from newsletter.workflow.subscribers import (
    Newcomer,
    add_subscriber,
    unsubscribe_subscriber,
)

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
ANNA = "anna@example.org"
SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
title = "The monthly letter"
[fields.city]
title = "City"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    project = open_project(tmp_path)
    newcomer = Newcomer(ANNA, fields={"city": "Utrecht"}, consent="paper form, 3 May")
    add_subscriber(project, newcomer, now=NOW)
    return project


def fill(project: Project) -> None:
    """Put something about her into every table that holds something of people."""
    with open_desk(project) as desk, desk.database.writing() as connection:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        at = to_millis(NOW)
        save_content(connection, Content("c0ffee", "may", "Hi", b"x"), now=NOW)
        create_dispatch(connection, Order("may", "c0ffee", ("main",)), now=NOW)
        of_hers = {"subscriber_id": anna.id}
        typed: dict[str, Any] = {
            "lists": ["main"],
            "fields": {"city": "Delft"},
            "wording": "2026-11",
        }
        typed |= {"language": "nl", "source": "/join", "address_hash": b"h"}
        connection.execute(insert(joinings).values(**of_hers, **typed, at=at))
        new = {"email": "anna@new.org", "email_key": "anna@new.org", "at": at}
        new |= {"language": "nl", "address_hash": b"n"}
        connection.execute(insert(address_changes).values(**of_hers, **new))
        notice = {"kind": "change", "language": "nl", "created_at": at}
        connection.execute(insert(notices).values(**of_hers, **notice))
        mail = {"key": b"k", "at": at, "source": "imap", "kind": "bounce"}
        mail |= {"status": "5.2.2", "diagnostic": "mailbox full"}
        connection.execute(insert(returned_mails).values(**of_hers, **mail))
        file = {"file": "readers.csv", "list_id": 1, "status": 1, "counts": {}}
        connection.execute(insert(imports).values(**file, at=at))
        before = {"import_id": 1, "fields": {"city": "Ghent"}}
        connection.execute(
            insert(import_changes).values(**of_hers, **before, list_id=1)
        )


def test_letter_tells_everything_in_the_order_of_its_weight(project: Project) -> None:
    fill(project)
    unsubscribe_subscriber(project, ANNA, now=NOW + timedelta(days=1))
    (project.root / "outbox").mkdir()
    (project.root / "outbox" / "may.eml").write_text(f"To: {ANNA}")
    letter = write_letter(
        read_holdings(project, ANNA), project.settings, today=date(2026, 5, 5)
    )
    told, rights = letter.split("What we keep, and your rights\n")
    assert told == (
        "Harbour, 5 May 2026\n"
        "What we keep about you: anna@example.org\n"
        "\n"
        "What we know of you\n"
        "- City: Utrecht\n"
        "\n"
        "What we knew of you before our last list was added\n"
        "- 3 May 2026: City: Ghent\n"
        "\n"
        "Your lists\n"
        "- Harbour: you left it, 4 May 2026\n"
        "\n"
        "How you came and went\n"
        "- 3 May 2026: added by us, Harbour, paper form, 3 May\n"
        "- 4 May 2026: unsubscribed, Harbour, entered by us\n"
        "\n"
        "Issues that were for you\n"
        "- 3 May 2026: may, still to be sent\n"
        "\n"
        "Mails that came back to us\n"
        "- 3 May 2026: mails came back, 5.2.2 mailbox full\n"
        "\n"
        "Asked for on our pages\n"
        "- 3 May 2026: asked to join, City: Delft\n"
        "- 3 May 2026: asked for a new address, anna@new.org\n"
        "- 3 May 2026: we wrote to you because of it\n"
        "\n"
        "Not to be written to\n"
        "- 4 May 2026: all lists, unsubscribed\n"
        "\n"
        "Files that hold your address too\n"
        "- Files that we keep: lists of addresses, mails written as a trial, or\n"
        "  copies for safety.\n"
        "\n"
    )
    assert rights.startswith("- We keep your email address, the language you read,")
    assert max(map(len, letter.splitlines())) <= 72


def test_mail_of_ours_that_is_counted_too_is_told_once(project: Project) -> None:
    """That it was written, and when the address was written to last, is one mail."""
    with open_desk(project) as desk, desk.database.writing() as connection:
        anna = find_by_key(connection, ANNA)
        assert anna is not None
        hashed = address_hash(desk.keyring, ANNA)
        for kind in (NoticeKind.CONFIRM, NoticeKind.LEAVE):
            queue_notice(
                connection,
                kind,
                subscriber_id=anna.id,
                address_hash=hashed,
                language="en",
                now=NOW,
            )
        # The mail itself is erased; only that there was one is known.
        connection.execute(delete(notices).where(notices.c.kind == NoticeKind.LEAVE))
    held = read_holdings(project, ANNA)
    assert [(note.kind, note.about) for note in held.requests] == [
        ("mail", NoticeKind.CONFIRM),
        ("last-mail", NoticeKind.LEAVE),
    ]
    letter = write_letter(held, project.settings, today=date(2026, 5, 5))
    assert letter.count("- 3 May 2026: we wrote to you because of it\n") == 2


def test_letter_is_in_the_language_of_its_reader(project: Project) -> None:
    held = Holdings(ANNA, "nl")
    letter = write_letter(held, project.settings, today=date(2026, 5, 5))
    assert letter.startswith("Harbour, 5 mei 2026\n")
    assert "- Wij bewaren uw e-mailadres" in letter


def test_letter_has_words_for_each_coming_and_going(project: Project) -> None:
    held = Holdings(
        ANNA,
        "nl",
        history=tuple(
            ConsentEvent("main", kind, NOW, "source", "") for kind in ConsentKind
        ),
        suppressions=tuple(
            Suppression("*", reason, NOW, "source") for reason in SuppressionReason
        ),
    )
    letter = write_letter(held, project.settings, today=date(2026, 5, 5))
    told = re.findall(r"- 3 mei 2026: (.*?)(?:,|$)", letter, re.M)
    assert len(told) == len(ConsentKind) + len(SuppressionReason)
    assert {*told}.isdisjoint({*ConsentKind, *SuppressionReason})


def test_holdings_of_nobody_are_refused(project: Project) -> None:
    with pytest.raises(RefusedError, match="nothing is kept of this address"):
        read_holdings(project, "zoe@example.org")


def test_holdings_after_forget_are_the_suppression_alone(project: Project) -> None:
    fill(project)
    forget_subscriber(project, ANNA, now=NOW)
    held = read_holdings(project, ANNA)
    assert [one.reason for one in held.suppressions] == ["forgotten"]
    assert held == Holdings(ANNA, "en", suppressions=held.suppressions)


def test_forget_leaves_her_address_in_no_file_of_the_database(project: Project) -> None:
    fill(project)
    forgotten = forget_subscriber(project, ANNA, now=NOW)
    assert (forgotten.deliveries, forgotten.is_overwritten) == (1, True)
    kept = b"".join(
        path.read_bytes() for path in (project.root / "subscribers").iterdir()
    )
    assert b"anna@" not in kept
    assert b"Utrecht" not in kept
    assert b"Delft" not in kept
    assert b"Ghent" not in kept


def test_forget_names_files_with_an_address_of_before(project: Project) -> None:
    fill(project)
    (project.root / "outbox").mkdir()
    mail = project.root / "outbox" / "may.eml"
    mail.write_text(f"To: <{ANNA}>\n\nHello.\n")
    with open_desk(project) as desk, desk.database.writing() as connection:
        connection.execute(
            update(subscribers).values(
                email="new@example.net", email_key="new@example.net"
            )
        )
    forgotten = forget_subscriber(project, "new@example.net", now=NOW)
    assert forgotten.files == ("outbox/may.eml",)


def test_data_of_holdings_can_be_written_as_json(project: Project) -> None:
    from newsletter.cli.subscribers.person import holdings_json

    fill(project)
    data = json.loads(json.dumps(holdings_json(read_holdings(project, ANNA))))
    assert list(data) == [
        "email",
        "subscriber",
        "suppressions",
        "history",
        "deliveries",
        "returned",
        "requests",
        "elsewhere",
    ]
    assert data["deliveries"] == [
        {"issue": "may", "at": "2026-05-03T12:00:00+00:00", "state": "pending"}
    ]
    assert data["subscriber"]["fields"] == {"city": "Utrecht"}
