"""The public pages: joining, leaving, settings, and the issues that were sent.

They work without script and without a cookie, and know nothing of the studio.
`newsletter serve` runs them; any other ASGI server or application can, by `create_app`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from newsletter.model.settings import Settings

__all__ = ["create_app"]


def create_app(
    settings: "Settings | None" = None, *, root: Path | None = None
) -> "Starlette":
    """Return the public pages as an ASGI application, to be served or mounted.

    The database is opened at the start of the server, or at the first request where
    that tells us nothing (a mounted application). Mails that readers ask for on the
    pages are sent by `newsletter worker`.

    Args:
        settings: Of the newsletter; None: those of the project in *root*, or above it.
        root: The project folder; None: what ``NEWSLETTER_PROJECT`` names, or else the
            working folder.

    Raises:
        OperationError: There is no project.
        DefinitionError: Its settings have problems.
    """
    # Importing this package costs nothing; the pages do.
    from newsletter.web.hosting import hosted_app

    return hosted_app(settings, root)
