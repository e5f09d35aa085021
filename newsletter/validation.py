"""What pydantic refuses, said in the words of this project.

Pure. A validator raises `refuse(…)` with a sentence that follows the name of its key
(``must be a whole number.``); `refusals_of` gives every error with the way to it.
Shared by front matter, events and settings.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from newsletter.addresses import normalise_address, parse_mailbox

if TYPE_CHECKING:
    from pydantic import ValidationError

#: So much of a wrong value is repeated in a message.
_MAX_SHOWN = 60

#: RFC 5646 as far as mail programs use it: language, script, region, variants.
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|[0-9]{3}))?(?P<rest>(?:-[a-z0-9]{5,8})*)",
    re.IGNORECASE,
)
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One value that was not accepted."""

    #: Keys and indexes from the outermost to the value.
    path: tuple[str | int, ...]
    #: Pydantic's name of the error ("missing", "extra_forbidden"), or "refused".
    kind: str
    #: A sentence without its subject: "must be a whole number."
    message: str
    advice: str = ""
    #: Subject of the sentence, where it is not the key.
    subject: str = ""

    def sentence(self, key: str) -> str:
        """Return what is wrong, said of *key*."""
        return f"{self.subject or key} {self.message}"


def refuse(message: str, advice: str = "", subject: str = "") -> PydanticCustomError:
    """Return what a validator raises.

    Args:
        message: A sentence whose subject is the key, and that is left out here.
        advice: What to write instead: a sentence or nothing.
        subject: Subject of the sentence if the key is not.
    """
    context = {"message": message, "advice": advice, "subject": subject}
    return PydanticCustomError("refused", "{message}", context)


def refusals_of(error: "ValidationError") -> Iterator[Refusal]:
    """Yield what pydantic found, in its order."""
    for detail in error.errors(include_url=False, include_input=False):
        kind, context = detail["type"], detail.get("ctx", {})
        said = context if kind == "refused" else {"message": _said(kind, context)}
        yield Refusal(tuple(detail["loc"]), kind, **said)


_TYPE_SENTENCES = {
    "string_type": "must be a text between quotes.",
    "string_unicode": "must be a text between quotes.",
    "int_type": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "bool_type": "must be true or false.",
    "tuple_type": "must be a list between [ and ].",
    "list_type": "must be a list between [ and ].",
    "dict_type": "must be a table.",
    "model_type": "must be a table.",
    "model_attributes_type": "must be a table.",
    "greater_than_equal": "must be {ge} or more.",
    "less_than_equal": "must be {le} or less.",
    "too_long": "holds {actual_length} entries; {max_length} are allowed.",
    "too_short": "must not be empty.",
    "literal_error": "must be {expected}.",
}


def _said(kind: str, context: dict[str, object]) -> str:
    words = dict(context)
    if isinstance(words.get("expected"), str):
        words["expected"] = str(words["expected"]).replace("'", '"')
    return _TYPE_SENTENCES.get(kind, "is not possible.").format(**words)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean "language"?`` for a misspelt word, or nothing."""
    near = nearest(word, known)
    return f'Did you mean "{near}"?' if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that *word* looks like, or nothing; case is ignored."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word[:_MAX_SHOWN].casefold(), by_folded, 1)
    return by_folded[near[0]] if near else ""


def shown(value: object) -> str:
    """Return a wrong value between quotes, on one line and not too long."""
    text = re.sub(r"\s+", " ", str(value))
    if len(text) > _MAX_SHOWN:
        text = f"{text[:_MAX_SHOWN]}…"
    return f'"{text}"'


def parse_language(text: str) -> str:
    """Return a language tag in its usual case, for example ``pt-BR``.

    Raises:
        PydanticCustomError: It is not one.
    """
    match = _LANGUAGE.fullmatch(text.strip())
    if match is None:
        raise refuse(
            f'must be a language tag such as "nl" or "pt-BR", not {shown(text)}.'
        )
    script, region = match["script"], match["region"]
    parts = [match["language"].lower()]
    parts += [script.title()] if script else []
    parts += [region.upper()] if region else []
    return "-".join(parts) + match["rest"].lower()


def _check_mailbox(text: str) -> str:
    try:
        mailbox = parse_mailbox(text)
        # With other letters before the @, every mail would need SMTPUTF8.
        normalise_address(mailbox.address)
        return str(mailbox)
    except ValueError as error:
        advice = 'Write it as "Name <news@example.org>" or "news@example.org".'
        raise refuse(f"cannot be {shown(text)}: {error}", advice) from error


def _check_address(text: str) -> str:
    try:
        return normalise_address(text)
    except ValueError as error:
        advice = 'Write it as "news@example.org".'
        raise refuse(f"cannot be {shown(text)}: {error}", advice) from error


#: First parts of the addresses of our public pages: ``/u/TOKEN``, ``/join``.
RESERVED_SLUGS = frozenset(
    {"u", "p", "c", "n", "a", "undo", "leave", "join", "privacy", "health"}
    | {"hooks"}  # where providers report
    | {"feed.xml", "robots.txt", "favicon.ico"}
)


def _check_slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise refuse(
            "must be made of letters a to z, digits and single hyphens, "
            f"not {shown(text)}."
        )
    return text


def _check_issue_slug(text: str) -> str:
    if text in RESERVED_SLUGS:
        raise refuse(f"cannot be {shown(text)}: a public page of ours is there.")
    return text


#: BCP 47 tag.
LanguageTag = Annotated[str, AfterValidator(parse_language)]
#: ``Name <address>`` or an address.
MailboxText = Annotated[str, AfterValidator(_check_mailbox)]
#: An address alone.
Address = Annotated[str, AfterValidator(_check_address)]
#: ASCII letters, digits and hyphens.
Slug = Annotated[str, AfterValidator(_check_slug)]
#: The same, free to be the address of an issue.
IssueSlug = Annotated[Slug, AfterValidator(_check_issue_slug)]
