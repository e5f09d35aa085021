"""A test mail asked for on the page: sent once, beside everything else, then told.

Law: one request is one sending. The page gives each press a number of its own; the same
number again, as with a double click or a reload, gets the outcome of the first.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException

from newsletter.errors import DefinitionError, NewsletterError
from newsletter.model.copy import Reader
from newsletter.studio.requests import texts_in
from newsletter.studio.watch import Watch
from newsletter.workflow.standing import UNKNOWN_WORDS
from newsletter.workflow.test import Trial, TrialReport

#: Outcomes kept for who asks again.
_MOST_KEPT = 50

#: Step in which somebody who waits notices that we are stopping.
_STEP_SECONDS = 0.25

Send = Callable[[Trial], TrialReport]
Outcome = Mapping[str, Any]


class TestMails:
    """Sends test mails, each press once.

    Args:
        send: Sends; may take as long as a mail server does.
        watch: Is told when a test was sent, and tells when we are stopping.
    """

    def __init__(self, send: Send, watch: Watch) -> None:
        self._send = send
        self._watch = watch
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}

    async def ask(self, press: str, trial: Trial) -> Outcome:
        """Return what came of it, in words."""
        if not press:
            raise HTTPException(400)
        if press not in self._outcomes:
            while len(self._outcomes) >= _MOST_KEPT:
                del self._outcomes[next(iter(self._outcomes))]
            self._outcomes[press] = self._start(trial)
        outcome = self._outcomes[press]
        while not (outcome.done() or self._watch.is_stopping):
            await asyncio.wait((outcome,), timeout=_STEP_SECONDS)
        return outcome.result() if outcome.done() else _STOPPED

    def _start(self, trial: Trial) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Outcome] = loop.create_future()

        def work() -> None:
            outcome = _FAULT  # of ours: the thread ends with its traceback
            try:
                outcome = _sent(self._send(trial))
            except NewsletterError as error:
                outcome = _refused(error)
            finally:
                with suppress(RuntimeError):  # the preview was stopped meanwhile
                    loop.call_soon_threadsafe(self._tell, waiting, outcome)

        # A daemon: stopping the preview must not wait for a mail server.
        threading.Thread(target=work, daemon=True).start()
        return waiting

    def _tell(self, waiting: asyncio.Future[Outcome], outcome: Outcome) -> None:
        waiting.set_result(outcome)
        self._watch.renew()


def read_trial(value: Mapping[str, Any], reader: Reader) -> Trial:
    """Return what the form asks for.

    Args:
        value: The JSON of the request.
        reader: With whose fields.

    Raises:
        HTTPException: It is no such form.
    """
    return Trial(
        to=texts_in(value, "to"),
        is_marked=value.get("mark") is True,
        fields=reader.fields,
    )


def _sent(report: TrialReport) -> Outcome:
    lines = [_line(address, "taken by your mail server") for address in report.accepted]
    lines += [
        _line(address, f"not sent; {reason}", is_good=False)
        for address, reason in report.failed.items()
    ]
    lines += [
        _line(address, UNKNOWN_WORDS, is_good=False) for address in report.unknown
    ]
    lines += [_line(path.name, "written to the folder outbox") for path in report.files]
    return {
        "title": _title(report),
        "advice": _NO_SERVER if report.files else "",
        "lines": lines,
    }


def _title(report: TrialReport) -> str:
    if report.files:
        return "Nobody was mailed: there is no mail server in newsletter.toml."
    if not (report.failed or report.unknown):
        return "Sent."
    if report.unknown and not report.accepted:
        return "It may have arrived."
    return "Sent to some of them." if report.accepted else "Not sent."


def _line(what: str, told: str, *, is_good: bool = True) -> Outcome:
    return {"what": what, "told": told, "isGood": is_good}


def _refused(error: NewsletterError) -> Outcome:
    message = error.message
    if not isinstance(error, DefinitionError):  # which begins with a file
        message = message[:1].upper() + message[1:]
    return {
        "title": "Not sent.",
        "advice": f"{message} {error.advice}".rstrip(),
        "lines": [],
    }


_NO_SERVER = "The mail is a file instead: open it in your mail program."
_STOPPED: Outcome = {
    "title": "The preview was stopped while the test was on its way.",
    "advice": "It may have been sent: look for it before you send it again.",
    "lines": [],
}
_FAULT: Outcome = {
    "title": "Something went wrong; the terminal says what.",
    "advice": "",
    "lines": [],
}
