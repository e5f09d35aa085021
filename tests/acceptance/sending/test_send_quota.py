"""A used-up quota, seen by several connections at once."""

from typing import Any

import pytest

from newsletter.testing.smtp_server import Fault, SmtpServer

QUOTA = "550 5.4.5 Daily user sending limit exceeded"


@pytest.mark.parametrize("closes", [False, True])
def test_send_with_a_used_up_quota_gives_nobody_else_a_reason(
    post: Any, closes: bool
) -> None:
    post.add(*(f"a{number}" for number in range(40)))
    faults = [
        Fault("mail", nth=number, reply=QUOTA, closes=closes)
        for number in range(21, 61)
    ]
    slow = Fault("end", delay_seconds=0.05, reply="250 ok")
    with SmtpServer([*faults, slow]) as server:
        post.use_server(server.port, connections=8)
        found = post.json("send", "--confirm", "40", "--untested")
        assert found["state"] == "paused"
        assert found["reason"] == f"the mail server said: {QUOTA}"
    assert "Trying again" not in post.err
    assert post.run("status", "--not-reached") == 0
    about = {row.split(",")[1] for row in post.out.splitlines()[1:]}
    assert about <= {
        "Not tried yet.",
        "Not sent yet. What your mail provider lets you send was used up.",
    }
    assert "when it is free again, mostly tomorrow" in post.out
