"""The page of somebody's own settings: GET shows it, POST acts and shows it again.

Law: GET, HEAD and OPTIONS change nothing; "everything off" comes first and takes one
press. The mail may have been forwarded: so the address is shown masked, and of the
fields only whether something is stored.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.addresses import normalise_address
from newsletter.i18n import language_name
from newsletter.model.settings import Settings
from newsletter.model.subscriber import LANGUAGE_FIELD
from newsletter.tokens import Keyring, is_test
from newsletter.web.asked import Typed, read_asked, show_asked
from newsletter.web.even_time import in_even_time
from newsletter.web.flood import Flood
from newsletter.web.language import OWN_NAMES, known_language
from newsletter.web.proxies import client_network
from newsletter.web.site import (
    ACTING,
    MOST_FORM_BYTES,
    Form,
    Site,
    read_form,
    text_of,
)
from newsletter.workflow.new_address import ask_for_address
from newsletter.workflow.notices import can_notify
from newsletter.workflow.preferences import (
    Preferences,
    Wish,
    leave_all,
    read_preferences,
    save_preferences,
)

#: New addresses that are asked for in an hour, from everywhere. Only who has a reader's
#: own link asks, and each address is written to once a day.
_MOST_AN_HOUR = 1000


def preferences_routes(site: Site) -> list[Route]:
    """Return the path of the page."""
    page = _PreferencesPage(site, Flood(_MOST_AN_HOUR))
    return [
        Route("/p/{token}", page.answer, methods=ACTING, max_body_size=MOST_FORM_BYTES)
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """One list that somebody may get or not."""

    list: str
    title: str
    description: str
    is_on: bool
    #: Whether it was on when the page was shown.
    was_on: bool


@dataclass(frozen=True, slots=True)
class _PreferencesPage:
    """Answers on the path of a token."""

    site: Site
    flood: Flood

    async def answer(self, request: Request) -> Response:
        """Show the page, or do what is asked for."""
        if is_test(self.site.desk.keyring, request.path_params["token"]):
            return self.site.page(request, "test")
        if request.method != "POST":
            return self._page(request, await self._read(request))
        form = await read_form(request)
        match text_of(form, "do"):
            case "all-off":
                return await self._leave_all(request)
            case "save":
                return await self._save(request, form)
            case "address":
                return await self._ask_for_address(request, text_of(form, "email"))
        return self._page(request, await self._read(request))

    async def _leave_all(self, request: Request) -> Response:
        now, of = self.site.now(), self._of(request)
        shown = await self.site.commit(
            lambda connection: leave_all(connection, *of, now=now)
        )
        return self._page(request, shown, result="all-off")

    async def _save(self, request: Request, form: Form) -> Response:
        before = await self._read(request)
        if before is None:
            return self.site.unknown(request)
        settings, now, of = self._settings, self.site.now(), self._of(request)
        typed = read_asked(settings, form)
        if typed.refused:
            return self._page(
                request, before, result="problems", form=form, typed=typed
            )
        language = self.site.language(request, before.language)
        wish = read_wish(form, before, typed, language=language)
        after = await self.site.commit(
            lambda connection: save_preferences(connection, *of, wish, now=now)
        )
        # What is typed counts as changed: nobody learns by guessing what is stored.
        is_same = (
            after is not None
            and (after.lists, after.language) == (before.lists, before.language)
            and not wish.fields.keys() - {LANGUAGE_FIELD}
        )
        is_other_language = after is not None and after.language != before.language
        return self._page(
            request,
            after,
            result="unchanged" if is_same else "saved",
            language=known_language(after.language)
            if after and is_other_language
            else "",
        )

    async def _ask_for_address(self, request: Request, typed: str) -> Response:
        now, keyring = self.site.now(), self.site.desk.keyring
        before = await self._read(request)
        if before is None:
            return self.site.unknown(request)
        if not can_notify(self._settings):
            return self._page(request, before)
        try:
            email = normalise_address(typed)
        except ValueError:
            return self._page(request, before, result="problems", wrong_email=typed)
        hops = self._settings.web.trusted_hops
        if not self.flood.allows(client_network(request.scope, hops), now):
            return self.site.too_many(request)
        token = request.path_params["token"]
        language = self.site.language(request, before.language)
        await in_even_time(
            self.site.commit(
                lambda connection: ask_for_address(
                    connection, keyring, token, email, language=language, now=now
                )
            )
        )
        return self._page(request, before, result="asked")

    async def _read(self, request: Request) -> Preferences | None:
        of = self._of(request)
        return await self.site.read(
            lambda connection: read_preferences(connection, *of)
        )

    def _of(self, request: Request) -> tuple[Keyring, Settings, str]:
        keyring = self.site.desk.keyring
        return keyring, self._settings, request.path_params["token"]

    @property
    def _settings(self) -> Settings:
        return self.site.project.settings

    def _page(
        self,
        request: Request,
        shown: Preferences | None,
        *,
        result: str = "",
        form: Form | None = None,
        typed: Typed | None = None,
        wrong_email: str | None = None,
        language: str = "",
    ) -> Response:
        if shown is None:
            return self.site.unknown(request)
        entries = show_asked(
            self._settings,
            typed or Typed(),
            stored=shown.filled_in,
            erased=form.get("erase", ()) if form else (),
        )
        chosen = text_of(form, "language") if form else shown.language
        return self.site.page(
            request,
            "preferences",
            own=shown.language,
            language=language,
            masked_address=shown.masked_address,
            result=result,
            undo=shown.undo_token,
            is_on_any=any(shown.lists.values()),
            choices=self._choices(shown, form),
            languages=languages_for(shown.language),
            own_language=chosen,
            entries=[entry for entry in entries if entry.name != LANGUAGE_FIELD],
            can_write=can_notify(self._settings),
            email=wrong_email or "",
            email_problem=wrong_email is not None,
        )

    def _choices(self, shown: Preferences, form: Form | None) -> list[Choice]:
        ticked = None if form is None else form.get("list", ())
        return [
            Choice(
                slug,
                self.site.pages.title_of(slug),
                self._description(slug),
                is_on=is_on if ticked is None else slug in ticked,
                was_on=is_on if form is None else slug in form.get("was", ()),
            )
            for slug, is_on in shown.lists.items()
        ]

    def _description(self, slug: str) -> str:
        listed = self._settings.lists.get(slug)
        return listed.description if listed else ""


def read_wish(form: Form, before: Preferences, typed: Typed, *, language: str) -> Wish:
    """Return what a form changes.

    Args:
        form: ``list`` is what is ticked, ``was`` what was when the page was shown,
            ``erase`` the fields that nothing is to be stored in.
        before: How things stand.
        typed: The fields that were asked for.
        language: Of the page.
    """
    ticked, was = frozenset(form.get("list", ())), frozenset(form.get("was", ()))
    erased = before.filled_in & frozenset(form.get("erase", ()))
    filled_in = {name: value for name, value in typed.values.items() if value}
    fields = {**dict.fromkeys(erased, ""), **filled_in}
    wanted = text_of(form, "language")
    if wanted and wanted in languages_for(before.language):
        fields[LANGUAGE_FIELD] = wanted
    return Wish(was - ticked, ticked - was, fields, language)


def languages_for(own: str) -> dict[str, str]:
    """Return the languages that somebody may choose: tag -> its own name.

    Args:
        own: What they read now, which may be one that we have no words in; empty: they
            never chose, and may leave it at that.
    """
    first = {} if own in OWN_NAMES else {own: language_name(own, own)}
    return {**first, **OWN_NAMES}
