"""Errors by who can act on them: the editor, the operator, or else the developer.

Exit codes: 0 done, 1 problems or findings, 2 wrong usage (click), 3 operation failed,
4 internal error, 130 interrupted.
"""

from collections.abc import Iterable

from newsletter.model.problem import Problem


class NewsletterError(Exception):
    """Something a person can act on; never shown with a traceback."""

    exit_code = 3
    #: Word for scripts (``--json``).
    kind = "operation"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


class DefinitionError(NewsletterError):
    """An editor's text, template or settings cannot be used; carries every problem."""

    exit_code = 1
    kind = "definition"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RefusedError(NewsletterError):
    """We will not do it as things stand; the editor can change how they stand."""

    exit_code = 1
    kind = "refused"


class UsageError(NewsletterError):
    """The command line makes no sense, for example a wrong ``--confirm``."""

    exit_code = 2
    kind = "usage"


class OperationError(NewsletterError):
    """Server, store or disk failed: what was tried, what answered, what to do next."""

    exit_code = 3
    kind = "operation"


class RecipientError(NewsletterError):
    """One recipient cannot be written to as things stand; all others can."""

    exit_code = 1
    kind = "recipient"
