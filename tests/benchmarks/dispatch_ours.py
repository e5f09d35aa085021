"""One dispatch of a project in a process of its own; started by `dispatch.py`.

It is what `send` does after the hold: the frozen content is read, each mail is made for
its reader with signed tokens, each intent and result is committed with
synchronous=FULL. Prints one JSON object; `--profile FILE` writes a profile instead of
guessing.
"""

import argparse
import cProfile
import json
import os
import resource
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from dispatch_project import compile_mail, freeze

from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Dispatch
from newsletter.store.claims import claim_batch, read_due, release_batch
from newsletter.workflow.project import open_project
from newsletter.workflow.sender import Sender, Watch, become_sender, run_dispatch
from newsletter.workflow.server import open_accounts
from newsletter.workflow.status import read_dispatch

_LOOKS = 20


def main() -> None:
    """Send, and tell how it went."""
    parser = argparse.ArgumentParser(description="One dispatch of a project.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes", type=int, default=38_000, help="of a mail")
    parser.add_argument("--seconds", type=float, default=600, help="stop after so many")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    parser.add_argument("--profile", type=Path)
    parser.add_argument(
        "--look", action="store_true", help="time a claim and a status first"
    )
    chosen = parser.parse_args()
    if chosen.loop == "asyncio":
        # As if it were not installed: to import it fails.
        sys.modules["uvloop"] = None  # type: ignore[assignment]
    profile = cProfile.Profile() if chosen.profile else None
    sys.stdout.write(json.dumps(_send(chosen, profile)))
    if profile is not None:
        profile.dump_stats(chosen.profile)


def _send(
    chosen: argparse.Namespace, profile: cProfile.Profile | None
) -> dict[str, float]:
    project = open_project(chosen.folder, search=False)
    compiled = compile_mail(chosen.bytes)
    with become_sender(project, open_accounts(project, os.environ)) as sender:
        began = time.perf_counter()
        dispatch = freeze(sender.database, compiled)
        frozen = time.perf_counter()
        looks = _look(sender, dispatch) if chosen.look else {}
        began_sending = time.perf_counter()
        cpu = time.process_time()
        # Ctrl-C: what is under way is answered, and the rest stays for later.
        timer = threading.Timer(chosen.seconds, os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True
        timer.start()
        if profile is not None:
            profile.enable()
        ended = run_dispatch(sender, dispatch, Watch())
        if profile is not None:
            profile.disable()
        timer.cancel()
        seconds = time.perf_counter() - began_sending
        return looks | {
            "messages": ended.counts[DeliveryState.ACCEPTED],
            "seconds": seconds,
            "cpu_seconds": time.process_time() - cpu,
            "freeze_seconds": frozen - began,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def _look(sender: Sender, dispatch: Dispatch) -> dict[str, float]:
    """Return what it takes to claim a batch and read who is in it, and a status."""
    now = datetime.now(UTC)
    times = []
    for _ in range(_LOOKS):
        began = time.perf_counter()
        with sender.database.writing() as connection:
            claim = claim_batch(
                connection, dispatch.id, owner="benchmark", now=now, lane=""
            )
            if claim is None:
                raise SystemExit("There is nothing to claim.")
            read_due(connection, claim, now=now)
            release_batch(connection, claim)
        times.append(time.perf_counter() - began)
    began = time.perf_counter()
    read_dispatch(sender.project, dispatch.id)
    status = time.perf_counter() - began
    return {"claim_seconds": median(times), "status_seconds": status}


if __name__ == "__main__":
    main()
