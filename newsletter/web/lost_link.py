"""Leaving without the link: whoever types their address gets it mailed.

Law: whoever the address belongs to, the answer is the same, byte for byte, and so is
the work: one write that looks the address up.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.addresses import normalise_address
from newsletter.web.even_time import in_even_time
from newsletter.web.flood import Flood
from newsletter.web.proxies import client_network
from newsletter.web.site import ACTING, MOST_FORM_BYTES, Site, read_form, text_of
from newsletter.workflow.lost_link import PATH, ask_for_link
from newsletter.workflow.notices import can_notify

#: Links that are asked for in an hour, from everywhere. Only known addresses are
#: written to, each once a day; and nobody is to be kept from leaving by others.
_MOST_AN_HOUR = 1000


def lost_link_routes(site: Site) -> list[Route]:
    """Return the path of the page."""
    page = _LostLink(site, Flood(_MOST_AN_HOUR))
    return [Route(PATH, page.answer, methods=ACTING, max_body_size=MOST_FORM_BYTES)]


@dataclass(frozen=True, slots=True)
class _LostLink:
    """Answers on the one path."""

    site: Site
    flood: Flood

    async def answer(self, request: Request) -> Response:
        """Show the form, or have the link mailed."""
        if request.method != "POST" or not self._can_write:
            return self._form(request)
        typed = text_of(await read_form(request), "email")
        try:
            email = normalise_address(typed)
        except ValueError:
            return self._form(request, wrong_email=typed)
        now, hops = self.site.now(), self.site.project.settings.web.trusted_hops
        if not self.flood.allows(client_network(request.scope, hops), now):
            return self.site.too_many(request)
        keyring, language = self.site.desk.keyring, self.site.language(request)
        await in_even_time(
            self.site.commit(
                lambda connection: ask_for_link(
                    connection, keyring, email, language=language, now=now
                )
            )
        )
        return self.site.page(request, "lost_link_sent")

    @property
    def _can_write(self) -> bool:
        return can_notify(self.site.project.settings)

    def _form(self, request: Request, wrong_email: str | None = None) -> Response:
        return self.site.page(
            request,
            "lost_link",
            can_write=self._can_write,
            email=wrong_email or "",
            email_problem=wrong_email is not None,
        )
