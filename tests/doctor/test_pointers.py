from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

from newsletter.doctor.pointers import judge_pointers, plan_pointers
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from tests.doctor.conftest import Gather, Zone

Told = Callable[[list[Diagnosis]], list[str]]
#: Our own server is the MX too; addresses are public ones of Quad9 and Cloudflare.
OWN: "Zone" = {"bond.test MX": ["10 mail.bond.test"], "mail.bond.test A": ["9.9.9.9"]}
PTR = "9.9.9.9.in-addr.arpa PTR"


def judged(
    gather: "Gather", zone: "Zone", host: str = "mail.bond.test"
) -> list[Diagnosis]:
    sending = Sending("bond.test", "bond.test", hosts=(host,))
    return judge_pointers(sending, gather(zone, partial(plan_pointers, sending)))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {PTR: ["mail.bond.test"]},
            ["ok: 9.9.9.9 is called mail.bond.test, which leads back to it."],
        ),
        (
            {},
            [
                "warning: 9.9.9.9 has no reverse name (PTR); Gmail and others refuse "
                "mail from such an address."
            ],
        ),
        (
            {PTR: ["static.host.test"], "static.host.test A": ["1.1.1.1"]},
            [
                "warning: 9.9.9.9 is called static.host.test, but that name does not "
                "lead back to it; Gmail and others refuse such mail."
            ],
        ),
        ({PTR: "SILENT"}, []),
        ({PTR: ["static.host.test"], "static.host.test A": "SILENT"}, []),
    ],
)
def test_name_of_our_own_server_is_judged(
    gather: "Gather", told: Told, more: "Zone", expected: list[str]
) -> None:
    assert told(judged(gather, {**OWN, **more})) == expected


def test_relay_has_its_own_name_to_care_for(gather: "Gather", told: Told) -> None:
    zone = {**OWN, "smtp.relay.test A": ["1.1.1.1"]}
    assert told(judged(gather, zone, "smtp.relay.test")) == []


def test_server_on_this_computer_cannot_be_judged(gather: "Gather", told: Told) -> None:
    assert told(judged(gather, OWN, "localhost")) == [
        "info: the mail server is this computer; if it sends to the readers' servers "
        "itself, its public address needs a name that leads back to it (PTR)."
    ]
