"""Send what people asked for on a page: confirm, your settings, a new address.

Law: as for a dispatch the intent is written before a message leaves. A fault of ours
puts a mail back; what left without an answer is never sent again by itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from newsletter.workflow.project import Project


def _never() -> bool:
    return False


def send_notices(
    project: Project,
    environment: Mapping[str, str],
    *,
    now: datetime,
    is_over: Callable[[], bool] = _never,
) -> int:
    """Send the mails that wait, within the limits of the mail server.

    Only the one worker may call it.

    Args:
        project: The project.
        environment: Where the password may be.
        now: The present, aware.
        is_over: Asked while it waits for a moment: whether to give up.

    Returns:
        How many the mail server took.

    Raises:
        OperationError: Server, password, database or keys cannot be used; what was to
            be sent waits.
    """
    raise NotImplementedError
