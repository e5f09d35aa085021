"""`newsletter inbox --from -`: a mail server gives each mail to the command."""

from collections.abc import Callable

from .returns import WISH, Returns


def test_pipe_takes_one_mail_and_counts_it_once(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    mail = returns.hard("ann")
    assert pipe(mail) == 0
    assert returns.post.out == (
        "a***@example.org: the address is dead (550 5.1.1 user unknown). No mail goes "
        "there any more.\n"
    )
    # By another way, with other line ends, it is the same mail.
    assert pipe(mail.replace(b"\n", b"\r\n")) == 0
    assert (returns.post.out, returns.post.err) == (
        "",
        "No new mail.\n1 mail known already.\n",
    )


def test_pipe_names_nobody_as_mail_servers_log_what_it_says(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    for mail in (returns.write(WISH, "gus"), returns.hard("ann")):
        assert pipe(mail) == 0
        said = returns.post.out + returns.post.err
        assert [it for it in ("gus@", "ann@", "Re: Hello") if it in said] == []


def test_pipe_asks_the_mail_server_to_try_again(
    returns: Returns, pipe: Callable[[bytes], int]
) -> None:
    key = returns.post.root / "subscribers" / "secret.key"
    key.rename(key.with_suffix(".away"))
    assert pipe(returns.hard("ann")) == 75
    assert "secret.key" in returns.post.err
    key.with_suffix(".away").rename(key)
    (returns.post.root / "newsletter.toml").write_text("[newsletter]\nnam")
    assert pipe(returns.hard("ann")) == 75


def test_empty_pipe_is_no_mail(returns: Returns, pipe: Callable[[bytes], int]) -> None:
    assert pipe(b"") == 0
    assert (returns.post.out, returns.post.err) == ("", "No new mail.\n")
