import email
import email.policy
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from newsletter.errors import OperationError, RefusedError
from newsletter.model.delivery import DeliveryState
from newsletter.model.notice import NoticeKind
from newsletter.model.settings import (
    DkimSettings,
    ListSettings,
    NewsletterSettings,
    ServerSettings,
    Settings,
)
from newsletter.store.database import Database
from newsletter.store.instants import to_millis
from newsletter.store.notices import count_waiting, queue_notice
from newsletter.store.people import Person, find_by_key, insert_people
from newsletter.store.tables import address_changes, courtesy_marks, joinings, notices
from newsletter.testing.smtp_server import Fault, SmtpServer
from newsletter.tokens import Purpose, address_hash, verify
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.dkim_keys import make_key
from newsletter.workflow.joining import (
    JoinRequest,
    ask_to_join,
    confirm_joining,
    decline_joining,
)
from newsletter.workflow.notices import can_notify, send_notices, warn_of_few
from newsletter.workflow.project import Project

ANNA = "anna@example.org"
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


def make_settings(port: int, **newsletter: str) -> Settings:
    named = {
        "name": "Harbour Letter",
        "sender": "Harbour Letter <letter@example.org>",
        "base_url": "https://news.example.org",
        **newsletter,
    }
    return Settings(
        newsletter=NewsletterSettings(**named),  # type: ignore[arg-type]
        lists={"main": ListSettings(is_public=True)},
        server=ServerSettings("127.0.0.1", port, security="none", timeout_seconds=5),
    )


class Office:
    """A project whose mails go to a server of ours."""

    def __init__(self, project: Project, desk: Desk, server: SmtpServer) -> None:
        self.project = project
        self.desk = desk
        self.server = server

    @property
    def database(self) -> Database:
        return self.desk.database

    def ask(self, address: str = ANNA, language: str = "en", **fields: str) -> None:
        request = JoinRequest(address, ("main",), fields, language)
        with self.database.writing() as connection:
            settings, keyring = self.project.settings, self.desk.keyring
            ask_to_join(connection, keyring, settings, request, now=now())

    def queue(self, kind: NoticeKind, about_id: int = 0) -> int:
        """Have a mail of another kind written to Anna; return her id."""
        key = address_hash(self.desk.keyring, ANNA)
        with self.database.writing() as connection:
            insert_people(connection, [Person(ANNA, ANNA, key)], now=now())
            found = find_by_key(connection, ANNA)
            assert found is not None
            assert queue_notice(
                connection,
                kind,
                subscriber_id=found.id,
                address_hash=key,
                about_id=about_id,
                language="en",
                now=now(),
            )
        return found.id

    def send(
        self, at: datetime | None = None, is_over: Callable[[], bool] = lambda: False
    ) -> int:
        return send_notices(self.project, {}, now=at or now(), is_over=is_over)

    def states(self) -> list[str]:
        with self.database.reading() as connection:
            rows = connection.execute(select(notices.c.state).order_by(notices.c.id))
            return [DeliveryState(row.state).name.lower() for row in rows]

    def set_state(self, state: DeliveryState) -> None:
        with self.database.writing() as connection:
            connection.execute(update(notices).values(state=state))

    def mails(self) -> list[EmailMessage]:
        policy = email.policy.default
        return [
            email.message_from_bytes(one.data, policy=policy)
            for one in self.server.messages
        ]

    def token(self, page: str, text: str) -> str:
        """Return the token in the one link to *page* in a mail."""
        return text.partition(f"https://news.example.org/{page}/")[2].split()[0]


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def office(tmp_path: Path, faults: list[Fault]) -> Iterator[Office]:
    with SmtpServer(faults) as server:
        project = Project(tmp_path, make_settings(server.port))
        with open_desk(project) as desk:
            yield Office(project, desk, server)


def test_nothing_to_send_asks_no_server(office: Office) -> None:
    assert office.send() == 0
    assert office.server.recording.connections == 0


def test_mail_to_confirm_leaves_once_with_links_that_work(office: Office) -> None:
    office.ask()
    assert (office.send(), office.send()) == (1, 0)
    (mail,) = office.mails()
    assert (mail["To"], mail["Subject"]) == (
        ANNA,
        "Please confirm: Harbour Letter",
    )
    keyring = office.desk.keyring
    confirm, not_me = (office.token(page, body(mail)) for page in "cn")
    assert verify(keyring, Purpose.CONFIRM, confirm) == (1,)
    assert verify(keyring, Purpose.NOT_ME, not_me) == (1,)
    assert office.states() == ["accepted"]


def test_message_id_tells_which_notice_it_was(office: Office) -> None:
    office.ask()
    office.send()
    (mail,) = office.mails()
    token = mail["Message-ID"].strip("<>").partition("@")[0]
    assert verify(office.desk.keyring, Purpose.MESSAGE, token) == (0, 1)


def test_returned_mail_comes_to_the_bounce_address_with_the_same_token(
    tmp_path: Path,
) -> None:
    with SmtpServer() as server:
        settings = make_settings(server.port, bounce_address="news+{token}@example.org")
        project = Project(tmp_path, settings)
        with open_desk(project) as desk:
            office = Office(project, desk, server)
            office.ask()
            office.send()
            (mail,) = office.mails()
            token = mail["Message-ID"].strip("<>").partition("@")[0]
            assert server.messages[0].sender == f"news+{token}@example.org"


def test_mail_is_signed_as_the_others_are(tmp_path: Path) -> None:
    dkim = pytest.importorskip("dkim", reason="dkimpy is missing")
    with SmtpServer() as server:
        settings = make_settings(server.port)
        made = make_key(Project(tmp_path, settings), "news")
        news = DkimSettings("example.org", "news", "subscribers/dkim-news.key")
        project = Project(tmp_path, replace(settings, dkim=(news,)))
        record = made.dns_value.encode()
        with open_desk(project) as desk:
            office = Office(project, desk, server)
            office.ask(language="ar")
            office.send()
        data = server.messages[0].data
        assert dkim.verify(data, dnsfunc=lambda *_, **__: record)
        altered = data.replace(b"/c/1", b"/c/2")
        assert not dkim.verify(altered, dnsfunc=lambda *_, **__: record)


def test_mail_holds_nothing_that_was_typed(office: Office) -> None:
    office.ask(first_name="Win-a-prize", language="fr")
    office.send()
    assert b"prize" not in office.server.messages[0].data


def test_mail_for_who_is_there_leads_to_settings_and_way_out(office: Office) -> None:
    anna = office.queue(NoticeKind.PRESENT)
    office.send()
    text = body(office.mails()[0])
    keyring = office.desk.keyring
    settings, leave = (office.token(page, text) for page in "pu")
    assert verify(keyring, Purpose.PREFERENCES, settings) == (anna,)
    assert verify(keyring, Purpose.UNSUBSCRIBE, leave) == (anna, 0)


def test_new_address_is_asked_at_the_new_address(office: Office) -> None:
    with office.database.writing() as connection:
        insert_people(
            connection,
            [Person(ANNA, ANNA, address_hash(office.desk.keyring, ANNA))],
            now=now(),
        )
        row = {
            "subscriber_id": 1,
            "email": "new@example.org",
            "email_key": "new@example.org",
            "address_hash": b"n" * 32,
            "language": "en",
            "at": to_millis(now()),
        }
        connection.execute(insert(address_changes).values(row))
    office.queue(NoticeKind.CHANGE, about_id=1)
    office.send()
    assert office.server.recording.recipients == ["new@example.org"]
    token = office.token("a", body(office.mails()[0]))
    assert verify(office.desk.keyring, Purpose.CHANGE, token) == (1,)


def test_lost_link_is_sent_to_who_asked_for_it(office: Office) -> None:
    anna = office.queue(NoticeKind.LEAVE)
    office.send()
    token = office.token("u", body(office.mails()[0]))
    assert verify(office.desk.keyring, Purpose.UNSUBSCRIBE, token) == (anna, 0)


def test_intent_is_written_before_the_first_byte_of_the_message(
    tmp_path: Path,
) -> None:
    seen: list[str] = []
    with SmtpServer(on_message=lambda _: seen.extend(post.states())) as server:
        project = Project(tmp_path, make_settings(server.port))
        with open_desk(project) as desk:
            post = Office(project, desk, server)
            post.ask()
            post.send()
    assert seen == ["attempting"]


def test_what_a_crash_left_under_way_is_unknown_and_never_sent_again(
    office: Office,
) -> None:
    office.ask()
    office.set_state(DeliveryState.ATTEMPTING)
    assert office.send() == 0
    assert office.send(now() + 30 * DAY) == 0
    assert office.states() == ["unknown"]
    assert office.server.messages == []


@pytest.mark.parametrize("faults", [[Fault("end", closes=True, keeps=True)]])
def test_mail_that_left_without_an_answer_is_unknown(office: Office) -> None:
    office.ask()
    office.send()
    assert office.states() == ["unknown"]
    assert (office.send(now() + DAY), len(office.server.messages)) == (0, 1)


@pytest.mark.parametrize("faults", [[Fault("rcpt", nth=1, reply="451 4.7.1 Later")]])
def test_mail_that_is_put_off_goes_a_quarter_of_an_hour_later(office: Office) -> None:
    office.ask()
    assert office.send() == 0
    assert office.states() == ["deferred"]
    assert office.send(now() + timedelta(minutes=14)) == 0
    assert office.send(now() + timedelta(minutes=16)) == 1


@pytest.mark.parametrize("faults", [[Fault("rcpt", reply="450 4.2.0 Busy")]])
def test_mail_that_is_put_off_all_day_is_given_up(office: Office) -> None:
    office.ask()
    for hours in range(1, 40):
        office.send(now() + timedelta(hours=5 * hours))
    assert office.states() == ["refused"]
    with office.database.reading() as connection:
        text = connection.scalar(select(notices.c.reply_text))
    assert str(text).startswith("gave up after a day: ")


@pytest.mark.parametrize(
    "faults", [[Fault("rcpt", recipient="gone", reply="550 5.1.1 No such user")]]
)
def test_dead_address_is_refused_and_not_asked_again_and_others_go_on(
    office: Office,
) -> None:
    office.ask("gone@example.org")
    office.ask()
    assert office.send() == 1
    assert office.states() == ["refused", "accepted"]
    with office.database.reading() as connection:
        used = connection.scalars(select(courtesy_marks.c.used)).all()
    assert sorted(used) == [1, 3]


@pytest.mark.parametrize(
    "faults", [[Fault("rcpt", recipient="odd", reply="550 5.7.1 Policy")]]
)
def test_policy_against_one_address_keeps_no_other_mail_waiting(
    office: Office,
) -> None:
    office.ask("odd@example.org")
    office.ask()
    assert office.send() == 1
    assert office.states() == ["deferred", "accepted"]


@pytest.mark.parametrize(
    "faults", [[Fault("connect", nth=1, reply="421 Down", closes=True)]]
)
def test_fault_of_the_server_is_told_and_everything_waits(office: Office) -> None:
    office.ask()
    office.ask("ben@example.org")
    with pytest.raises(OperationError) as error:
        office.send()
    assert str(error.value) == (
        "mails asked for on the web page wait: the mail server said: 421 Down. They "
        "are sent as soon as the mail server takes them."
    )
    assert office.states() == ["pending", "pending"]
    assert office.send(now() + timedelta(minutes=2)) == 2


def test_without_a_server_what_waits_is_told(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        Settings(
            newsletter=make_settings(1).newsletter,
            lists={"main": ListSettings(is_public=True)},
        ),
    )
    with SmtpServer() as server, open_desk(project) as desk:
        office = Office(project, desk, server)
        office.ask()
        with pytest.raises(RefusedError) as error:
            office.send()
    assert error.value.message == (
        "there is no mail server in newsletter.toml, so mails asked for on the web "
        "page wait."
    )


def test_mail_about_what_is_confirmed_meanwhile_is_not_sent(office: Office) -> None:
    office.ask()
    with office.database.writing() as connection:
        confirm_joining(connection, office.project.settings, 1, now=now())
    assert office.send() == 0
    assert office.states() == ["skipped"]


def test_mail_to_who_did_not_ask_is_not_sent(office: Office) -> None:
    office.ask()
    with office.database.writing() as connection:
        decline_joining(connection, 1, now=now())
    assert office.send() == 0
    assert office.server.messages == []


def test_mail_to_who_is_forgotten_while_it_is_under_way_leaves_nothing(
    tmp_path: Path,
) -> None:
    def forget(_: object) -> None:
        with post.database.writing() as connection:
            connection.execute(notices.delete())

    with SmtpServer(on_message=forget) as server:
        project = Project(tmp_path, make_settings(server.port))
        with open_desk(project) as desk:
            post = Office(project, desk, server)
            post.ask()
            assert post.send() == 1
            assert post.states() == []


def test_waiting_for_a_moment_ends_with_the_wish_to_stop(tmp_path: Path) -> None:
    with SmtpServer() as server:
        settings = make_settings(server.port)
        assert settings.server is not None
        slow = ServerSettings(
            "127.0.0.1", server.port, security="none", limits=((1, 3600),)
        )
        project = Project(
            tmp_path,
            Settings(newsletter=settings.newsletter, lists=settings.lists, server=slow),
        )
        with open_desk(project) as desk:
            office = Office(project, desk, server)
            for number in range(3):
                office.ask(f"reader{number}@example.org")
            taken = office.send(is_over=lambda: len(server.messages) >= 1)
            assert taken == len(server.messages) == 1
            assert office.states() == ["accepted", "pending", "pending"]


def test_how_many_wait_can_be_told(office: Office) -> None:
    office.ask()
    office.ask("ben@example.org")
    with office.database.reading() as connection:
        assert count_waiting(connection) == 2
    office.send()
    with office.database.reading() as connection:
        assert count_waiting(connection) == 0


def _asked(office: Office, asked: int, confirmed: int, at: datetime) -> str:
    """Let so many be asked, and so many of them confirm; return the warning."""
    for number in range(asked):
        office.ask(f"reader{number}@example.org")
    with office.database.writing() as connection:
        connection.execute(
            update(notices).values(state=DeliveryState.ACCEPTED, at=to_millis(at))
        )
        connection.execute(
            update(joinings)
            .where(joinings.c.id <= confirmed)
            .values(confirmed_at=to_millis(at))
        )
        return warn_of_few(connection, now=now())


@pytest.mark.parametrize(("asked", "confirmed"), [(19, 0), (20, 5), (40, 10)])
def test_usual_share_of_confirmations_is_no_alarm(
    office: Office, asked: int, confirmed: int
) -> None:
    assert _asked(office, asked, confirmed, now()) == ""


def test_hardly_anybody_who_confirms_is_an_alarm(office: Office) -> None:
    assert _asked(office, 20, 4, now()) == (
        "few confirm: 20 were asked since yesterday whether they want to join, and 4 "
        "did. Somebody may be typing others' addresses. Lower joins_per_hour under "
        "[web], or set it to 0 for a while."
    )


def test_alarm_is_over_a_day_later(office: Office) -> None:
    assert _asked(office, 20, 0, now() - DAY - timedelta(minutes=1)) == ""


def test_mails_of_a_clock_that_ran_ahead_are_no_alarm(office: Office) -> None:
    assert _asked(office, 20, 0, now() + 3650 * DAY) == ""


def test_mails_need_a_server_and_a_public_address() -> None:
    whole = make_settings(25)
    assert can_notify(whole)
    assert not can_notify(make_settings(25, base_url=""))
    assert not can_notify(Settings(newsletter=whole.newsletter))
