"""Templates run one by one, so that what is wrong has a template, a line and a block.

A template that fails is the fault of its author: every such error becomes a `Problem`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.runtime import Context
from markupsafe import Markup

from newsletter.assembly.loaders import Templates
from newsletter.assembly.mjml import MjmlFault, find_faults
from newsletter.assembly.tracing import Trace, line_at, trace
from newsletter.errors import DefinitionError
from newsletter.model.problem import Place, Problem

#: What an expression in a template can raise besides Jinja's errors: ``{{ 1 / 0 }}``.
_EXPRESSION_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What of an issue a template is run for."""

    #: In the editor's words: "event", "issue".
    kind: str
    place: Place

    def __str__(self) -> str:
        return f"the {self.kind} at {self.place}"


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a template wrote for a part of the issue, and from where."""

    subject: Subject
    trace: Trace


class Runner:
    """Runs the templates for one issue."""

    def __init__(self, templates: Templates, *, is_tracing: bool = False) -> None:
        """Run *templates*; remember what each wrote only when *is_tracing*."""
        self._templates = templates
        self._is_tracing = is_tracing
        self._known: dict[str, Template] = {}
        self._fragments: list[Fragment] = []

    def run(self, name: str, values: Mapping[str, Any], subject: Subject) -> Markup:
        """Return what a template makes of *values*.

        Raises:
            DefinitionError: It is missing, no Jinja, or fails.
        """
        template = self._get(name, subject)
        context = template.new_context(dict(values))
        try:
            return Markup(self._text(template, context, subject))  # noqa: S704 - escaped
        except TemplateError as error:
            raise self._failed(name, error, subject) from error
        except _EXPRESSION_ERRORS as error:
            if self._is_ours(error):
                raise  # a bug: nobody should be asked to correct a template
            raise self._failed(name, error, subject) from error

    def _text(self, template: Template, context: Context, subject: Subject) -> str:
        if not self._is_tracing:
            return "".join(template.root_render_func(context))
        traced = trace(template, context)
        self._fragments.append(Fragment(subject, traced))
        return traced.text

    def faulty(self) -> list[Problem]:
        """Return what is wrong in the MJML of what was traced, inner parts first."""
        problems: dict[Problem, None] = {}
        spoilt: list[str] = []
        for fragment in self._fragments:
            text = fragment.trace.text
            is_whole = fragment is self._fragments[-1]
            faults = find_faults(text, is_fragment=not is_whole)
            if not faults or any(inner in text for inner in spoilt):
                continue
            spoilt.append(text)
            found = (self._problem(fault, fragment) for fault in faults)
            problems.update(dict.fromkeys(found))
        return list(problems)

    def _get(self, name: str, subject: Subject) -> Template:
        if name not in self._known:
            try:
                self._known[name] = self._templates.get(name)
            except TemplateError as error:
                raise self._failed(name, error, subject) from error
        return self._known[name]

    def _failed(self, name: str, error: Exception, subject: Subject) -> DefinitionError:
        place, reason = self._where(name, error)
        message = f"this template fails for {subject}: {reason.rstrip('.')}."
        return DefinitionError([Problem(place, message, _advice(error))])

    def _where(self, name: str, error: Exception) -> tuple[Place, str]:
        if isinstance(error, TemplateSyntaxError):
            shown = self._templates.shown_path(error.name or name)
            return Place(shown, error.lineno), str(error.message)
        used, line = _last_template(error.__traceback__) or (name, 0)
        place = Place(self._templates.shown_path(used), line)
        if isinstance(error, TemplateNotFound):
            return place, f'there is no template "{error.name}"'
        return place, str(error)

    def _is_ours(self, error: Exception) -> bool:
        """Whether an error arose below a built-in template, or below none at all."""
        at = _last_template(error.__traceback__)
        return at is None or self._templates.is_builtin(at[0])

    def _problem(self, fault: MjmlFault, fragment: Fragment) -> Problem:
        piece = fragment.trace.at(fault.position)
        if piece is None or piece.template.name is None:
            return Problem(fragment.subject.place, fault.message, fault.advice)
        name = piece.template.name
        line = line_at(piece, fault.position, self._templates.source(name))
        place = Place(self._templates.shown_path(name), line)
        message = f"{fault.message} It was written for {fragment.subject}."
        return Problem(place, message, fault.advice)


def _advice(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return "Add the file, or correct the name."
    return "Correct the template, or remove it to use the built-in one."


def _last_template(traceback: TracebackType | None) -> tuple[str, int] | None:
    """Return the template and line an error came through last, or None if none."""
    found: tuple[str, int] | None = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(traceback.tb_lineno)
            found = template.name, line
        traceback = traceback.tb_next
    return found
