"""A condition that an editor typed, read with the fields and lists of the project."""

from newsletter.model.segment import Segment
from newsletter.subscribers.segments import parse_segment
from newsletter.workflow.project import Project


def read_where(project: Project, text: str) -> Segment:
    """Return what ``--where TEXT`` means.

    Raises:
        UsageError: It means nothing, with its place.
    """
    settings = project.settings
    return parse_segment(
        text,
        {name: field.type for name, field in settings.fields.items()},
        lists=settings.lists,
        time_zone=settings.newsletter.time_zone,
    )
