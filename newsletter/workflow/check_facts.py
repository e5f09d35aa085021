"""What the settings, the templates and the other issues tell a check."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from newsletter.assembly.loaders import Templates
from newsletter.checks import Facts
from newsletter.model.assembled import Assembled
from newsletter.workflow.compose import Composition
from newsletter.workflow.previous import previous_issue
from newsletter.workflow.project import Project


def gather_facts(
    project: Project,
    composition: Composition,
    assembled: Assembled,
    *,
    now: datetime,
    is_past: bool,
) -> Facts:
    """Return what is known before anything of the mail or its links was looked at.

    Args:
        project: The project.
        composition: Of the issue.
        assembled: What it came to.
        now: The present, aware.
        is_past: Look at the issue as on its own day, if that is over.
    """
    newsletter, server = project.settings.newsletter, project.settings.server
    templates = Templates.of_project(project.root)
    zone = ZoneInfo(newsletter.time_zone)
    day = datetime.combine(assembled.issue.date, time.min, zone)
    here = now.astimezone(zone)
    return Facts(
        now=min(day, here) if is_past else here,
        source=composition.lines,
        problems=frozenset(problem.place for problem in composition.problems),
        base_url=newsletter.base_url,
        public_lists=project.settings.public_lists,
        postal_address=newsletter.address,
        sender=newsletter.sender,
        reply_to=newsletter.reply_to,
        server_host=server.host if server else "",
        server_user=server.user if server else "",
        template_file=templates.own_file(assembled.issue.template),
        templates=templates.own_texts(),
        previous=previous_issue(project, composition.path, assembled.issue.date),
        clients=project.settings.clients,
        levels=project.settings.checks,
    )
