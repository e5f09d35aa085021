"""The privacy page: what is really stored, in the language of who reads it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.web.site import Site
from newsletter.workflow.privacy import Topic, describe_storage

_AGE = "public, max-age=300"


def privacy_routes(site: Site) -> list[Route]:
    """Return the path of the privacy page."""
    return [Route("/privacy", Privacy(site).answer)]


@dataclass(frozen=True, slots=True)
class Privacy:
    """Answers on /privacy."""

    site: Site

    async def answer(self, request: Request) -> Response:
        """Show the page."""
        settings = self.site.project.settings
        language = self.site.language(request)
        statements = describe_storage(settings)
        said = {
            topic.name.lower(): [
                one.text(language) for one in statements if one.topic is topic
            ]
            for topic in Topic
        }
        page = self.site.page(
            request, "privacy", said=said, own_words=_paragraphs(settings.web.privacy)
        )
        page.headers["Cache-Control"] = _AGE
        return page


def _paragraphs(text: str) -> list[str]:
    """Return what empty lines divide."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
