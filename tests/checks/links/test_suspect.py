from dataclasses import replace

import pytest

from newsletter.checks.links.domains import (
    host_of,
    is_front_page,
    registered_domain,
)
from newsletter.checks.links.judge import judge
from newsletter.model.link import Hop, Judgement, Observation, PageFacts, Verdict

URL = "https://site.example/news/2023/a-long-story"
ARTICLE = PageFacts(
    "text/html",
    title="A long story | Site",
    headline="A long story",
    words="Word and word. " * 40,
    anchors=("part-one", "user-content-install", "Überschrift"),
    is_whole=True,
    size_bytes=5000,
)


def judged(
    page: PageFacts, *hops: Hop, status: int = 200, fragment: str = ""
) -> Judgement:
    look = Observation(URL, hops, status=status, page=page)
    return judge([look, look], fragment=fragment)


def suspect(reason: str) -> Judgement:
    return Judgement(Verdict.SUSPECT, reason, status=200)


# --- pages that say that they are gone ------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Page not found",
        "404 - Page Not Found",
        "404: Page not found",
        "404 Not Found",
        "Error 404 (Not Found)",
        "Oops! That page can’t be found.",
        "The page you requested could not be found",
        "The page you are looking for doesn't exist",
        "This page no longer exists",
        "Sorry, this page isn't available.",
        "We can't find that page",
        "404 - File or directory not found.",
        "Pagina niet gevonden",
        "Deze pagina bestaat niet (meer)",
        "Helaas, deze pagina bestaat niet meer",
        "De opgevraagde pagina kan niet worden gevonden",
        "Fout 404 Pagina niet gevonden",
        "Seite nicht gefunden",
        "Die angeforderte Seite wurde nicht gefunden",
        "Diese Seite existiert leider nicht mehr",
        "Page introuvable",
        "Cette page n’existe plus",
        "Erreur 404 : page non trouvée",
        "الصفحة غير موجودة",
        "لم يتم العثور على الصفحة",
        "404 الصفحة المطلوبة غير موجودة",
        "Página no encontrada",
        "Страница не найдена",
    ],
)
def test_page_that_says_it_is_gone_is_suspect(words: str) -> None:
    reason = f'the page answers, and says that it is gone: "{words}".'
    gone = replace(ARTICLE, title=f"{words} | Site", headline="Site")
    assert judged(gone).verdict is Verdict.SUSPECT
    assert judged(replace(ARTICLE, title="Site", headline=words)) == suspect(reason)


@pytest.mark.parametrize("words", ["404", "Not found", "Niet gevonden", "Error 404"])
def test_short_page_that_says_little_is_suspect(words: str) -> None:
    short = replace(ARTICLE, title=words, headline=words, words="Back to the start")
    assert judged(short).verdict is Verdict.SUSPECT
    assert judged(replace(short, words=ARTICLE.words)).verdict is Verdict.OK
    assert judged(replace(short, is_whole=False)).verdict is Verdict.OK


@pytest.mark.parametrize(
    "title",
    [
        "How to design a 404 page",
        "Page not found: a history of the 404 error",
        "404 Media",
        "Why 404 not found pages matter - A blog",
        "Lost and not found | Site",
        "Kind niet gevonden na zoektocht",
        "Room 404",
        "De pagina die niet gevonden wilde worden",
        "Error handling",
        "The missing page",
        "Article 404",
    ],
)
def test_article_about_pages_that_are_gone_is_ok(title: str) -> None:
    page = replace(ARTICLE, title=title, headline=title)
    assert judged(page) == Judgement(Verdict.OK, status=200)


def test_redirect_to_an_error_page_is_suspect() -> None:
    hop = Hop(302, "https://site.example/error/404.html")
    reason = 'the page answers, and says that it is gone: "404.html".'
    assert judged(ARTICLE, hop) == suspect(reason)


# --- parked, empty --------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        PageFacts("text/html", sources=("https://www.parkingcrew.net/jsparking.php",)),
        PageFacts(
            "text/html", title="site.example is for sale | HugeDomains", is_whole=True
        ),
        PageFacts("text/html", words="This domain is for sale.", is_whole=True),
        PageFacts("text/html", words="Deze domeinnaam is te koop", is_whole=True),
        PageFacts(
            "text/html", headline="Diese Domain steht zum Verkauf", is_whole=True
        ),
        PageFacts("text/html", words="Le nom de domaine est à vendre", is_whole=True),
        PageFacts("text/html", words="هذا النطاق للبيع", is_whole=True),
        PageFacts("text/html", title="Parked Domain", is_whole=True),
    ],
)
def test_parked_domain_is_suspect(page: PageFacts) -> None:
    assert judged(page) == suspect(
        "the domain site.example is parked or for sale: its site is gone."
    )


def test_redirect_to_a_seller_of_domains_is_suspect() -> None:
    hop = Hop(302, "https://www.hugedomains.com/domain_profile.cfm?d=site.example")
    assert judged(ARTICLE, hop).verdict is Verdict.SUSPECT


def test_article_about_domains_for_sale_is_ok() -> None:
    words = "A domain for sale: how it came that this domain is for sale. " * 10
    page = replace(ARTICLE, title="A domain for sale", words=words[:600])
    assert judged(page).verdict is Verdict.OK


@pytest.mark.parametrize(
    "title",
    ["Welcome to nginx!", "Apache2 Ubuntu Default Page: It works", "Account Suspended"],
)
def test_page_of_an_empty_site_is_suspect(title: str) -> None:
    page = PageFacts("text/html", title=title, words="If you see this", is_whole=True)
    reason = "its site is empty: only a page of its provider stands there."
    assert judged(page) == suspect(reason)


# --- front pages ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        "https://site.example/",
        "https://www.site.example",
        "https://site.example/nl/",
        "https://site.example/index.php",
        "https://new.example/",
        "https://site.example/?utm_source=old",
    ],
)
@pytest.mark.parametrize("status", [301, 302])
def test_deep_link_sent_to_a_front_page_is_suspect(end: str, status: int) -> None:
    reason = f"it leads to the front page of {host_of(end)}, not to a page of its own."
    assert judged(ARTICLE, Hop(status, end)) == suspect(reason)


def test_page_that_sends_itself_to_the_front_page_is_suspect() -> None:
    assert judged(replace(ARTICLE, refresh="/")).verdict is Verdict.SUSPECT


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("https://site.example/", "https://site.example/nl/"),
        ("https://site.example/nl", "https://site.example/"),
        ("https://site.example/?utm_campaign=x", "https://site.example/"),
        ("https://short.example/x7", "https://site.example/"),
        ("https://site.example/contact", "https://site.example/#contact"),
        ("https://site.example/a/b/c", "https://site.example/c"),
        ("https://site.example/a/b/c", "https://site.example/?p=7"),
    ],
)
def test_redirect_that_may_be_meant_is_no_suspicion(start: str, end: str) -> None:
    look = Observation(start, (Hop(302, end),), status=200, page=ARTICLE)
    assert judge([look]).verdict is Verdict.OK


# --- anchors --------------------------------------------------------------------------


def test_missing_anchor_is_suspect() -> None:
    reason = 'the page has no place called "#part-two".'
    assert judged(ARTICLE, fragment="part-two") == suspect(reason)


@pytest.mark.parametrize(
    "fragment",
    [
        *("", "part-one", "Part-One", "install", "%C3%9Cberschrift", "Überschrift"),
        *("top", "TOP", ":~:text=some%20words", "part-two:~:text=x", "/route", "!/old"),
        *("page=3", "gid=0", "L10", "L10-L20", "t=30", "?x"),
    ],
)
def test_fragment_that_is_there_or_names_no_place_is_ok(fragment: str) -> None:
    assert judged(ARTICLE, fragment=fragment) == Judgement(Verdict.OK, status=200)


@pytest.mark.parametrize(
    "page",
    [
        replace(ARTICLE, is_whole=False),
        replace(ARTICLE, media_type="application/pdf"),
        replace(ARTICLE, anchors=tuple(f"a{n}" for n in range(1000))),
        replace(ARTICLE, words="Loading", sources=("/app.js",)),
    ],
)
def test_anchor_that_cannot_be_looked_up_is_ok(page: PageFacts) -> None:
    assert judged(page, fragment="part-two").verdict is Verdict.OK


def test_anchor_of_a_redirect_comes_before_that_of_the_link() -> None:
    hop = Hop(302, "https://site.example/news/other#elsewhere")
    assert judged(ARTICLE, hop, fragment="part-two").verdict is Verdict.OK


# --- walls ----------------------------------------------------------------------------

WALL = PageFacts("text/html", words="Verify you are human.", is_whole=True)


@pytest.mark.parametrize("status", [200, 202, 403, 404, 405, 406, 410, 429, 503, 999])
@pytest.mark.parametrize(
    "page",
    [
        replace(WALL, title="Just a moment..."),
        replace(WALL, title="Een moment geduld…"),
        replace(WALL, title="Attention Required! | Cloudflare"),
        replace(WALL, title="Access Denied"),
        replace(WALL, title="site.example", headline="Sorry, you have been blocked"),
        replace(WALL, title="Pardon Our Interruption"),
        replace(WALL, title="Access to this page has been denied."),
        replace(WALL, title="Making sure you're not a bot!"),
        replace(WALL, sources=("/_Incapsula_Resource?SWJIYLWA=7",)),
        replace(WALL, sources=("https://ct.captcha-delivery.com/c.js",)),
        replace(WALL, sources=("https://x.edge.sdk.awswaf.com/challenge.js",)),
        replace(
            WALL, sources=("/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page",)
        ),
        replace(WALL, refresh="/.well-known/sgcaptcha/?r=%2F"),
    ],
)
def test_wall_is_blocked_whatever_its_status(page: PageFacts, status: int) -> None:
    reason = "the site lets no program look at this page."
    expected = Judgement(Verdict.BLOCKED, reason, status=status)
    assert judged(page, status=status) == expected


@pytest.mark.parametrize(
    "title", ["Access denied: what asylum seekers meet", "Just a moment of your time"]
)
def test_article_with_words_of_a_wall_is_ok(title: str) -> None:
    page = replace(ARTICLE, title=title, headline=title)
    assert judged(page).verdict is Verdict.OK


def test_form_that_is_guarded_is_ok() -> None:
    page = replace(ARTICLE, sources=("https://challenges.cloudflare.com/turnstile.js",))
    assert judged(page).verdict is Verdict.OK


def test_accepted_without_words_is_blocked() -> None:
    page = PageFacts("text/html", is_whole=True)
    assert judged(page, status=202).verdict is Verdict.BLOCKED
    assert judged(ARTICLE, status=202).verdict is Verdict.OK


@pytest.mark.parametrize(
    "end",
    [
        "https://login.site.example/",
        "https://site.example/login?next=%2Fnews",
        "https://site.example/wp-login.php",
        "https://accounts.google.com/v3/signin/identifier",
    ],
)
def test_redirect_to_a_login_is_blocked(end: str) -> None:
    expected = Judgement(Verdict.BLOCKED, "the page asks for a password.", status=200)
    assert judged(ARTICLE, Hop(302, end)) == expected


def test_front_page_with_a_login_is_blocked() -> None:
    page = replace(ARTICLE, asks_password=True)
    hop = Hop(302, "https://site.example/")
    assert judged(page, hop).verdict is Verdict.BLOCKED
    assert judged(page).verdict is Verdict.OK


@pytest.mark.parametrize(
    "end",
    [
        "https://consent.youtube.com/m?continue=x",
        "https://myprivacy.dpgmedia.nl/consent?siteKey=x",
        "https://site.example/cookiewall?return=x",
    ],
)
def test_redirect_to_a_consent_page_is_blocked(end: str) -> None:
    reason = "the site asks its visitors for their consent first."
    expected = Judgement(Verdict.BLOCKED, reason, status=200)
    assert judged(ARTICLE, Hop(302, end)) == expected


# --- moved ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        ("https://site.example/a/b", "https://site.example/a/b/", Verdict.OK),
        ("https://site.example/a/b", "https://site.example/c/d", Verdict.MOVED),
        ("http://site.example/a/b", "https://site.example/a/b", Verdict.MOVED),
        ("https://site.example/a/b", "http://site.example/c/d", Verdict.OK),
        ("https://site.example/", "https://www.site.example/nl/", Verdict.OK),
        ("https://site.example/", "https://new.example/", Verdict.MOVED),
        ("http://site.example/", "https://site.example/", Verdict.MOVED),
    ],
)
def test_new_address_is_told_where_a_reader_gains(
    start: str, end: str, verdict: Verdict
) -> None:
    look = Observation(start, (Hop(301, end),), status=200, page=ARTICLE)
    judged = judge([look])
    assert judged.verdict is verdict
    assert judged.new_url == (end if verdict is Verdict.MOVED else "")


# --- names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.org", "example.org"),
        ("example.org", "example.org"),
        ("a.b.bbc.co.uk", "bbc.co.uk"),
        ("me.github.io", "me.github.io"),
        ("Example.ORG.", "example.org"),
        ("localhost", "localhost"),
    ],
)
def test_registered_domain_is_what_somebody_registered(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://site.example", True),
        ("https://site.example/en-GB/", True),
        ("https://site.example/nl/home.html", True),
        ("https://site.example/?lang=nl", True),
        ("https://site.example/news", False),
        ("https://site.example/?p=3", False),
        ("https://site.example/#contact", False),
        ("https://[x", False),
    ],
)
def test_front_page_is_known_by_its_path(url: str, expected: bool) -> None:
    assert is_front_page(url) is expected
