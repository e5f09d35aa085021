"""Joining: the form, the page behind the link in our mail, and that of who did not ask.

Law: GET, HEAD and OPTIONS change nothing. Whoever sends the form gets one and the same
answer, whoever the address belongs to, and nothing of what was typed is written to
anybody. Programs are told from people by a field that people do not see, and by how
long the form was looked at; then both are treated as people, so that nobody learns it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.addresses import normalise_address
from newsletter.model.settings import Settings
from newsletter.tokens import Keyring, Purpose, is_test
from newsletter.web.asked import Typed, read_asked, show_asked
from newsletter.web.even_time import in_even_time
from newsletter.web.proxies import client_network
from newsletter.web.site import (
    ACTING,
    MOST_BODY_BYTES,
    MOST_FORM_BYTES,
    Form,
    Site,
    read_form,
    text_of,
)
from newsletter.workflow.joining import (
    Invitation,
    JoinRequest,
    Step,
    ask_to_join,
    confirm_joining,
    decline_joining,
    form_token,
    joining_of,
    language_of,
    read_form_token,
    read_invitation,
)
from newsletter.workflow.leaving import settings_token
from newsletter.workflow.notices import can_notify

PATH = "/join"

#: A person needs longer to type an address.
_SHORTEST = timedelta(seconds=3)
#: Older forms were kept by a program; people who left one open press once more.
_LONGEST = timedelta(days=1)

_PAGES: Mapping[Step, str] = {
    Step.ASK: "confirm",
    Step.JOINED: "joined",
    Step.USED: "join_used",
}


def joining_routes(site: Site) -> list[Route]:
    """Return the paths of joining."""
    joining = Joining(site)
    confirm, not_me = joining.answer_confirm, joining.answer_not_me
    return [
        Route(PATH, joining.answer_form, methods=ACTING, max_body_size=MOST_FORM_BYTES),
        Route("/c/{token}", confirm, methods=ACTING, max_body_size=MOST_BODY_BYTES),
        Route("/n/{token}", not_me, methods=ACTING, max_body_size=MOST_BODY_BYTES),
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """One list that anybody may join."""

    list: str
    title: str
    description: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it came, read."""

    #: As typed.
    email: str
    #: Normalised; empty: it is no address.
    address: str
    #: Those of the public lists that are ticked.
    lists: tuple[str, ...]
    typed: Typed

    @property
    def has_problems(self) -> bool:
        """Whether something has to be put right first."""
        return not self.address or not self.lists or bool(self.typed.refused)


@dataclass(frozen=True, slots=True)
class Joining:
    """Answers on the paths of joining."""

    site: Site

    async def answer_form(self, request: Request) -> Response:
        """Show the form, or take what was sent with it."""
        if not self.site.pages.can_join:
            return self.site.unknown(request)
        if request.method == "POST":
            return await self._take(request, await read_form(request))
        return self._form(request, form_token(self._keyring, self.site.now()))

    async def _take(self, request: Request, form: Form) -> Response:
        now, settings = self.site.now(), self.site.project.settings
        if not self._can_write:
            return self._form(request, "")
        if text_of(form, "website"):
            return self._sent(request)
        filled = read_filled(settings, form)
        shown_at = read_form_token(self._keyring, text_of(form, "shown"))
        is_timely = shown_at is not None and _SHORTEST <= now - shown_at <= _LONGEST
        if filled.has_problems or not is_timely:
            again = form_token(self._keyring, next_moment(shown_at, now))
            return self._form(request, again, filled)
        if not self.site.flood.allows(
            client_network(request.scope, settings.web.trusted_hops), now
        ):
            return self.site.too_many(request)
        await self._ask(filled, self.site.language(request), now)
        return self._sent(request)

    async def _ask(self, filled: Filled, language: str, now: datetime) -> None:
        settings, keyring = self.site.project.settings, self._keyring
        fields = {name: value for name, value in filled.typed.values.items() if value}
        asked = JoinRequest(filled.address, filled.lists, fields, language, PATH)
        await in_even_time(
            self.site.commit(
                lambda connection: ask_to_join(
                    connection, keyring, settings, asked, now=now
                )
            )
        )

    def _sent(self, request: Request) -> Response:
        return self.site.page(request, "join_sent")

    def _form(
        self, request: Request, shown: str, filled: Filled | None = None
    ) -> Response:
        settings = self.site.project.settings
        chosen = filled.lists if filled else ()
        typed = filled.typed if filled else Typed()
        return self.site.page(
            request,
            "join",
            status=422 if filled else 200,
            can_write=self._can_write,
            choices=[
                Choice(
                    slug,
                    self.site.pages.title_of(slug),
                    settings.lists[slug].description,
                    slug in chosen,
                )
                for slug in settings.public_lists
            ],
            email=filled.email if filled else "",
            email_problem=filled is not None and not filled.address,
            list_problem=filled is not None and not filled.lists,
            entries=show_asked(settings, typed),
            has_problems=filled is not None and filled.has_problems,
            is_again=filled is not None,
            shown=shown,
        )

    # --- the links in our mail --------------------------------------------------------

    async def answer_confirm(self, request: Request) -> Response:
        """Show the button, or let somebody join by it."""
        token, settings = request.path_params["token"], self.site.project.settings
        if is_test(self._keyring, token):
            return self.site.page(request, "test")
        joining_id = joining_of(self._keyring, Purpose.CONFIRM, token)
        if request.method != "POST":
            return self._invitation(
                request,
                await self.site.read(
                    lambda connection: read_invitation(connection, settings, joining_id)
                ),
            )
        await read_form(request)
        now = self.site.now()
        return self._invitation(
            request,
            await self.site.commit(
                lambda connection: confirm_joining(
                    connection, settings, joining_id, now=now
                )
            ),
        )

    def _invitation(self, request: Request, found: Invitation | None) -> Response:
        if found is None:
            return self.site.unknown(request)
        return self.site.page(
            request,
            _PAGES[found.step],
            own=found.language,
            masked_address=found.masked_address,
            titles=self.site.pages.titles_of(
                found.lists, self.site.language(request, found.language)
            ),
            settings_token=settings_token(self._keyring, found.subscriber_id),
        )

    async def answer_not_me(self, request: Request) -> Response:
        """Show the button, or never write to that address again."""
        token = request.path_params["token"]
        if is_test(self._keyring, token):
            return self.site.page(request, "test")
        joining_id = joining_of(self._keyring, Purpose.NOT_ME, token)
        if request.method != "POST":
            language = await self.site.read(
                lambda connection: language_of(connection, joining_id)
            )
            if language is None:
                return self.site.unknown(request)
            return self.site.page(request, "not_me", own=language)
        await read_form(request)
        now = self.site.now()
        done = await self.site.commit(
            lambda connection: decline_joining(connection, joining_id, now=now)
        )
        if done is None:
            return self.site.unknown(request)
        return self.site.page(
            request,
            "not_me_done",
            own=done.language,
            stays=done.is_subscriber,
        )

    @property
    def _keyring(self) -> Keyring:
        return self.site.desk.keyring

    @property
    def _can_write(self) -> bool:
        settings = self.site.project.settings
        return can_notify(settings) and settings.web.joins_per_hour > 0


def read_filled(settings: Settings, form: Form) -> Filled:
    """Return what a form says; what it does not say is empty."""
    email = text_of(form, "email").strip()
    try:
        address = normalise_address(email)
    except ValueError:
        address = ""
    ticked = form.get("list", ())
    lists = tuple(slug for slug in settings.public_lists if slug in ticked)
    return Filled(email, address, lists, read_asked(settings, form))


def next_moment(shown_at: datetime | None, now: datetime) -> datetime:
    """Return the moment that a form is shown with again.

    Whoever was too quick need not wait anew, and who was too slow not at all: they are
    people. What cannot be read begins anew.
    """
    if shown_at is None or shown_at > now:
        return now
    return now - _SHORTEST if now - shown_at > _LONGEST else shown_at
