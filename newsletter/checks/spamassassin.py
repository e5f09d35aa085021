"""A copy -> what SpamAssassin says of its content. Does input and output.

Law: the mail stays on this machine and leaves nothing behind. Rules that ask the
network are off, and so is what learns from mails: the same mail has the same score.
"""

import shutil
import subprocess
import tempfile

from newsletter.checks.spam import REPORT_TEMPLATE, read_report
from newsletter.errors import OperationError
from newsletter.model.spam import SpamReport

_NAME = "spamassassin"
#: 1.6 s were measured for the real issue, most of it for reading its rules.
_TIMEOUT_SECONDS = 60
_SETTINGS = (
    "use_bayes 0",
    "use_auto_welcomelist 0",
    "use_txrep 0",
    "dns_available no",
    # Then the report stands at the end, and the mail is not wrapped in another one.
    "required_score 1000",
    "clear_report_template",
    *(f"report {line}" for line in REPORT_TEMPLATE),
)


def score_mail(data: bytes) -> SpamReport:
    """Return what the installed SpamAssassin says of a message; one or two seconds.

    Args:
        data: As it travels.

    Raises:
        OperationError: It is not installed, fails, or takes longer than a minute.
    """
    program = shutil.which(_NAME)
    if program is None:
        raise OperationError(
            "the look at spam points needs SpamAssassin, which is not installed.",
            "Install it with your system, for example: apt install spamassassin",
        )
    options = ["--local", "--test-mode", "--nocreate-prefs", "--prefspath=/dev/null"]
    command = [program, *options, *(f"--cf={setting}" for setting in _SETTINGS)]
    with tempfile.TemporaryDirectory(prefix="newsletter-") as home:
        output = _run(command, data, home)
    try:
        return read_report(output.decode("utf-8", errors="replace"))
    except ValueError as error:
        raise OperationError(
            f"the report of SpamAssassin cannot be read: {error}.",
            "Try: spamassassin --lint; or check without --spam.",
        ) from error


def _run(command: list[str], data: bytes, home: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the mail is its input
            command,
            input=data,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            # Its sentences in English, and no settings of the user's own.
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C"},
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise OperationError(
            f"SpamAssassin did not answer within {_TIMEOUT_SECONDS} seconds.",
            "Try again, or check without --spam.",
        ) from error
    except OSError as error:
        raise _cannot_run(error.strerror or str(error)) from error
    except subprocess.CalledProcessError as error:
        raise _cannot_run(f"it ended with code {error.returncode}") from error
    return done.stdout


def _cannot_run(reason: str) -> OperationError:
    return OperationError(
        f"SpamAssassin could not be run: {reason}.",
        "Try: spamassassin --lint; or check without --spam.",
    )
