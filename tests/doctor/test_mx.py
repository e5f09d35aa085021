from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

from newsletter.doctor.mx import judge_mx, plan_mx
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from tests.doctor.conftest import Gather, Zone

Told = Callable[[list[Diagnosis]], list[str]]
ROLES = (("sender", "bond.test"), ("reply_to", "bond.test"))


def judged(
    gather: "Gather", zone: "Zone", roles: tuple[tuple[str, str], ...] = ROLES
) -> list[Diagnosis]:
    sending = Sending("bond.test", "bond.test", mailboxes=roles)
    return judge_mx(sending, gather(zone, partial(plan_mx, sending)))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            {
                "bond.test MX": ["20 b.bond.test", "10 a.bond.test"],
                "a.bond.test A": ["192.0.2.1"],
                "b.bond.test AAAA": ["2001:db8::1"],
            },
            "ok: bond.test (sender, reply_to) takes mail at a.bond.test.",
        ),
        (
            {"bond.test MX": ["0 ."]},
            "error: bond.test (sender, reply_to) says that it takes no mail (null MX), "
            "so no answer and no request to leave arrives; some receivers refuse mail "
            "from such a domain.",
        ),
        (
            {"bond.test A": ["192.0.2.1"]},
            "warning: bond.test (sender, reply_to) has no MX record; mail to it "
            "goes to "
            "the host of that name, which is seldom meant.",
        ),
        (
            {},
            "error: bond.test (sender, reply_to) does not exist, so no answer and no "
            "request to leave arrives.",
        ),
        (
            {"bond.test TXT": ["v=spf1 -all"]},
            "error: bond.test (sender, reply_to) has no host for mail, so no "
            "answer and "
            "no request to leave arrives.",
        ),
        (
            {"bond.test MX": ["10 gone.bond.test"]},
            "error: the mail of bond.test (sender, reply_to) should go to "
            "gone.bond.test, which has no address.",
        ),
        (
            {
                "bond.test MX": ["10 a.bond.test", "20 gone.bond.test"],
                "a.bond.test A": ["192.0.2.1"],
            },
            "warning: the mail of bond.test (sender, reply_to) should go to "
            "gone.bond.test, which has no address.",
        ),
        (
            {"bond.test MX": "FAILED"},
            "warning: whether bond.test (sender, reply_to) takes mail is not "
            "known: its "
            "name servers failed.",
        ),
        (
            {"bond.test MX": "SILENT"},
            "warning: whether bond.test (sender, reply_to) takes mail is not "
            "known: its "
            "name servers did not answer in time.",
        ),
    ],
)
def test_domain_of_mailboxes_is_judged(
    gather: "Gather", told: Told, zone: "Zone", expected: str
) -> None:
    assert told(judged(gather, zone)) == [expected]


def test_each_domain_is_judged_once(gather: "Gather", told: Told) -> None:
    roles = (*ROLES, ("bounce_address", "bounces.bond.test"))
    zone = {
        "bond.test MX": ["10 bond.test"],
        "bond.test A": ["192.0.2.1"],
        "bounces.bond.test MX": ["0 ."],
    }
    found = judged(gather, zone, roles)
    assert [one.partition(" (")[0] for one in told(found)] == [
        "ok: bond.test",
        "error: bounces.bond.test",
    ]
    assert found[1].advice.endswith(
        "\n    bounces.bond.test. IN MX 10 mail.bounces.bond.test."
    )
