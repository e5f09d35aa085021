"""From the text of newsletter.toml to settings, or to everything that is wrong with it.

Pure. Messages have the form ``newsletter.toml:12:1: unknown setting "langauge". …``.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from newsletter.model.problem import Place, Problem
from newsletter.model.settings import (
    DkimSettings,
    FieldSettings,
    HooksSettings,
    InboxSettings,
    LaneSettings,
    ListSettings,
    NewsletterSettings,
    RetentionSettings,
    Security,
    ServerSettings,
    Settings,
    Theme,
    WebSettings,
)
from newsletter.settings.conflicts import find_conflicts
from newsletter.settings.places import locate_settings, place_of
from newsletter.settings.tables import (
    TABLES,
    File,
    HooksTable,
    InboxTable,
    LaneTable,
    ServerTable,
)
from newsletter.validation import Refusal, nearest, refusals_of, suggest

#: Keys and indexes from the outermost to a value.
Path = tuple[str | int, ...]

#: What pydantic puts behind a name of the editor's that it refuses.
_NAME_MARK = "[key]"

_EXAMPLES = {
    "name": 'name = "The name of your newsletter"',
    "sender": 'sender = "Name <news@example.org>"',
    "host": 'host = "smtp.example.org"',
    "domains": 'domains = ["example.org", "example.net"]',
    "domain": 'domain = "example.org"',
    "selector": 'selector = "news"',
    "key": 'key = "subscribers/dkim-news.key"',
    "topic": 'topic = "arn:aws:sns:eu-west-1:123456789012:newsletter"',
    "password": 'password = "env:POSTMARK_PASSWORD"',
    "hooks.mailgun.key": 'key = "env:MAILGUN_KEY"',
    "hooks.sendgrid.key": 'key = "…", the public key that SendGrid shows',
}

#: What a server on a port speaks unless the editor says so (RFC 8314, RFC 6409).
_SECURITY_OF_PORT: Mapping[int, Security] = {
    465: "tls",
    587: "starttls",
    25: "starttls",
}
_PORT_OF_SECURITY: Mapping[Security, int] = {"tls": 465, "starttls": 587, "none": 25}
#: RFC 8314, section 7.2, and RFC 9051, section 2.1.
_IMAP_PORT_OF_SECURITY: Mapping[Security, int] = {
    "tls": 993,
    "starttls": 143,
    "none": 143,
}


def judge_settings(text: str, file: str) -> tuple[Settings | None, list[Problem]]:
    """Return the settings, or None beside every problem, in order of place.

    Args:
        text: All of newsletter.toml.
        file: Its path as shown in problems.
    """
    text = re.sub(r"\r\n?", "\n", text)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_unreadable(error, text, file)]
    except (ValueError, RecursionError):
        what = "this file holds a number that is too long, or too many brackets."
        return None, [Problem(Place(file, 1, 1), what, "No setting needs that.")]
    refusals = list(_refusals(values))
    if not refusals:
        return _make_settings(File.model_validate(values)), []
    places = locate_settings(text, file)
    top = Place(file, 1, 1)
    problems = {
        Problem(place_of(r.path, places) or top, *_sentences(r, values))
        for r in refusals
    }
    return None, sorted(problems)


def _refusals(values: dict[str, Any]) -> Iterator[Refusal]:
    try:
        file = File.model_validate(values)
    except ValidationError as error:
        refusals = refusals_of(error)
    else:
        refusals = find_conflicts(file)
    for refusal in refusals:
        yield replace(refusal, path=_where_written(refusal.path, values))


def _where_written(path: Path, values: dict[str, Any]) -> Path:
    """Return the path that the editor wrote: rules stand in [checks], a lone [dkim]."""
    if path[:2] == ("checks", "rules"):
        return ("checks", *path[2:])
    is_lone = path[:1] in (("server",), ("dkim",)) and path[1:2] == (0,)
    if is_lone and not isinstance(values[str(path[0])], list):
        return (*path[:1], *path[2:])
    return path


def _unreadable(error: tomllib.TOMLDecodeError, text: str, file: str) -> Problem:
    """Translate the one sentence that the TOML reader says, with the place in it."""
    said = re.sub(r" \(at .*\)$", "", str(error))
    match = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    end = text.rstrip().split("\n")
    line, column = (
        (int(match[1]), int(match[2])) if match else (len(end), len(end[-1]) + 1)
    )
    if said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        what = "this table or setting stands here a second time."
        return Problem(Place(file, line, 1), what, "Keep one of the two.")
    return Problem(
        Place(file, line, column),
        f"this file cannot be read ({said[:1].lower()}{said[1:]}).",
        'Write a setting as key = "value", with straight quotes around words.',
    )


# --- sentences ------------------------------------------------------------------------


def _sentences(refusal: Refusal, values: dict[str, Any]) -> tuple[str, str]:
    """Return what is wrong and what to write."""
    path = tuple(part for part in refusal.path if isinstance(part, str))
    if refusal.kind == "extra_forbidden":
        return _unknown(path, values)
    if refusal.kind == "missing":
        return _missing(path)
    if path[-1] == _NAME_MARK:
        return refusal.sentence(f'"{path[-2]}"'), refusal.advice
    is_table = path in TABLES or path[:-1] in (("lists",), ("fields",), ("lanes",))
    subject = f"[{'.'.join(path)}]" if is_table else f'"{path[-1]}"'
    return refusal.sentence(subject), refusal.advice


def _unknown(path: tuple[str, ...], values: dict[str, Any]) -> tuple[str, str]:
    name = path[-1]
    if len(path) == 1 and isinstance(values[name], dict | list):
        return _unknown_table(path, list(File.model_fields))
    if path[:-1] == ("hooks",):
        return _unknown_table(path, list(HooksTable.model_fields))
    known = _keys_around(path)
    advice = suggest(name, known)
    if not advice and len(path) == 1:
        return f'unknown setting "{name}".', _advise_table(name)
    around = ".".join(path[:-1])
    return f'unknown setting "{name}".', advice or _listing(f"In [{around}]", known)


def _unknown_table(path: tuple[str, ...], names: list[str]) -> tuple[str, str]:
    around = "".join(f"{part}." for part in path[:-1])
    near = nearest(path[-1], names)
    tables = [f"{around}{name}" for name in names]
    advice = f'Did you mean "[{around}{near}]"?' if near else ""
    return f'unknown table "[{".".join(path)}]".', advice or _listing("Tables", tables)


def _keys_around(path: tuple[str, ...]) -> list[str]:
    around = path[:-1]
    model = TABLES.get(around) or TABLES.get((*around[:1], "*"))
    return list(model.model_fields) if model else []


def _advise_table(name: str) -> str:
    """Return where a setting belongs that stands above the first table."""
    for path, model in TABLES.items():
        if path and "*" not in path and name in model.model_fields:
            return f"Write it below a line [{'.'.join(path)}]."
    return "Every setting stands below a line such as [newsletter]."


def _listing(subject: str, names: list[str]) -> str:
    return f"{subject} are: {', '.join(names)}."


def _missing(path: tuple[str, ...]) -> tuple[str, str]:
    *around, name = path
    if not around:
        advice = f"Add it, with {_EXAMPLES['name']} and {_EXAMPLES['sender']} below it."
        return f"there is no table [{name}].", advice
    what = f'[{".".join(around)}] has no "{name}".'
    example = _EXAMPLES.get(".".join(path)) or _EXAMPLES.get(name, name)
    return what, f"Add a line {example}."


# --- values ---------------------------------------------------------------------------


def _make_settings(file: File) -> Settings:
    lists = {
        slug: ListSettings(table.title, table.description, table.public)
        for slug, table in file.lists.items()
    }
    lists.setdefault(file.newsletter.list, ListSettings())
    servers = [_make_server(table) for table in file.server]
    return Settings(
        newsletter=NewsletterSettings(**dict(file.newsletter)),
        template=Theme(**dict(file.template)),
        shortlinks=dict(file.shortlinks),
        lists=lists,
        fields={
            name: FieldSettings(table.type, table.fallback, table.title, table.ask)
            for name, table in file.fields.items()
        },
        server=servers[0] if servers else None,
        spare_servers=tuple(servers[1:]),
        lanes={name: _make_lane(table) for name, table in file.lanes.items()},
        dkim=tuple(DkimSettings(**dict(table)) for table in file.dkim),
        database_url=file.database.url,
        checks=dict(file.checks.rules),
        clients=tuple(file.checks.clients),
        test_to=tuple(file.test.to),
        web=WebSettings(**dict(file.web)),
        inbox=_make_inbox(file.inbox) if file.inbox else None,
        hooks=_make_hooks(file.hooks),
        retention=RetentionSettings(**dict(file.retention)),
    )


def _make_inbox(table: InboxTable) -> InboxSettings:
    port = table.port or _IMAP_PORT_OF_SECURITY[table.security]
    return InboxSettings(**{**dict(table), "port": port})


def _make_hooks(table: HooksTable) -> HooksSettings:
    return HooksSettings(
        ses_topic=table.ses.topic if table.ses else "",
        mailgun_key=table.mailgun.key if table.mailgun else "",
        postmark_password=table.postmark.password if table.postmark else "",
        sendgrid_key=table.sendgrid.key if table.sendgrid else "",
    )


def _make_lane(table: LaneTable) -> LaneSettings:
    return LaneSettings(
        domains=tuple(dict.fromkeys(table.domains)),
        connections=table.connections,
        messages_per_connection=table.messages_per_connection,
        limits=tuple(table.limits),
    )


def _make_server(table: ServerTable) -> ServerSettings:
    security = table.security or _SECURITY_OF_PORT.get(table.port or 0, "tls")
    values = dict(table) | {
        "security": security,
        "port": table.port or _PORT_OF_SECURITY[security],
        "limits": tuple(table.limits),
    }
    return ServerSettings(**values)
