"""Where the links of an issue lead, as their addresses tell without asking anybody."""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address

from newsletter.checks.facts import Facts, found
from newsletter.checks.link_names import forged_scripts, shown_host
from newsletter.checks.links.clean import shown_address
from newsletter.checks.links.domains import host_of
from newsletter.checks.places import named_lines, shown_url
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding
from newsletter.model.link import CheckedLink, Verdict

#: Hosts that shorten addresses for anybody: the usual ones, chosen by hand. Short names
#: that one site keeps for itself, such as youtu.be or aka.ms, say where they lead and
#: are not among them.
SHORTENERS = frozenset(
    {
        # Also in 25_url_shortener.cf of SpamAssassin 4.0.1, which has 219 (2026-11).
        *("bit.ly", "bitly.com", "bitly.ws", "j.mp", "tinyurl.com", "tiny.one", "t.co"),
        *("goo.gl", "ow.ly", "is.gd", "t.ly", "rb.gy", "cutt.ly", "shorturl.at"),
        *("tiny.cc", "lnkd.in", "s.id", "dlvr.it", "clck.ru", "u.to", "snip.ly"),
        # Not there, and from memory.
        *("v.gd", "buff.ly", "bl.ink", "rebrand.ly", "ift.tt", "shorte.st", "adf.ly"),
        *("qr.ae", "urlz.fr", "kurzelinks.de", "soo.gd"),
    }
)


def check_link_addresses(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report addresses that readers, browsers or mail filters have reason to doubt."""
    uses = [use for use in assembled.links if use.url and use.kind != "own"]
    checked = {link.use.url: link for link in facts.links}
    return [
        *_report_http(uses, checked),
        *_report(uses, checked, _number_finding),
        *_report(uses, checked, _shortener_finding),
        *_report(uses, checked, _forged_finding),
    ]


#: Address, as shown in reports -> what was found of it.
_Checked = Mapping[str, CheckedLink]


def _report(
    uses: list[LinkUse],
    checked: _Checked,
    finding_of: Callable[[LinkUse, CheckedLink | None], Finding | None],
) -> Iterator[Finding]:
    """Yield what *finding_of* says of each address, once, at its first use."""
    for use in {use.url: use for use in reversed(uses)}.values():
        finding = finding_of(use, checked.get(shown_address(use.url)))
        if finding is not None:
            yield finding


def _report_http(uses: list[LinkUse], checked: _Checked) -> Iterator[Finding]:
    plain = [use for use in uses if _is_plain(use, checked.get(shown_address(use.url)))]
    if len(plain) == 1:
        message = (
            f'"{plain[0].words}" begins with http://: browsers call it not secure.'
        )
        advice = "Write https:// if the page opens with it."
        yield found("link-http", plain[0].place, message, advice)
    elif plain:
        lines = named_lines(use.place for use in plain)
        message = (
            f"{len(plain)} links begin with http:// ({lines}): "
            "browsers call their pages not secure."
        )
        advice = "Write https:// wherever the page opens with it."
        yield found("link-http", plain[0].place, message, advice)


def _is_plain(use: LinkUse, checked: CheckedLink | None) -> bool:
    # What has moved to https, or is wrong altogether, has a finding of its own.
    is_told = checked is not None and checked.judgement.verdict in (
        Verdict.MOVED,
        Verdict.BROKEN,
        Verdict.INVALID,
        Verdict.UNSAFE,
    )
    return use.url.lower().startswith("http://") and not is_told


def _number_finding(use: LinkUse, checked: CheckedLink | None) -> Finding | None:
    host = host_of(use.url)
    is_private = checked is not None and checked.judgement.verdict is Verdict.UNSAFE
    if is_private or not _is_number(host):
        return None
    message = f'"{use.words}" leads to a number, {host}, not to the name of a site.'
    advice = "Write the name of the site: readers and mail filters distrust numbers."
    return found("link-ip", use.place, message, advice)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _shortener_finding(use: LinkUse, checked: CheckedLink | None) -> Finding | None:
    host = host_of(use.url).removeprefix("www.")
    if host not in SHORTENERS:
        return None
    message = f'"{use.words}" ({shown_url(use.url)}) hides where it leads.'
    new = checked.judgement.new_url if checked else ""
    advice = (
        f"Write {new}."
        if new
        else "Open it, and write the address at which you arrive: "
        "mail filters distrust short ones."
    )
    return found("link-shortener", use.place, message, advice)


def _forged_finding(use: LinkUse, checked: CheckedLink | None) -> Finding | None:
    del checked
    host = shown_host(host_of(use.url))
    scripts = forged_scripts(host)
    if not scripts:
        return None
    letters = " and ".join(scripts)
    message = f'the name "{host}" has letters that look like others ({letters}).'
    advice = "Copy the address from the site itself: forged names look like this."
    return found("link-homograph", use.place, message, advice)
