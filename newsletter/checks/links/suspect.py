"""A page that answered -> why it is not what its link promises, or None. Tables.

Law: a doubt is silence. An article about pages that are gone is an article; a page that
stops programs, asks for a password or for consent is no answer at all.
"""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote, urljoin, urlsplit

from newsletter.checks.links.domains import host_of, is_front_page, registered_domain
from newsletter.model.link import Observation, PageFacts

#: Fewer visible characters than this make a page of one message. An estimate: pages of
#: walls, parked domains and errors are shorter, the first screen of an article longer.
_SHORT = 500

# --- walls ----------------------------------------------------------------------------

NO_PROGRAMS = "the site lets no program look at this page."
ASKS_PASSWORD = "the page asks for a password."  # noqa: S105 - a sentence
ASKS_CONSENT = "the site asks its visitors for their consent first."

#: Titles and headlines of pages that stop programs: Cloudflare in our five languages,
#: Akamai, Imperva, DataDome, HUMAN, AWS, Sucuri, DDoS-Guard, Anubis. From memory: no
#: live page could be opened when this was written (2026-11), as for all lists here.
_WALLS = re.compile(
    r"just a moment|een moment geduld|een ogenblik geduld|nur einen moment"
    r"|un instant|لحظة من فضلك|لحظة"
    r"|attention required|please wait|access denied|zugriff verweigert"
    r"|acc[eè]s refus[eé]|toegang geweigerd|تم رفض الوصول|forbidden|403 forbidden"
    r"|error 403|403|access to this page has been denied|pardon our interruption"
    r"|request unsuccessful|sorry you have been blocked|you have been blocked"
    r"|(are you|you are) (a )?(robot|human)|robot or human|robot check"
    r"|(bot|human|browser) verification|verify (that )?you are (a )?human"
    r"|verifying you are human|security (check|verification)|challenge validation"
    r"|(client|bot|security|browser) challenge|checking your browser"
    r"|checking (if )?the site connection( is secure)?|ddos-guard"
    r"|making sure you're not a bot|sucuri website firewall|human verification"
    r"|sicherheits(ü|ue)berpr(ü|ue)fung|vercel security checkpoint|captcha"
)
#: Fewer characters than this stand beside the script of a wall.
_NOTHING_ELSE = 200
#: In addresses of scripts and frames, and only where there is nothing else on a page:
#: some of them guard a form on a page in its own right.
_WALL_SOURCES = (
    "/cdn-cgi/challenge-platform/",
    "challenges.cloudflare.com",
    "_incapsula_resource",
    "captcha-delivery.com",
    "awswaf.com",
    "px-cloud.net",
    "px-captcha",
    "perimeterx",
    "/_sec/cp_challenge",
    "validate.perfdrive.com",
    "ddos-guard",
    "sgcaptcha",
    "/.within.website/",
)
_LOGIN_HOST = re.compile(r"(login|signin|accounts?|auth|sso|idp|inloggen)\.")
_LOGIN_STEP = re.compile(
    r"(log-?in|sign-?in|inloggen|connexion|wp-login\.php|auth|authorize|sso|saml2?"
    r"|einloggen|login\.(php|aspx?|jsp|html?))"
)
_CONSENT_HOST = re.compile(r"(consent|guce|myprivacy|cookie(s|wall)?)\.")
_CONSENT_STEP = re.compile(r"(cookie-?(consent|wall)|consent|privacy-?gate)")


def wall_reason(look: Observation) -> str | None:
    """Return what stands between us and the page, or None."""
    if look.page is not None and _is_wall(look.page):
        return NO_PROGRAMS
    if look.hops:
        return _gate_reason(look)
    return None


def _is_wall(page: PageFacts) -> bool:
    if len(page.words) < _SHORT and any(map(_WALLS.fullmatch, _phrases(page))):
        return True
    sources = " ".join((*page.sources, page.refresh)).lower()
    is_bare = page.is_whole and len(page.words) < _NOTHING_ELSE
    return is_bare and any(source in sources for source in _WALL_SOURCES)


def is_left_to_script(page: PageFacts) -> bool:
    """Whether there is nothing to read: a script is to make the page.

    Sites without a server of their own answer "not found" for every address that their
    script knows (GitHub Pages and its like).
    """
    return page.is_whole and page.has_script and not page.words


def _is_message(page: PageFacts) -> bool:
    """Whether there is little but one message; of half a page nobody knows."""
    return page.is_whole and len(page.words) < _SHORT


def _gate_reason(look: Observation) -> str | None:
    """Return why a redirect leads to a gate, not to the page."""
    end = look.hops[-1].target
    if _has(end, _CONSENT_HOST, _CONSENT_STEP):
        if not _has(look.url, _CONSENT_HOST, _CONSENT_STEP):
            return ASKS_CONSENT
        return None
    if _has(look.url, _LOGIN_HOST, _LOGIN_STEP):
        return None
    asks = look.page is not None and look.page.asks_password
    if _has(end, _LOGIN_HOST, _LOGIN_STEP) or (asks and is_front_page(end)):
        return ASKS_PASSWORD
    return None


def _has(url: str, host: re.Pattern[str], step: re.Pattern[str]) -> bool:
    if host.match(host_of(url)):
        return True
    return any(step.fullmatch(part) for part in _steps(url))


def _steps(url: str) -> list[str]:
    try:
        return urlsplit(url).path.lower().split("/")
    except ValueError:
        return []


# --- pages that say that they do not exist --------------------------------------------

_CODE = r"(?:(?:error|fout|foutcode|fehler|erreur|http|code|status)? ?404(?: error)?)"
#: Said of a page and nothing else; whole titles and headlines, in lower case.
_GONE = re.compile(
    rf"(?:(?:oops|oeps|ups|hoppla|oups|sorry|helaas|leider|uh oh|whoops) )?"
    rf"(?:{_CODE} )?(?:"
    # English
    r"(?:(?:the|this|that|your) )?(?:requested )?"
    r"(?:page|file|file or directory|document|article|content)"
    r"(?: (?:you (?:requested|were looking for|are looking for)))?"
    r"(?: (?:was|could|can|has|does|is))?"
    r"(?: ?(?:not|n't|no longer)| cannot)(?: be| been)? "
    r"(?:found|exist|exists|available)(?: any ?more| anymore)?"
    r"|(?:(?:the|this|that) )?page (?:can't|couldn't|isn't|cannot) "
    r"(?:be found|be displayed|available)(?: any ?more)?"
    r"|(?:that|the|this) page no longer exists"
    r"|we (?:can't|cannot|couldn't|could not) find (?:that|the|this) page"
    r"|page missing|missing page"
    # Dutch
    r"|(?:(?:de|deze|die) )?(?:opgevraagde |gevraagde )?(?:web)?pagina"
    r"(?: (?:is|kan|kon|werd))? (?:niet (?:worden )?gevonden(?: worden)?"
    r"|bestaat (?:helaas )?niet(?: \(?meer\)?)?|niet (?:meer )?beschikbaar)"
    # German
    r"|(?:(?:die|diese) )?(?:gesuchte |angeforderte |aufgerufene )?(?:web)?seite"
    r"(?: (?:wurde|konnte))? (?:(?:leider )?nicht (?:gefunden(?: werden)?|verfügbar)"
    r"|existiert (?:leider )?nicht(?: mehr)?)"
    # French
    r"|(?:(?:la|cette) )?page (?:demandée )?(?:est )?"
    r"(?:non trouvée|introuvable|n'existe (?:pas|plus)|n'a pas été trouvée"
    r"|n'est plus disponible)"
    # Arabic, Persian
    r"|(?:لم يتم العثور على|لا يمكن العثور على|تعذر العثور على) "
    r"(?:هذه |ال)?(?:الصفحة|صفحة)(?: المطلوبة)?"
    r"|(?:هذه )?الصفحة (?:المطلوبة )?(?:غير موجودة|غير متوفرة|غير متاحة|لا وجود لها)"
    r"|صفحه (?:مورد نظر )?(?:یافت|پیدا) نشد"
    # Spanish, Portuguese, Italian, Danish, Norwegian, Swedish, Polish, Turkish,
    # Russian, Ukrainian
    r"|página no encontrada|página não encontrada|pagina non trovata"
    r"|siden (?:blev|ble) ikke funnet|siden blev ikke fundet|sidan hittades inte"
    r"|nie znaleziono strony|strona nie została znaleziona|sayfa bulunamadı"
    r"|страница не найдена|сторінку не знайдено"
    rf")(?: {_CODE})?|{_CODE} (?:page )?not found|(?:page )?not found {_CODE}"
)
#: Said of pages, and of other things too: counts where there is little else.
_MAYBE_GONE = re.compile(
    rf"{_CODE}|(?:{_CODE} )?(?:not found|niet gevonden|nicht gefunden|introuvable"
    rf"|nothing found|غير موجود|no encontrado)(?: {_CODE})?"
)
#: Where sites send visitors of pages that are gone.
_GONE_STEP = re.compile(
    r"(?:error-?)?404(?:\.\w+)?|(?:page-?)?not-?found(?:\.\w+)?"
    r"|pagina-niet-gevonden|niet-gevonden|seite-nicht-gefunden|page-introuvable"
)

# --- domains without a site -----------------------------------------------------------

_PARKED_SOURCES = (
    "parkingcrew.net",
    "sedoparking.com",
    "bodis.com",
    "parklogic.com",
    "above.com/",
    "parkingpage.namecheap.com",
    "parked-content.godaddy.com",
    "wsimg.com/parking-lander",
    "skenzo.com",
    "d38psrni17bvxu.cloudfront.net",
)
#: Where names are sold; a link to them from elsewhere was a link to a name.
_PARKED_HOSTS = frozenset(
    {
        *("hugedomains.com", "dan.com", "sedo.com", "afternic.com", "undeveloped.com"),
        *("domainmarket.com", "buydomains.com", "brandbucket.com", "atom.com"),
    }
)
_PARKED = re.compile(
    r"\b(?:this |the )?domain (?:name )?(?:\S+ )?(?:is|may be) (?:for sale|parked)"
    r"|\bdomain(?: name)? for sale\b|\bbuy this domain\b|\bparked domain\b"
    r"|\bis for sale [|-] hugedomains|\bthis domain (?:name )?has expired"
    r"|\b(?:dit|deze) domein(?:naam)? is (?:te koop|geregistreerd|gereserveerd)"
    r"|\bdomein(?:naam)? te koop\b|\bgereserveerd voor een klant van"
    r"|\bdiese domain (?:steht (?:zum verkauf|zur verfügung)|ist zu verkaufen)"
    r"|\bdomain (?:zu verkaufen|steht zum verkauf)\b"
    r"|\b(?:ce|le) (?:nom de )?domaine est (?:à vendre|en vente)"
    r"|هذا النطاق (?:معروض )?للبيع|اسم النطاق للبيع"
)
_EMPTY_SITE = re.compile(
    r"welcome to nginx|apache2 \S+ default page( it works)?|iis windows server"
    r"|test page for the .{1,60}|account suspended|site suspended"
    r"|this account has been suspended"
)


def suspicion(look: Observation, fragment: str = "") -> str | None:
    """Return why a page that answered is not what was promised, or None.

    Args:
        look: With a status below 300, and behind no wall.
        fragment: Of the link as written, without its "#".
    """
    page = look.page
    if _is_parked(look):
        return (
            f"the domain {host_of(look.url)} is parked or for sale: its site is gone."
        )
    if gone := _gone_words(look):
        return f'the page answers, and says that it is gone: "{gone}".'
    if page is not None and _is_empty_site(page):
        return "its site is empty: only a page of its provider stands there."
    end = _end_of(look)
    if _leads_home(look.url, end):
        return (
            f"it leads to the front page of {host_of(end)}, not to a page of its own."
        )
    if page is not None and _misses_anchor(look, page, fragment):
        return f'the page has no place called "#{fragment}".'
    return None


def _is_parked(look: Observation) -> bool:
    start, end = (registered_domain(host_of(u)) for u in (look.url, _end_of(look)))
    if end in _PARKED_HOSTS and start not in _PARKED_HOSTS:
        return True
    page = look.page
    if page is None:
        return False
    sources = " ".join((*page.sources, page.refresh)).lower()
    if any(source in sources for source in _PARKED_SOURCES):
        return True
    words = f"{page.title} | {page.headline} | {page.words}".lower()
    return _is_message(page) and _PARKED.search(words) is not None


def _is_empty_site(page: PageFacts) -> bool:
    return _is_message(page) and any(map(_EMPTY_SITE.fullmatch, _phrases(page)))


def _gone_words(look: Observation) -> str:
    """Return the words with which a page says that it is gone, or nothing."""
    page = look.page
    if page is not None:
        words = (page.title, page.headline)
        for said, phrase in _said(words):
            if _GONE.fullmatch(phrase):
                return said
            if _MAYBE_GONE.fullmatch(phrase) and _is_message(page):
                return said
    if look.hops and not any(map(_GONE_STEP.fullmatch, _steps(look.url))):
        last = next(filter(None, reversed(_steps(look.hops[-1].target))), "")
        return last if _GONE_STEP.fullmatch(last) else ""
    return ""


#: Between the name of a page and that of its site.
_SEPARATOR = re.compile(r"\s+[|·»«›‹–—-]\s+|\s*[|»«]\s*")
_MARKS = re.compile(r"[.,:;!?…()\[\]\"“”„/]+|(?<=\s)[–—-]+(?=\s)")


def _phrases(page: PageFacts) -> Iterable[str]:
    return (phrase for _, phrase in _said((page.title, page.headline)))


def _said(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield words as they stand, and their plain form, whole and part by part."""
    for text in texts:
        parts = _SEPARATOR.split(text)
        for said in (text, *(parts if len(parts) > 1 else ())):
            if phrase := _plain(said):
                yield said.strip(), phrase


def _plain(text: str) -> str:
    text = text.lower().replace("\u2019", "'").replace("\u200f", "")
    return " ".join(_MARKS.sub(" ", text).split())


def _end_of(look: Observation) -> str:
    end = look.hops[-1].target if look.hops else look.url
    page = look.page
    if page is None or not page.refresh:
        return end
    try:
        return urljoin(end, page.refresh)
    except ValueError:
        return end


#: A path of one short word is made to be passed on: ``example.org/open``, ``bit.ly/x``.
_VANITY = re.compile(r"/[\w-]{1,15}/?")


def _leads_home(start: str, end: str) -> bool:
    if start == end or is_front_page(start) or not is_front_page(end):
        return False
    is_same_site = registered_domain(host_of(start)) == registered_domain(host_of(end))
    # Elsewhere it may be meant so; on the same site a page has made room for another.
    return is_same_site or not _VANITY.fullmatch(urlsplit(start).path)


#: Not names of places: routes of script pages, text fragments, lines of code, states
#: (``#page=3``, ``#gid=0``), and the top, which every page has (HTML, 7.4.6.4).
_NO_ANCHOR = re.compile(r"|top|[/!:?].*|:~:.*|.*[=&].*|.*:~:.*|L\d+(?:-L?\d+)?", re.I)
_MAX_ANCHORS = 1000


def _misses_anchor(look: Observation, page: PageFacts, fragment: str) -> bool:
    if _NO_ANCHOR.fullmatch(fragment) or any("#" in hop.target for hop in look.hops):
        return False
    if page.media_type not in ("text/html", "application/xhtml+xml"):
        return False
    # What a script writes into an empty page cannot be seen from here.
    is_known = page.is_whole and len(page.anchors) < _MAX_ANCHORS
    if not is_known or (page.sources and _is_message(page)):
        return False
    # A script makes the places to which the page's own links lead: tabs, windows.
    places = page.own_places if page.has_script else ()
    names = {_name(name) for name in (*page.anchors, *places, *map(unquote, places))}
    wanted = {_name(fragment), _name(unquote(fragment))}
    # GitHub and GitLab put this before the names of headings.
    wanted |= {f"user-content-{name}" for name in wanted}
    return not names & wanted


def _name(written: str) -> str:
    return unicodedata.normalize("NFC", written).lower()
