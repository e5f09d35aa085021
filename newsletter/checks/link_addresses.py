"""Where the links of an issue lead, as their addresses tell without asking anybody."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_address

from newsletter.checks.facts import Facts, found
from newsletter.checks.link_names import forged_scripts, shown_host
from newsletter.checks.links.clean import shown_address
from newsletter.checks.links.domains import host_of
from newsletter.checks.places import named_lines, other_lines, shown_url
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
        *_report_numbers(uses, checked),
        *_report_short(uses, checked),
        *_report_forged(uses),
    ]


def is_shortened(url: str) -> bool:
    """Whether *url* is a short one for another address."""
    return host_of(url).removeprefix("www.") in SHORTENERS


#: Address, as shown in reports -> what was found of it.
_Checked = Mapping[str, CheckedLink]


def _by(key: Callable[[str], str], uses: Iterable[LinkUse]) -> list[list[LinkUse]]:
    """Return the uses of each *key* of an address together; of an empty one, none."""
    groups: dict[str, list[LinkUse]] = {}
    for use in uses:
        if cause := key(use.url):
            groups.setdefault(cause, []).append(use)
    return list(groups.values())


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


def _report_numbers(uses: list[LinkUse], checked: _Checked) -> Iterator[Finding]:
    public = (
        use for use in uses if not _is_unsafe(checked.get(shown_address(use.url)))
    )
    for group in _by(_number_in, public):
        use, also = group[0], other_lines([use.place for use in group])
        yield found(
            "link-ip",
            use.place,
            f'"{use.words}" leads to a number, {_number_in(use.url)}, '
            f"not to the name of a site{also}.",
            "Write the name of the site: readers and mail filters distrust numbers.",
        )


def _is_unsafe(checked: CheckedLink | None) -> bool:
    return checked is not None and checked.judgement.verdict is Verdict.UNSAFE


def _number_in(url: str) -> str:
    host = host_of(url)
    return host if _is_number(host) else ""


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _report_short(uses: list[LinkUse], checked: _Checked) -> Iterator[Finding]:
    for group in _by(lambda url: url if is_shortened(url) else "", uses):
        use = group[0]
        link = checked.get(shown_address(use.url))
        new = link.judgement.new_url if link else ""
        yield found(
            "link-shortener",
            use.place,
            f'"{use.words}" ({shown_url(use.url)}) hides where it leads.',
            f"Write {new}."
            if new
            else "Open it, and write the address at which you arrive: "
            "mail filters distrust short ones.",
        )


def _report_forged(uses: list[LinkUse]) -> Iterator[Finding]:
    for group in _by(_forged_host, uses):
        use, host = group[0], _forged_host(group[0].url)
        letters = " and ".join(forged_scripts(host))
        others = sorted({each.place for each in group} - {use.place})
        also = f"; also on {named_lines(others)}" if others else ""
        yield found(
            "link-homograph",
            use.place,
            f'the name "{host}" has letters that look like others ({letters}{also}).',
            "Copy the address from the site itself: forged names look like this.",
        )


def _forged_host(url: str) -> str:
    host = shown_host(host_of(url))
    return host if forged_scripts(host) else ""
