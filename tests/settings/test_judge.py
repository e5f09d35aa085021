"""Settings and what is wrong with them."""

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from newsletter.clients.names import CLIENTS
from newsletter.model.rules import RULES
from newsletter.model.settings import (
    DkimSettings,
    FieldSettings,
    HooksSettings,
    LaneSettings,
    ListSettings,
    NewsletterSettings,
    ServerSettings,
    Settings,
    Theme,
    WebSettings,
)
from newsletter.settings.judge import judge_settings

_P256 = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjJoM+sTBGfKWboszK8gccLnTn18E"
    "ve/tOyv1KqUfGktdPJJhdg0VZWoK7K1BgNmbjSxvyITSS/tHfqNwNYu0JQ=="
)
#: What is added to it begins in line 4.
_BASE = '[newsletter]\nname = "N"\nsender = "n@example.org"\n'


def _problems(text: str) -> list[str]:
    return [str(problem) for problem in judge_settings(text, "n.toml")[1]]


def _settings(more: str) -> Settings:
    settings, problems = judge_settings(_BASE + more, "n.toml")
    assert problems == []
    assert settings is not None
    return settings


def test_least_settings_have_the_defaults_of_the_model() -> None:
    assert _settings("") == Settings(NewsletterSettings("N", "n@example.org"))


def test_every_setting_is_read() -> None:
    text = """
[newsletter]
name = "Noorderlicht"
sender = "Steunpunt <news@Example.org>"
language = "nl"
time_zone = "Europe/Amsterdam"
reply_to = "Bureau <bureau@example.org>"
address = "Postbus 1\\n3500 AA Utrecht"
about = '''

Een.

Twee.
'''
base_url = "https://brief.example.org/news/"
list = "leden"
unsubscribe_address = "uit@example.org"
bounce_address = "News+{token}@Example.org"
hold_seconds = 0

[template]
name = "letter"
number_sections = true
colour = "#FFF"
accent = "#0B5CAD"
font = "Georgia, 'Times New Roman', serif"
logo = "images/logo.png"
width = 640
images = "hosted"

[shortlinks]
ecli = "https://deeplink.example/uitspraak?id={}"

[lists.leden]
title = "Leden"
description = "Iedere maand."
public = true

[lists.donors]

[fields.first_name]
fallback = ""

[fields.since]
type = "date"

[[server]]
host = "SMTP.example.org"
port = 587
user = "u"
security = "starttls"
password = "env:SMTP_PASSWORD"
allow_clear_text = false
connections = 2
messages_per_connection = 10
window = 4
limits = ["300/hour", "2000 / day"]
timeout_seconds = 30

[[server]]
host = "smtp.example.net"
user = "v"
password = "keyring"

[lanes.google]
domains = ["Gmail.com", "gmail.com", ".Google.com"]
connections = 7
messages_per_connection = 5
limits = ["10/minute"]

[lanes.t-online]
domains = "t-online.de"

[[dkim]]
domain = "München.example.org"
selector = "News2026"
key = "/etc/newsletter/dkim.key"

[[dkim]]
domain = "mailer.example.net"
selector = "a.b"
key = "subscribers/dkim.key"
algorithm = "ed25519"

[database]
url = "sqlite:////var/lib/newsletter.db"

[checks]
clients = ["orange", "gmx", "orange"]
link-moved = "off"
size-large = "error"

[test]
to = ["a@example.org", "b@example.org"]

[hooks.ses]
topic = "arn:aws:sns:eu-west-1:123456789012:news_1"

[hooks.mailgun]
key = "env:MAILGUN_KEY"

[hooks.postmark]
password = "file:subscribers/postmark.password"

[web]
port = 80
"""
    text += f'[hooks.sendgrid]\nkey = " {_P256[:60]} {_P256[60:]}"\n'
    settings, problems = judge_settings(text, "n.toml")
    assert problems == []
    assert settings == Settings(
        NewsletterSettings(
            name="Noorderlicht",
            sender="Steunpunt <news@example.org>",
            language="nl",
            time_zone="Europe/Amsterdam",
            reply_to="Bureau <bureau@example.org>",
            address="Postbus 1\n3500 AA Utrecht",
            about="Een.\n\nTwee.",
            base_url="https://brief.example.org/news",
            list="leden",
            unsubscribe_address="uit@example.org",
            bounce_address="News+{token}@example.org",
            hold_seconds=0,
        ),
        Theme(
            name="letter",
            number_sections=True,
            colour="#ffffff",
            accent="#0b5cad",
            font="Georgia, 'Times New Roman', serif",
            logo="images/logo.png",
            width=640,
            images="hosted",
        ),
        {"ecli": "https://deeplink.example/uitspraak?id={}"},
        {
            "leden": ListSettings("Leden", "Iedere maand.", True),
            "donors": ListSettings(),
        },
        {"first_name": FieldSettings("text", ""), "since": FieldSettings("date")},
        ServerSettings(
            host="smtp.example.org",
            port=587,
            user="u",
            security="starttls",
            password="env:SMTP_PASSWORD",
            connections=2,
            messages_per_connection=10,
            window=4,
            limits=((300, 3600), (2000, 86400)),
            timeout_seconds=30,
        ),
        spare_servers=(
            ServerSettings("smtp.example.net", 465, user="v", password="keyring"),
        ),
        lanes={
            "google": LaneSettings(("gmail.com", ".google.com"), 7, 5, ((10, 60),)),
            "t-online": LaneSettings(("t-online.de",)),
        },
        dkim=(
            DkimSettings(
                "xn--mnchen-3ya.example.org", "news2026", "/etc/newsletter/dkim.key"
            ),
            DkimSettings(
                "mailer.example.net", "a.b", "subscribers/dkim.key", "ed25519"
            ),
        ),
        database_url="sqlite:////var/lib/newsletter.db",
        checks={"link-moved": "off", "size-large": "error"},
        test_to=("a@example.org", "b@example.org"),
        hooks=HooksSettings(
            "arn:aws:sns:eu-west-1:123456789012:news_1",
            "env:MAILGUN_KEY",
            "file:subscribers/postmark.password",
            _P256,
        ),
        web=WebSettings(port=80),
        clients=("orange", "gmx"),
    )


def test_one_signature_needs_no_double_brackets() -> None:
    settings = _settings(f'{_DKIM}selector = "s"\nkey = "k"\n')
    assert settings.dkim == (DkimSettings("example.org", "s", "k"),)


@pytest.mark.parametrize("domain", ["example.org", "Mail.example.org", "a.example.org"])
def test_signature_of_a_neighbouring_domain_is_for_the_doctor(domain: str) -> None:
    more = f'[dkim]\ndomain = "{domain}"\nselector = "s"\nkey = "k"\n'
    assert _settings(more).dkim[0].domain == domain.lower()


def test_longest_bounce_address_is_taken() -> None:
    address = f"{'n' * 24}{{token}}@example.org"
    newsletter = _settings(f'bounce_address = "{address}"\n').newsletter
    assert newsletter.bounce_address == address


def test_default_list_is_always_there() -> None:
    settings = _settings('list = "a"\n[lists.b]\n')
    assert sorted(settings.lists) == ["a", "b"]


def test_page_address_has_its_host_in_ascii() -> None:
    newsletter = _settings('base_url = "https://Brief.München.de:8443/x/"\n').newsletter
    assert newsletter.base_url == "https://brief.xn--mnchen-3ya.de:8443/x"


def test_empty_text_says_no_more_than_a_missing_line() -> None:
    assert _settings('reply_to = ""\nlanguage = ""\nbase_url = ""\n') == _settings("")


def test_one_test_address_needs_no_brackets() -> None:
    assert _settings('[test]\nto = "a@example.org"\n').test_to == ("a@example.org",)


@pytest.mark.parametrize(
    ("lines", "port", "security"),
    [
        ("", 465, "tls"),
        ("port = 587", 587, "starttls"),
        ("port = 25", 25, "starttls"),
        ("port = 2465", 2465, "tls"),
        ('security = "starttls"', 587, "starttls"),
        ('port = 587\nsecurity = "tls"', 587, "tls"),
    ],
)
def test_port_and_security_follow_from_each_other(
    lines: str, port: int, security: str
) -> None:
    server = _settings(f'[server]\nhost = "h"\n{lines}\n').server
    assert server is not None
    assert (server.port, server.security) == (port, security)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_clear_text_is_possible_on_this_computer(host: str) -> None:
    server = _settings(f'[server]\nhost = "{host}"\nsecurity = "none"\n').server
    assert server is not None
    assert server.security == "none"


def test_clear_text_to_another_machine_must_be_asked_for() -> None:
    more = '[server]\nhost = "mail.lan"\nsecurity = "none"\nallow_clear_text = true\n'
    server = _settings(more).server
    assert server is not None
    assert server.allow_clear_text


_TABLES = (
    "Tables are: newsletter, template, shortlinks, lists, fields, server, lanes, dkim, "
    "database, checks, test, inbox, hooks, web, retention."
)
_TLS = 'Use security = "tls" or "starttls".'
_FILE = 'Write it as "images/logo.png".'
_PATTERN = 'Write it as "https://example.org/find?id={}".'
_BASE_URL = 'Write it as "https://newsletter.example.org".'
_BOUNCE = 'Write it as "news+{token}@example.org".'
_DKIM = '[dkim]\ndomain = "example.org"\n'
_TWO_KEYS = 2 * f'{_DKIM}selector = "s"\nkey = "k"\n'
_PASSWORD = (
    'n.toml:7:1: "password" must not stand in this file. Write password = "keyring" '
    'and give it to newsletter login; or write "env:NAME" for an environment variable, '
    'or "file:PATH" for a file that only you can read.'
)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            'langauge = "nl"',
            'n.toml:4:1: unknown setting "langauge". Did you mean "language"?',
        ),
        (
            "kleur = 1",
            'n.toml:4:1: unknown setting "kleur". In [newsletter] are: name, '
            "sender, language, time_zone, reply_to, address, about, base_url, list, "
            "unsubscribe_address, bounce_address, hold_seconds.",
        ),
        ("[postbox]", f'n.toml:4:1: unknown table "[postbox]". {_TABLES}'),
        (
            '[hooks.sendgird]\nkey = "x"',
            'n.toml:4:1: unknown table "[hooks.sendgird]". '
            'Did you mean "[hooks.sendgrid]"?',
        ),
        (
            "[hooks.other]",
            'n.toml:4:1: unknown table "[hooks.other]". Tables are: hooks.ses, '
            "hooks.mailgun, hooks.postmark, hooks.sendgrid.",
        ),
        (
            "[hooks.ses]",
            'n.toml:4:1: [hooks.ses] has no "topic". Add a line '
            'topic = "arn:aws:sns:eu-west-1:123456789012:newsletter".',
        ),
        (
            "[hooks.mailgun]",
            'n.toml:4:1: [hooks.mailgun] has no "key". '
            'Add a line key = "env:MAILGUN_KEY".',
        ),
        (
            '[hooks.ses]\ntopic = "letter"',
            'n.toml:5:1: "topic" must be the ARN of a topic, not "letter". '
            'Write it as "arn:aws:sns:eu-west-1:123456789012:newsletter".',
        ),
        (
            '[hooks.mailgun]\nkey = "s3cret"',
            'n.toml:5:1: "key" must not stand in this file. Write "env:NAME" for an '
            'environment variable, or "file:PATH" for a file that only you can read.',
        ),
        (
            '[hooks.postmark]\npassword = ""',
            'n.toml:5:1: "password" is empty. Write it between the quotes.',
        ),
        (
            '[hooks.sendgrid]\nkey = "MFkwEwYH"',
            'n.toml:5:1: "key" is no public key for ECDSA on P-256. SendGrid shows '
            'it as "Verification Key"; it begins with "MFkw".',
        ),
        (
            '[inbox]\nuser = "u"',
            "n.toml:4:1: [inbox] needs a host or a maildir, and not both. "
            'Write host = "imap.example.org", or maildir = "/var/mail/news".',
        ),
        (
            '[inbox]\nhost = "imap.example.org"\nmaildir = "mail"',
            "n.toml:4:1: [inbox] needs a host or a maildir, and not both. "
            'Write host = "imap.example.org", or maildir = "/var/mail/news".',
        ),
        (
            '[inbox]\nhost = "imap.example.org"',
            'n.toml:5:1: "host" needs the user whose mailbox it is. '
            'Add a line user = "…".',
        ),
        (
            '[inbox]\nhost = "imap.example.org"\nuser = "u"\nsecurity = "none"',
            'n.toml:7:1: "security" can be "none" only for a server on this computer. '
            'Use "tls" or "starttls".',
        ),
        ("[servr]", 'n.toml:4:1: unknown table "[servr]". Did you mean "[server]"?'),
        (
            '[lists.main]\ntitel = "x"',
            'n.toml:5:1: unknown setting "titel". Did you mean "title"?',
        ),
        (
            "name2 = 1\n[fields.a]\nx = 1".partition("\n")[2],
            'n.toml:5:1: unknown setting "x". In [fields.a] are: type, '
            "fallback, title, ask.",
        ),
        ("language = 3", 'n.toml:4:1: "language" must be a text between quotes.'),
        (
            'language = "dutch"',
            'n.toml:4:1: "language" must be a language tag such as "nl" or "pt-BR", '
            'not "dutch".',
        ),
        (
            'time_zone = "Europe/Amsterdm"',
            'n.toml:4:1: "time_zone" names an unknown time zone "Europe/Amsterdm". '
            'Did you mean "Europe/Amsterdam"?',
        ),
        (
            'time_zone = "../etc/passwd"',
            'n.toml:4:1: "time_zone" names an unknown time zone "../etc/passwd". '
            'Write it as "Europe/Amsterdam".',
        ),
        (
            'reply_to = "bureau"',
            'n.toml:4:1: "reply_to" cannot be "bureau": the address has no @. '
            'Write it as "Name <news@example.org>" or "news@example.org".',
        ),
        (
            'unsubscribe_address = "a@b@c"',
            'n.toml:4:1: "unsubscribe_address" cannot be "a@b@c": the address has more '
            'than one @. Write it as "news@example.org".',
        ),
        (
            f'unsubscribe_address = "{"n" * 17}{{token}}@example.org"',
            f'n.toml:4:1: "unsubscribe_address" cannot be "{"n" * 17}{{token}}@'
            'example.org": with a token of 48 characters, the part before the @ is '
            'longer than 64 characters. Write it as "leave+{token}@example.org".',
        ),
        (
            'address = "a\\u0007b"',
            'n.toml:4:1: "address" holds an invisible character (U+0007).',
        ),
        (
            'about = "a\\u2028b"',
            'n.toml:4:1: "about" holds an invisible character (U+2028).',
        ),
        (
            'reply_to = "J <jörg@example.org>"',
            'n.toml:4:1: "reply_to" cannot be "J <jörg@example.org>": the part before '
            "the @ has letters that few servers can take. Write it as "
            '"Name <news@example.org>" or "news@example.org".',
        ),
        (
            'base_url = "https://a..münchen.de"',
            'n.toml:4:1: "base_url" is no web address: "https://a..münchen.de". '
            f"{_BASE_URL}",
        ),
        (
            'list = "mian"\n[lists.main]\n[lists.donors]',
            'n.toml:4:1: "list" names an unknown list "mian". Did you mean "main"?',
        ),
        (
            'base_url = "ftp://example.org"',
            'n.toml:4:1: "base_url" must begin with https:// and a host, not '
            f'"ftp://example.org". {_BASE_URL}',
        ),
        (
            'base_url = "example.org"',
            'n.toml:4:1: "base_url" must begin with https:// and a host, not '
            f'"example.org". {_BASE_URL}',
        ),
        (
            'base_url = "https://example.org/?a"',
            'n.toml:4:1: "base_url" must be a plain address without ?, # or @, not '
            f'"https://example.org/?a". {_BASE_URL}',
        ),
        (
            'base_url = "https://[1"',
            f'n.toml:4:1: "base_url" is no web address: "https://[1". {_BASE_URL}',
        ),
        ("hold_seconds = -1", 'n.toml:4:1: "hold_seconds" must be 0 or more.'),
        (
            '[template]\ncolour = "red"',
            'n.toml:5:1: "colour" must be a colour such as "#0b5cad", not "red".',
        ),
        (
            '[template]\ncolor = "#ffffff"',
            'n.toml:5:1: unknown setting "color". Did you mean "colour"?',
        ),
        (
            '[template]\nfont = "Arial; x"',
            'n.toml:5:1: "font" must be names of fonts with commas between, not '
            '"Arial; x". Write it as "Georgia, Times New Roman, serif".',
        ),
        ("[template]\nwidth = 641", 'n.toml:5:1: "width" must be 640 or less.'),
        ("[template]\nwidth = 479", 'n.toml:5:1: "width" must be 480 or more.'),
        ('[template]\nwidth = "600"', 'n.toml:5:1: "width" must be a whole number.'),
        (
            "[template]\nnumber_sections = 1",
            'n.toml:5:1: "number_sections" must be true or false.',
        ),
        (
            '[template]\nimages = "remote"',
            'n.toml:5:1: "images" must be "embedded" or "hosted".',
        ),
        (
            '[template]\nimages = "hosted"',
            'n.toml:5:1: "images" can be "hosted" only with a base_url in '
            '[newsletter]. Add one, or write "embedded".',
        ),
        (
            '[template]\nlogo = "../logo.png"',
            'n.toml:5:1: "logo" must be a file in the project folder, not '
            f'"../logo.png". {_FILE}',
        ),
        (
            '[template]\nlogo = "/logo.png"',
            'n.toml:5:1: "logo" must be a file in the project folder, not '
            f'"/logo.png". {_FILE}',
        ),
        (
            '[template]\nname = "a/b"',
            'n.toml:5:1: "name" must be made of letters a to z, digits and single '
            'hyphens, not "a/b".',
        ),
        (
            '[shortlinks]\necli = "deeplink"',
            'n.toml:5:1: "ecli" must be a web address with one {} in it, not '
            f'"deeplink". {_PATTERN}',
        ),
        (
            '[shortlinks]\necli = "https://a.nl/{}{x}"',
            'n.toml:5:1: "ecli" must be a web address without spaces, not '
            '"https://a.nl/{}{x}".',
        ),
        (
            '[shortlinks]\nmailto = "https://a.nl/{}"',
            'n.toml:5:1: "mailto" cannot be a short link: it has a meaning of its own.',
        ),
        (
            '[shortlinks]\n"e c" = "https://a.nl/{}"',
            'n.toml:5:1: "e c" cannot begin a link: use letters a to z and digits.',
        ),
        (
            "[fields.email]",
            'n.toml:4:1: "email" cannot be declared: it is always there.',
        ),
        (
            "[fields.joined]",
            'n.toml:4:1: "joined" cannot be declared: it is always there.',
        ),
        (
            '[fields."first name"]',
            'n.toml:4:1: "first name" cannot name a field: '
            "use letters a to z, digits and _.",
        ),
        (
            '[fields.a]\ntype = "tekst"',
            'n.toml:5:1: "type" must be "text", "number", "date" or "list".',
        ),
        ("[fields]\na = 1", "n.toml:5:1: [fields.a] must be a table."),
        (
            "[server]\nport = 25",
            'n.toml:4:1: [server] has no "host". Add a line host = "smtp.example.org".',
        ),
        (
            '[server]\nhost = "smtp.example.org:587"',
            'n.toml:5:1: "host" must be a name such as "smtp.example.org", not '
            '"smtp.example.org:587".',
        ),
        (
            '[server]\nhost = "h"\nport = 0',
            'n.toml:6:1: "port" must be 1 or more.',
        ),
        (
            '[server]\nhost = "h"\nsecurity = "ssl"',
            'n.toml:6:1: "security" must be "tls", "starttls" or "none".',
        ),
        (
            '[server]\nhost = "smtp.example.org"\nsecurity = "none"',
            'n.toml:6:1: "security" can be "none" only for a server on this computer. '
            'Use "tls" or "starttls"; allow_clear_text = true would send every letter '
            "readable for who listens.",
        ),
        (
            '[server]\nhost = "localhost"\nuser = "u"\npassword = "env:A"\n'
            'security = "none"',
            'n.toml:7:1: "password" cannot be used with security = "none": '
            f"it would travel readable. {_TLS}",
        ),
        (
            '[server]\nhost = "h"\npassword = "env:A"',
            'n.toml:6:1: "password" needs a user beside it. Add a line user = "…".',
        ),
        ('[server]\nhost = "h"\nuser = "u"\npassword = "geheim"', _PASSWORD),
        ('[server]\nhost = "h"\nuser = "u"\npassword = "env:"', _PASSWORD),
        ('[server]\nhost = "h"\nuser = "u"\npassword = "keyring:x"', _PASSWORD),
        (
            '[server]\nhost = "u:geheim@h"',
            'n.toml:5:1: "host" must be a name such as "smtp.example.org", without an '
            "@. The name to log in with belongs into user.",
        ),
        (
            '[server]\nhost = "h"\nlimits = ["300/uur"]',
            'n.toml:6:1: "limits" holds a limit that cannot be read: "300/uur". '
            'Write it as "300/hour"; there are second, minute, hour and day.',
        ),
        (
            '[server]\nhost = "h"\nlimits = ["0/hour"]',
            'n.toml:6:1: "limits" holds a limit that cannot be read: "0/hour". '
            'Write it as "300/hour"; there are second, minute, hour and day.',
        ),
        (
            '[server]\nhost = "h"\nlimits = "300/hour"',
            'n.toml:6:1: "limits" must be a list between [ and ].',
        ),
        (
            '[[server]]\nhost = "a"\n[[server]]\nhost = "b"\nprot = 25',
            'n.toml:8:1: unknown setting "prot". Did you mean "port"?',
        ),
        (
            '[[server]]\nhost = "a"\n[[server]]\nport = 25',
            'n.toml:6:1: [server] has no "host". Add a line host = "smtp.example.org".',
        ),
        (
            '[[server]]\nhost = "a"\n[[server]]\nhost = "A"',
            'n.toml:7:1: "host" names a server that stands here already: "a". '
            "Keep one.",
        ),
        (
            'bounce_address = "news@example.org"',
            'n.toml:4:1: "bounce_address" must hold {token} once, before the @, not '
            f'"news@example.org". {_BOUNCE}',
        ),
        (
            'bounce_address = "{token}+{token}@example.org"',
            'n.toml:4:1: "bounce_address" must hold {token} once, before the @, not '
            f'"{{token}}+{{token}}@example.org". {_BOUNCE}',
        ),
        (
            'bounce_address = "news@{token}.example.org"',
            'n.toml:4:1: "bounce_address" must hold {token} once, before the @, not '
            f'"news@{{token}}.example.org". {_BOUNCE}',
        ),
        (
            'bounce_address = "{list}{token}@example.org"',
            'n.toml:4:1: "bounce_address" holds a brace too many: '
            f'"{{list}}{{token}}@example.org". {_BOUNCE}',
        ),
        (
            'bounce_address = "news+{token}"',
            'n.toml:4:1: "bounce_address" cannot be "news+{token}": there is nothing '
            f"after the @. {_BOUNCE}",
        ),
        (
            f'bounce_address = "{"n" * 25}{{token}}@example.org"',
            f'n.toml:4:1: "bounce_address" cannot be "{"n" * 25}{{token}}@example.org":'
            " with a token of 40 characters, the part before the @ is longer than 64 "
            f"characters. {_BOUNCE}",
        ),
        (
            "[lanes.a]",
            'n.toml:4:1: [lanes.a] has no "domains". '
            'Add a line domains = ["example.org", "example.net"].',
        ),
        ("[lanes.a]\ndomains = []", 'n.toml:5:1: "domains" must not be empty.'),
        (
            '[lanes.a]\ndomains = ["@gmail.com"]',
            'n.toml:5:1: "domains" must be a domain such as "example.org", not '
            '"@gmail.com". Did you mean "gmail.com"?',
        ),
        (
            '[lanes.a]\ndomains = ["*.example.org"]',
            'n.toml:5:1: "domains" must be a domain such as "example.org", not '
            '"*.example.org". Did you mean ".example.org"?',
        ),
        (
            '[lanes.a]\ndomains = ["gmail"]',
            'n.toml:5:1: "domains" must be a domain such as "example.org", not '
            '"gmail".',
        ),
        (
            '[lanes.a]\ndomain = "gmail.com"\ndomains = "gmail.com"',
            'n.toml:5:1: unknown setting "domain". Did you mean "domains"?',
        ),
        (
            '[lanes.a]\ndomains = "a.org"\nconnections = 0',
            'n.toml:6:1: "connections" must be 1 or more.',
        ),
        (
            '[lanes."a b"]\ndomains = "a.org"',
            'n.toml:4:1: "a b" cannot name a lane: use letters, digits and single '
            "hyphens.",
        ),
        (
            '[lanes.a]\ndomains = "A.org"\n[lanes.b]\ndomains = ["b.org", "a.org"]',
            'n.toml:7:1: "domains" holds "a.org", which is in [lanes.a] already. '
            "Keep it in one of the two.",
        ),
        (
            f'{_DKIM}selectr = "s"\nselector = "s"\nkey = "k"',
            'n.toml:6:1: unknown setting "selectr". Did you mean "selector"?',
        ),
        (
            f'{_DKIM}selector = "s"',
            'n.toml:4:1: [dkim] has no "key". '
            'Add a line key = "subscribers/dkim-news.key".',
        ),
        (
            f'{_DKIM}selector = "S1._domainkey.example.org"\nkey = "k"',
            'n.toml:6:1: "selector" must be the first word of the DNS name alone, not '
            '"S1._domainkey.example.org". Did you mean "s1"?',
        ),
        (
            f'{_DKIM}selector = "a b"\nkey = "k"',
            'n.toml:6:1: "selector" must be a word such as "news2026", not "a b".',
        ),
        (
            f'{_DKIM}selector = "s"\nkey = "-----BEGIN PRIVATE KEY-----geheim"',
            'n.toml:7:1: "key" must be the name of a file; the key itself must not '
            "stand in here. Put the key into a file that only you can read, and write "
            'its name: "subscribers/dkim.key".',
        ),
        (
            f'{_DKIM}selector = "s"\nkey = "k"\nalgorithm = "rsa-sha256"',
            'n.toml:8:1: "algorithm" must be "rsa" or "ed25519".',
        ),
        (
            '[dkim]\ndomain = "example.net"\nselector = "s"\nkey = "k"',
            'n.toml:5:1: "domain" is "example.net", but the sender is at '
            '"example.org": such a signature does not count for it. '
            'Write domain = "example.org", or sign nothing and remove [dkim].',
        ),
        (
            f"{_TWO_KEYS.replace('[dkim]', '[[dkim]]')}",
            'n.toml:10:1: "selector" is used twice for example.org: "s". '
            "A name in the DNS holds one key, so each needs its own selector.",
        ),
        (
            '[database]\nurl = "postgresql://u:geheim@h/db"',
            'n.toml:5:1: "url" must be an SQLite file. '
            'Write it as "sqlite:///subscribers/newsletter.db".',
        ),
        (
            '[database]\nurl = "sqlite:///:memory:"',
            'n.toml:5:1: "url" must be an SQLite file. '
            'Write it as "sqlite:///subscribers/newsletter.db".',
        ),
        (
            '[checks]\nlink-broke = "off"',
            'n.toml:5:1: "link-broke" is not a rule of the checks. '
            'Did you mean "link-broken"?',
        ),
        (
            '[checks]\nfoo = "off"',
            'n.toml:5:1: "foo" is not a rule of the checks. '
            f"Rules are: {', '.join(RULES)}.",
        ),
        (
            '[checks]\nunsubscribe-place = "off"',
            'n.toml:5:1: "unsubscribe-place" cannot be changed: '
            "every mail must offer a way to leave.",
        ),
        (
            '[checks]\nsender-missing = "info"',
            'n.toml:5:1: "sender-missing" cannot be changed: '
            "every mail must say who sends it.",
        ),
        (
            '[checks]\nfield-unfilled = "warning"',
            'n.toml:5:1: "field-unfilled" cannot be changed: '
            "no reader may get a mail with a field that is not filled in.",
        ),
        (
            '[checks]\nlink-broken = "fatal"',
            'n.toml:5:1: "link-broken" must be "error", "warning", "info" or "off".',
        ),
        (
            '[checks]\nclients = ["gmial"]',
            'n.toml:5:1: "clients" names an unknown mail program "gmial". '
            'Did you mean "gmail"?',
        ),
        (
            '[checks]\nclients = ["pine"]',
            'n.toml:5:1: "clients" names an unknown mail program "pine". '
            f"Programs are: {', '.join(CLIENTS)}.",
        ),
        (
            "[checks]\nclients = 7",
            'n.toml:5:1: "clients" must be a list between [ and ].',
        ),
        (
            '[checks]\nclients = "gmx"\nrules = "off"',
            'n.toml:6:1: "rules" is not a rule of the checks. '
            f"Rules are: {', '.join(RULES)}.",
        ),
        (
            '[test]\nto = ["a"]',
            'n.toml:5:1: "to" cannot be "a": the address has no @. '
            'Write it as "news@example.org".',
        ),
        (
            f"[test]\nto = {[f'a{n}@example.org' for n in range(11)]}",
            'n.toml:5:1: "to" holds 11 entries; 10 are allowed.',
        ),
        ("[web]\nport = 65536", 'n.toml:5:1: "port" must be 65535 or less.'),
        (
            'name = "again"',
            "n.toml:4:1: this table or setting stands here a second time. "
            "Keep one of the two.",
        ),
        (
            "[newsletter]",
            "n.toml:4:1: this table or setting stands here a second time. "
            "Keep one of the two.",
        ),
        (
            "language = nl",
            "n.toml:4:12: this file cannot be read (invalid value). Write a setting as "
            'key = "value", with straight quotes around words.',
        ),
        (
            'language = "nl',
            "n.toml:4:15: this file cannot be read (unterminated string). Write a "
            'setting as key = "value", with straight quotes around words.',
        ),
    ],
)
def test_wrong_setting_is_explained(more: str, problem: str) -> None:
    assert _problems(f"{_BASE}{more}") == [problem]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "",
            [
                "n.toml:1:1: there is no table [newsletter]. Add it, with "
                'name = "The name of your newsletter" and '
                'sender = "Name <news@example.org>" below it.'
            ],
        ),
        (
            "\n[newsletter]\n",
            [
                'n.toml:2:1: [newsletter] has no "name". Add a line '
                'name = "The name of your newsletter".',
                'n.toml:2:1: [newsletter] has no "sender". Add a line '
                'sender = "Name <news@example.org>".',
            ],
        ),
        (
            '[newsletter]\nname = " "\nsender = ""\n',
            [
                'n.toml:2:1: "name" is empty. Write it between the quotes.',
                'n.toml:3:1: "sender" cannot be "": the address is empty. '
                'Write it as "Name <news@example.org>" or "news@example.org".',
            ],
        ),
        (
            '[newsletter]\nname = "a\\nb"\nsender = "n@example.org"\n',
            ['n.toml:2:1: "name" must be one line of text.'],
        ),
        (
            f'name = "N"\nkleur = 1\n{_BASE}',
            [
                'n.toml:1:1: unknown setting "name". '
                "Write it below a line [newsletter].",
                'n.toml:2:1: unknown setting "kleur". '
                "Every setting stands below a line such as [newsletter].",
            ],
        ),
        ("newsletter = 3", ["n.toml:1:1: [newsletter] must be a table."]),
        (f"server = 5\n{_BASE}", ["n.toml:1:1: [server] must be a table."]),
        (f"dkim = [5]\n{_BASE}", ["n.toml:1:1: [dkim] must be a table."]),
        (
            f"{_BASE}x = {'9' * 5000}",
            [
                "n.toml:1:1: this file holds a number that is too long, or too many "
                "brackets. No setting needs that."
            ],
        ),
        (
            f"{_BASE}x = {'[' * 5000}",
            [
                "n.toml:1:1: this file holds a number that is too long, or too many "
                "brackets. No setting needs that."
            ],
        ),
    ],
)
def test_wrong_file_is_explained(text: str, problems: list[str]) -> None:
    assert _problems(text) == problems


def test_all_problems_are_told_in_order_of_place() -> None:
    text = f"{_BASE}foo = 1\n[web]\nport = 0\n[template]\nwidth = 1\n[nix]\n"
    places = [problem.partition(": ")[0] for problem in _problems(text)]
    assert places == ["n.toml:4:1", "n.toml:6:1", "n.toml:8:1", "n.toml:9:1"]


@pytest.mark.parametrize(
    "more",
    [
        '[server]\nhost = "h"\nuser = "u"\npassword = "geheim"\n',
        '[server]\nhost = "smtps://u:geheim@h"\n',
        f'{_DKIM}selector = "s"\nkey = "geheim\\n"\n',
        f'{_DKIM}selector = "s"\nkey = "geheim{"A" * 200}"\n',
    ],
)
def test_secret_is_never_repeated(more: str) -> None:
    problems = " ".join(_problems(f"{_BASE}{more}"))
    assert problems
    assert "geheim" not in problems


_LINES = st.sampled_from(
    [
        "[newsletter]",
        'name = "N"',
        'sender = "n@example.org"',
        "[server]",
        'host = "h"',
        "port = 1",
        "limits = [1]",
        "[lists.a]",
        "[[lists]]",
        "[fields]",
        "a.b = 1",
        "x = 2023-01-01",
        "[checks]",
        'about = """',
        "x = [",
        "]",
        "\u2028",
        "x = {a = 1}",
        "x = nan",
    ]
)


@given(st.one_of(st.text(), st.lists(_LINES, max_size=20).map("\n".join)))
@effort(max_examples=300, deadline=None)
def test_no_text_raises(text: str) -> None:
    settings, problems = judge_settings(text, "n.toml")
    assert (settings is None) == bool(problems)
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= p.place.line <= lines and p.place.column for p in problems)


@pytest.mark.parametrize(
    ("written", "clients"),
    [('"gmx"', ("gmx",)), ("[]", ()), ('["gmx", "aol", "gmx"]', ("gmx", "aol"))],
)
def test_clients_are_taken_once_each(written: str, clients: tuple[str, ...]) -> None:
    text = f"{_BASE}[checks]\nclients = {written}\n"
    settings, problems = judge_settings(text, "n.toml")
    assert problems == []
    assert settings is not None
    assert settings.clients == clients
