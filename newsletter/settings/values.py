"""What single settings may hold: pydantic types, each with a sentence of ours."""

import re
import unicodedata
from base64 import b64decode
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator

from newsletter.addresses import ascii_host, normalise_address
from newsletter.clients.names import CLIENTS
from newsletter.model.rules import RULES
from newsletter.validation import Address, refuse, shown, suggest

#: C0, DEL and C1, but tab and line end: TOML lets them in as ``\u0007``; and line and
#: paragraph separator, which no header of a mail can hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}){1,2}", re.IGNORECASE)
#: Goes into style attributes of HTML as it is, so nothing that could end one.
_FONT = re.compile(r"""[A-Za-z0-9-]+|'[A-Za-z0-9 -]+'|"[A-Za-z0-9 -]+\"""")
_FONT_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?: [A-Za-z0-9-]+)*")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+-]*")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LIMIT = re.compile(r"([1-9][0-9]{0,8}) ?/ ?(second|minute|hour|day)")
_PASSWORD = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring")
_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+")
_TOPIC = re.compile(
    r"arn:aws(?:-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
)
#: RFC 5480: what stands before the 64 bytes of an uncompressed point.
_P256_FRAME = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256_BYTES = len(_P256_FRAME) + 64
_LANE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.IGNORECASE)
#: RFC 6376, section 3.1: labels as in a name of a host.
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
#: No path is as long, and a key of Ed25519 without its frame is longer.
_MAX_KEY_PATH = 200
#: The longest token of a message or a test that this project will ever write: two ids
#: with ten hexadecimal digits between them (tokens.py).
_LONGEST_TOKEN = "t" * 40
#: That of leaving: 16 million readers, three lists of up to 4,095.
_LONGEST_LEAVING_TOKEN = "t" * 48

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_TAKEN_SCHEMES = frozenset(
    {"http", "https", "mailto", "tel", "javascript", "data", "vbscript", "file"}
)
#: Rule that no setting changes -> why.
_FIXED_RULES = {
    "sender-missing": "every mail must say who sends it.",
    "unsubscribe-place": "every mail must offer a way to leave.",
    "field-unfilled": "no reader may get a mail with a field that is not filled in.",
}
#: Everybody has an address, lists and a day when they joined; the others are places of
#: our own in each mail.
_TAKEN_FIELDS = frozenset(
    {"email", "lists", "domain", "joined", "unsubscribe_url", "preferences_url"}
)


def _check_text(text: str) -> str:
    match = _CONTROL.search(text)
    if match:
        raise refuse(f"holds an invisible character (U+{ord(match[0]):04X}).")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _check_line(text: str) -> str:
    text = _check_text(text)
    if "\n" in text or "\t" in text:
        raise refuse("must be one line of text.")
    return text


def _check_given(text: str) -> str:
    if not text:
        raise refuse("is empty.", "Write it between the quotes.")
    return text


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        advice = suggest(name, available_timezones())
        advice = advice or 'Write it as "Europe/Amsterdam".'
        what = f"names an unknown time zone {shown(name)}."
        raise refuse(what, advice) from error
    return name


def _check_base_url(url: str) -> str:
    advice = 'Write it as "https://newsletter.example.org".'
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = ascii_host(parts.hostname or "")
    except ValueError as error:
        raise refuse(f"is no web address: {shown(url)}.", advice) from error
    if parts.scheme not in ("http", "https") or not _is_host(host):
        raise refuse(f"must begin with https:// and a host, not {shown(url)}.", advice)
    is_bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not is_bare or not re.fullmatch(r"[A-Za-z0-9._~/-]*", parts.path):
        what = f"must be a plain address without ?, # or @, not {shown(url)}."
        raise refuse(what, advice)
    if not url.isascii():
        port = f":{parts.port}" if parts.port is not None else ""
        url = f"{parts.scheme}://{host}{port}{parts.path}"
    return url.rstrip("/")


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(_HOST.fullmatch(host))
    return True


def _check_host(host: str) -> str:
    if "@" in host:
        # What stands before it may be a password, so nothing is repeated.
        raise refuse(
            'must be a name such as "smtp.example.org", without an @.',
            "The name to log in with belongs into user.",
        )
    if not _is_host(host):
        what = f'must be a name such as "smtp.example.org", not {shown(host)}.'
        raise refuse(what)
    return host.lower()


def _check_colour(text: str) -> str:
    if not _COLOUR.fullmatch(text):
        raise refuse(f'must be a colour such as "#0b5cad", not {shown(text)}.')
    digits = text[1:].lower()
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}"


def _check_font(text: str) -> str:
    for name in text.split(","):
        if not (_FONT.fullmatch(name.strip()) or _FONT_WORDS.fullmatch(name.strip())):
            raise refuse(
                f"must be names of fonts with commas between, not {shown(text)}.",
                'Write it as "Georgia, Times New Roman, serif".',
            )
    return text


def _check_file(text: str) -> str:
    parts = text.replace("\\", "/").split("/")
    if ".." in parts or parts[0] in ("", "~") or ":" in parts[0]:
        raise refuse(
            f"must be a file in the project folder, not {shown(text)}.",
            'Write it as "images/logo.png".',
        )
    return text


def _check_scheme(name: str) -> str:
    if not _SCHEME.fullmatch(name):
        raise refuse("cannot begin a link: use letters a to z and digits.")
    if name in _TAKEN_SCHEMES:
        raise refuse("cannot be a short link: it has a meaning of its own.")
    return name


def _check_pattern(url: str) -> str:
    if not url.startswith(("https://", "http://")) or url.count("{}") != 1:
        raise refuse(
            f"must be a web address with one {{}} in it, not {shown(url)}.",
            'Write it as "https://example.org/find?id={}".',
        )
    if re.search(r"\s", url) or re.search(r"[{}]", url.replace("{}", "")):
        raise refuse(f"must be a web address without spaces, not {shown(url)}.")
    return url


def _check_field_name(name: str) -> str:
    if not _FIELD_NAME.fullmatch(name):
        raise refuse("cannot name a field: use letters a to z, digits and _.")
    if name in _TAKEN_FIELDS:
        raise refuse("cannot be declared: it is always there.")
    return name


def _check_rule(name: str) -> str:
    if name not in RULES:
        advice = suggest(name, RULES) or f"Rules are: {', '.join(RULES)}."
        raise refuse("is not a rule of the checks.", advice)
    if RULES[name].is_fixed:
        raise refuse(f"cannot be changed: {_FIXED_RULES[name]}")
    return name


def _check_client(name: str) -> str:
    if name not in CLIENTS:
        advice = suggest(name, CLIENTS) or f"Programs are: {', '.join(CLIENTS)}."
        raise refuse(f"names an unknown mail program {shown(name)}.", advice)
    return name


def _check_limit(text: str) -> tuple[int, int]:
    match = _LIMIT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise refuse(
            f"holds a limit that cannot be read: {shown(text)}.",
            'Write it as "300/hour"; there are second, minute, hour and day.',
        )
    return int(match[1]), _SECONDS[match[2]]


def _check_password(text: str) -> str:
    # The value is never repeated: messages end up in logs and screenshots.
    if not _PASSWORD.fullmatch(text):
        raise refuse(
            "must not stand in this file.",
            'Write password = "keyring" and give it to newsletter login; or write '
            '"env:NAME" for an environment variable, or "file:PATH" for a file that '
            "only you can read.",
        )
    return text


def _check_secret(text: str) -> str:
    # The value is never repeated: messages end up in logs and screenshots.
    if not _SECRET.fullmatch(_check_given(text)):
        raise refuse(
            "must not stand in this file.",
            'Write "env:NAME" for an environment variable, or "file:PATH" for a file '
            "that only you can read.",
        )
    return text


def _check_topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise refuse(
            f"must be the ARN of a topic, not {shown(text)}.",
            'Write it as "arn:aws:sns:eu-west-1:123456789012:newsletter".',
        )
    return text


def _check_public_key(text: str) -> str:
    key = "".join(text.split())
    if not is_p256_key(key):
        raise refuse(
            "is no public key for ECDSA on P-256.",
            'SendGrid shows it as "Verification Key"; it begins with "MFkw".',
        )
    return key


def is_p256_key(key: str) -> bool:
    """Tell whether *key* is base64 of such a public key in its usual frame."""
    try:
        data = b64decode(key, validate=True)
    except ValueError:
        return False
    return len(data) == _P256_BYTES and data.startswith(_P256_FRAME)


def _check_bounce(text: str) -> str:
    advice = 'Write it as "news+{token}@example.org".'
    local, _, domain = text.partition("@")
    if text.count("{token}") != 1 or "{token}" not in local:
        what = f"must hold {{token}} once, before the @, not {shown(text)}."
        raise refuse(what, advice)
    if re.search(r"[{}]", text.replace("{token}", "")):
        raise refuse(f"holds a brace too many: {shown(text)}.", advice)
    try:
        normal = normalise_address(f"{local.replace('{token}', 't')}@{domain}")
        normalise_address(text.replace("{token}", _LONGEST_TOKEN))
    except ValueError as error:
        said = f"{error}"
        if "longer than" in said:
            said = f"with a token of {len(_LONGEST_TOKEN)} characters, {said}"
        raise refuse(f"cannot be {shown(text)}: {said}", advice) from error
    return f"{local}@{normal.rpartition('@')[2]}"


def _check_leaving(text: str) -> str:
    try:
        normalise_address(text.replace("{token}", _LONGEST_LEAVING_TOKEN))
    except ValueError as error:
        length = len(_LONGEST_LEAVING_TOKEN)
        raise refuse(
            f"cannot be {shown(text)}: with a token of {length} characters, {error}",
            'Write it as "leave+{token}@example.org".',
        ) from error
    return text


def _check_domain(text: str) -> str:
    domain = text.lower().rstrip(".")
    try:
        domain = ascii_host(domain)
    except ValueError:
        domain = ""
    is_name = _HOST.fullmatch(domain) and "." in domain and not _is_number(domain)
    if not is_name:
        said = f'must be a domain such as "example.org", not {shown(text)}.'
        raise refuse(said, _advise_domain(text))
    return domain


def _check_domains(text: str) -> str:
    """Return a domain, or one with a dot in front that stands for all below it too."""
    dot = "." if text.startswith(".") else ""
    return dot + _check_domain(text.removeprefix("."))


def _is_number(domain: str) -> bool:
    return domain.rpartition(".")[2].isdecimal()


def _advise_domain(text: str) -> str:
    host = re.sub(r"^(?:.*@|\*\.|https?://)", "", text.strip().lower()).rstrip("./")
    if host == text or not _HOST.fullmatch(host) or "." not in host:
        return ""
    return f'Did you mean "{"." if text.startswith("*.") else ""}{host}"?'


def _check_lane(name: str) -> str:
    if not _LANE.fullmatch(name):
        raise refuse("cannot name a lane: use letters, digits and single hyphens.")
    return name


def _check_selector(text: str) -> str:
    first = text.partition(".")[0]
    if "._domainkey" in text.lower() and _SELECTOR.fullmatch(first):
        what = f"must be the first word of the DNS name alone, not {shown(text)}."
        raise refuse(what, f'Did you mean "{first.lower()}"?')
    if not is_selector(text):
        raise refuse(f'must be a word such as "news2026", not {shown(text)}.')
    return text.lower()


def is_selector(text: str) -> bool:
    """Tell whether a key can have this name in the DNS (RFC 6376, section 3.1)."""
    return all(_SELECTOR.fullmatch(label) for label in text.split("."))


def _check_key_file(text: str) -> str:
    # A key is never repeated: messages end up in logs and screenshots.
    if "\n" in text or "-----" in text or len(text) > _MAX_KEY_PATH:
        raise refuse(
            "must be the name of a file; the key itself must not stand in here.",
            'Put the key into a file that only you can read, and write its name: "'
            'subscribers/dkim.key".',
        )
    return text


def _check_database(url: str) -> str:
    # A whole address could hold a password, so it is not repeated.
    if not re.fullmatch(r"sqlite:///[^?#]+", url) or url.endswith(":memory:"):
        raise refuse(
            "must be an SQLite file.",
            'Write it as "sqlite:///subscribers/newsletter.db".',
        )
    return url


#: Text of several lines.
Prose = Annotated[str, AfterValidator(_check_text)]
#: Text of one line.
Line = Annotated[str, AfterValidator(_check_line)]
GivenLine = Annotated[Line, AfterValidator(_check_given)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
Host = Annotated[str, AfterValidator(_check_host)]
Colour = Annotated[str, AfterValidator(_check_colour)]
FontStack = Annotated[str, AfterValidator(_check_font)]
ProjectFile = Annotated[str, AfterValidator(_check_file)]
Scheme = Annotated[str, AfterValidator(_check_scheme)]
LinkPattern = Annotated[str, AfterValidator(_check_pattern)]
FieldName = Annotated[str, AfterValidator(_check_field_name)]
RuleName = Annotated[str, AfterValidator(_check_rule)]
ClientName = Annotated[str, AfterValidator(_check_client)]
#: (messages, seconds).
Limit = Annotated[tuple[int, int], BeforeValidator(_check_limit)]
SecretSource = Annotated[str, AfterValidator(_check_secret)]
Topic = Annotated[str, AfterValidator(_check_topic)]
PublicKey = Annotated[str, AfterValidator(_check_public_key)]
PasswordSource = Annotated[str, AfterValidator(_check_password)]
#: An address with ``{token}`` before the ``@``.
BounceAddress = Annotated[str, AfterValidator(_check_bounce)]
#: An address, with or without ``{token}`` before the ``@``.
LeavingAddress = Annotated[Address, AfterValidator(_check_leaving)]
#: Lower-case A-labels.
Domain = Annotated[str, AfterValidator(_check_domain)]
#: The same, or with a dot in front.
Domains = Annotated[str, AfterValidator(_check_domains)]
LaneName = Annotated[str, AfterValidator(_check_lane)]
Selector = Annotated[str, AfterValidator(_check_selector)]
KeyFile = Annotated[str, AfterValidator(_check_key_file)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database)]
