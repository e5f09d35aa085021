"""Write new addresses into an issue: those of pages that moved, and joined ones.

Law: only what the editor accepts is written, and only into a file that is as it was
when it was checked. All other bytes of it stay as they are.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.checks.link_lines import whole_address
from newsletter.checks.links.domains import is_front_page
from newsletter.definition.files import read_definition
from newsletter.errors import OperationError
from newsletter.model.link import BrokenAddress, CheckedLink, Verdict
from newsletter.model.problem import Place
from newsletter.workflow.amend import Source, join, move, spell, written_at
from newsletter.workflow.check import CheckReport
from newsletter.workflow.project import Project


@dataclass(frozen=True, slots=True)
class Proposal:
    """An address that can be written in the place of another."""

    place: Place
    #: The words of the link; empty for an address that is broken over two lines.
    words: str
    #: As it is written; of a broken one both parts, with a space between them.
    old: str
    new: str
    #: Why it cannot be written by us, or empty.
    obstacle: str = ""
    #: Complete address that *old* stands for.
    url: str = ""
    broken: BrokenAddress | None = None

    def __str__(self) -> str:
        """Return ``issues/2023-02.md:18: https://old -> https://new``."""
        place = replace(self.place, column=0)
        return f"{place}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of accepted proposals."""

    written: tuple[Proposal, ...] = ()
    #: Accepted, and not written, with the obstacle.
    left: tuple[Proposal, ...] = ()


def has_fixes(report: CheckReport) -> bool:
    """Whether there is a new address for anything in an issue."""
    return any(map(_is_moved, report.links)) or any(map(whole_address, report.breaks))


def propose_fixes(project: Project, report: CheckReport) -> tuple[Proposal, ...]:
    """Return the addresses that can be written anew, in reading order.

    Raises:
        OperationError: The definition has changed since it was checked.
    """
    if not has_fixes(report):
        return ()
    source, _ = _read(project, report)
    moved = [_move_proposal(source, link) for link in report.links if _is_moved(link)]
    whole = [(checked, whole_address(checked)) for checked in report.breaks]
    joined = [
        Proposal(
            place=checked.address.place,
            words="",
            old=f"{checked.address.first} {checked.address.rest}",
            new=url,
            broken=checked.address,
        )
        for checked, url in whole
        if url
    ]
    broken = {proposal.place for proposal in joined}
    proposals = [p for p in moved if p.new and p.place not in broken]
    return tuple(sorted([*proposals, *joined], key=lambda proposal: proposal.place))


def write_fixes(
    project: Project, report: CheckReport, accepted: Sequence[Proposal]
) -> Fixed:
    """Write the accepted addresses into the definition, all in one step.

    Raises:
        OperationError: The definition has changed since it was checked, or it cannot
            be written.
    """
    source, data = _read(project, report)
    written: list[Proposal] = []
    left: list[Proposal] = []
    # From the end: places before a change stay what they are.
    for proposal in sorted(accepted, key=lambda one: one.place, reverse=True):
        changed = None if proposal.obstacle else _changed(source, proposal)
        if changed is None:
            obstacle = proposal.obstacle or "its place in the file could not be found."
            left.append(replace(proposal, obstacle=obstacle))
        else:
            source = replace(source, text=changed)
            written.append(proposal)
    if written:
        path = project.root / report.file
        _write(path, source.text.encode(), expected=data, file=report.file)
    return Fixed(tuple(reversed(written)), tuple(reversed(left)))


def _is_moved(link: CheckedLink) -> bool:
    """Whether a link has a new address that is surely that of the same page."""
    judgement = link.judgement
    if judgement.verdict is not Verdict.MOVED or not judgement.new_url:
        return False
    return is_front_page(link.use.url) or not is_front_page(judgement.new_url)


def _move_proposal(source: Source, link: CheckedLink) -> Proposal:
    use = link.use
    written = written_at(source, use.place, use.url)
    scheme = written.partition(":")[0].lower()
    is_short = scheme in source.settings.shortlinks
    obstacle = (
        f'"{scheme}:" is a short link: write the new address under [shortlinks] in '
        "newsletter.toml, for all links of its kind."
        if is_short
        else ""
    )
    return Proposal(
        place=use.place,
        words=use.words,
        old=written or use.url,
        new=spell(link.judgement.new_url),
        obstacle=obstacle,
        url=use.url,
    )


def _changed(source: Source, proposal: Proposal) -> str | None:
    if proposal.broken is not None:
        return join(source, proposal.broken, proposal.new)
    changed = move(source, proposal.place, proposal.url, proposal.new)
    return changed if changed is not None else _moved_already(source, proposal)


def _moved_already(source: Source, proposal: Proposal) -> str | None:
    """Return the text where another link with the same definition has moved this one.

    ``[one][x] and [two][x]`` share ``[x]: https://…``.
    """
    if written_at(source, proposal.place, proposal.url):
        return None
    return source.text if written_at(source, proposal.place, proposal.new) else None


def _read(project: Project, report: CheckReport) -> tuple[Source, bytes]:
    """Return the definition, and its bytes, if it is still what was checked."""
    path = project.root / report.file
    definition = read_definition(path, root=project.root)
    data = path.read_bytes()
    source = Source(
        data.decode("utf-8", "replace"),
        definition.file,
        definition.slug,
        project.settings,
    )
    if source.lines() != report.lines:
        raise _changed_meanwhile(report.file)
    return source, data


def _changed_meanwhile(file: str) -> OperationError:
    return OperationError(
        f"{file} has changed since it was checked: nothing was written.",
        "Check it again.",
    )


def _write(path: Path, data: bytes, *, expected: bytes, file: str) -> None:
    """Put a new file in the place of the old, with its rights, in one step."""
    real = Path(os.path.realpath(path))
    try:
        mode = real.stat().st_mode
        with tempfile.NamedTemporaryFile(
            dir=real.parent, prefix=f".{real.name}.", delete=False
        ) as new:
            try:
                new.write(data)
                new.flush()
                os.fsync(new.fileno())
                Path(new.name).chmod(mode & 0o7777)
                if real.read_bytes() != expected:
                    raise _changed_meanwhile(file)
                Path(new.name).replace(real)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise OperationError(
            f"{file} could not be written ({reason}).",
            "Nothing was changed. Look who may write in its folder.",
        ) from error
