"""The mails that people ask for on a page, as a mail program shows them."""

import email
import email.policy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.i18n import CATALOGUES
from newsletter.messages.notice import NoticeLinks, write_notice
from newsletter.model.notice import Notice, NoticeKind
from newsletter.model.settings import NewsletterSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

#: Longer than a phone is wide, and without a place to break.
LONG = "Verkeersdeelnemersbelangenverenigingsnieuwsbrief"
NEWSLETTER = NewsletterSettings(
    name=LONG, sender="letter@example.org", address="12 Harbour Lane\nUtrecht"
)
LINKS = NoticeLinks(
    *(
        f"https://news.example.org/{page}/11g1ht2t5sltuua6ab4umadbh5g94t"
        for page in "cnpu"
    )
)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: Of a whole web page; a mail is shown inside one of the mail program.
OF_A_PAGE = ("landmark-one-main", "page-has-heading-one", "region")
#: The mail names no colour, so the program's own meet: axe-core takes its ground for
#: white, which it is not in the dark.
OF_LIGHT = ("color-contrast",)


def written(kind: NoticeKind, language: str) -> str:
    message = write_notice(
        Notice(7, kind, 3, "anna@example.org", language),
        NEWSLETTER,
        LINKS,
        message_token="abc123",
        sent_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", NoticeKind)
def test_notice_is_readable_in_every_language_on_a_phone(
    browser: "Browser", axe: str, kind: NoticeKind, scheme: Any
) -> None:
    left_out = (*OF_A_PAGE, *(OF_LIGHT if scheme == "dark" else ()))
    with browser.new_context(
        offline=True, color_scheme=scheme, viewport={"width": 320, "height": 600}
    ) as context:
        page = context.new_page()
        for language in ("en", *CATALOGUES):
            page.set_content(written(kind, language))
            page.evaluate(axe)
            options = {
                "runOnly": {"type": "tag", "values": list(TAGS)},
                "rules": {rule: {"enabled": False} for rule in left_out},
            }
            result = page.evaluate("options => axe.run(options)", options)
            assert result["passes"]
            assert [one["id"] for one in result["violations"]] == []
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, language
