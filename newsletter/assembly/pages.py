"""A mail -> HTML: main template, guards, compiler, style sheet.

Jinja templates -> MJML -> guards -> mrml -> premailer. What is wrong in a template is
found before mrml sees it, which would accept anything.
"""

from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any

from markupsafe import Markup

from newsletter.assembly.blocks import BlockRenderer
from newsletter.assembly.inline import inline_css
from newsletter.assembly.inlines import render_inlines
from newsletter.assembly.loaders import Templates
from newsletter.assembly.mail import Mail, Surroundings
from newsletter.assembly.mjml import MjmlError, compile_mjml, find_faults
from newsletter.assembly.outline import numbered_sections, paragraphs_of
from newsletter.assembly.rendering import Runner, Subject
from newsletter.errors import DefinitionError
from newsletter.i18n import format_date
from newsletter.model.issue import Attributes, Issue, Item, Section
from newsletter.model.problem import Place, Problem
from newsletter.model.words import plain_words

#: Characters of preheader and filler together: more than any list of mails shows.
_PREHEADER_LENGTH = 150

#: Takes room but shows nothing, so that no body text follows the preheader.
_FILLER = Markup("&#847;&#8204;&#160;")

#: For a template of the project that has no style sheet beside it.
_COMMON_STYLE_SHEET = "partials/base.css.j2"

#: Height of the masthead's picture, in pixels.
_LOGO_HEIGHT = 72


def render_html(mail: Mail, templates: Templates) -> str:
    """Return the HTML part of a mail, with markers.

    Raises:
        DefinitionError: A template is missing or wrong; names it with its line.
    """
    unknown = find_unknown_template(mail.issue, templates)
    if unknown is not None:
        raise DefinitionError([unknown])
    mjml = _render_mjml(mail, Runner(templates))
    if find_faults(mjml):
        tracing = Runner(templates, is_tracing=True)
        _render_mjml(mail, tracing)
        raise DefinitionError(tracing.faulty())
    try:
        html = compile_mjml(mjml)
    except MjmlError as error:
        raise DefinitionError([_refused(mail.issue, templates, error)]) from error
    return inline_css(html, _style_sheet(mail, templates))


def find_unknown_template(issue: Issue, templates: Templates) -> Problem | None:
    """Return what is wrong with the name of an issue's template, if anything is."""
    known = templates.names()
    if issue.template in known:
        return None
    near = get_close_matches(issue.template, known, n=1)
    advice = f'Did you mean "{near[0]}"?' if near else f"There are {', '.join(known)}."
    place = issue.places.get("template", Place(issue.file))
    message = f'there is no template "{issue.template}".'
    return Problem(place, message, advice)


def _refused(issue: Issue, templates: Templates, error: MjmlError) -> Problem:
    place = Place(templates.shown_path(_main(issue)))
    reason = f"the MJML of this template cannot be compiled: {error}."
    return Problem(place, reason, "Compare it with the built-in templates.")


def _main(issue: Issue) -> str:
    return f"{issue.template}.mjml.j2"


def _render_mjml(mail: Mail, runner: Runner) -> str:
    renderer = BlockRenderer(mail, runner)
    values = renderer.values(mail.around) | page_values(mail, renderer)
    return runner.run(_main(mail.issue), values, _whole(mail.issue))


def _style_sheet(mail: Mail, templates: Templates) -> str:
    """Return the rules that become style attributes: the template's or common ones."""
    runner, name = Runner(templates), f"{mail.issue.template}.css.j2"
    values = BlockRenderer(mail, runner).values(mail.around)
    used = name if templates.has(name) else _COMMON_STYLE_SHEET
    return runner.run(used, values, _whole(mail.issue))


def _whole(issue: Issue) -> Subject:
    return Subject("issue", Place(issue.file))


def page_values(mail: Mail, renderer: BlockRenderer) -> dict[str, Any]:
    """Return what a main template is given besides what every template is."""
    issue, theme, around = mail.issue, mail.settings.template, mail.around
    return {
        "subject": render_inlines(issue.subject, mail.marker),
        "preheader": _preheader(mail),
        "date": format_date(issue.date, issue.language),
        "logo": mail.picture(theme.logo_source, room=around.room, height=_LOGO_HEIGHT),
        "sections": numbered_sections(
            issue.sections, is_numbered=theme.number_sections
        ),
        "show_item": partial(_show_item, renderer, around),
        "show_blocks": partial(_show_blocks, renderer, around),
        "side_of": partial(_side_of, around),
        "lang_of": partial(_lang_of, around),
        "home_lang": _home(mail).attributes_in(around),
        "about": paragraphs_of(mail.settings.newsletter.about),
        "address": mail.settings.newsletter.address.strip().splitlines(),
        "unsubscribe_url": mail.unsubscribe_url,
        "preferences_url": mail.preferences_url,
        "view_url": mail.web_folder,
    }


def _home(mail: Mail) -> Surroundings:
    """Return the surroundings of what the settings say: their own language."""
    return mail.around.within(Attributes(language=mail.settings.newsletter.language))


def _preheader(mail: Mail) -> Markup:
    words = plain_words(mail.issue.preheader)
    filler = _FILLER * max(0, _PREHEADER_LENGTH - len(words))
    return render_inlines(mail.issue.preheader, mail.marker) + filler


def _inside(around: Surroundings, within: Section | None) -> Surroundings:
    return around.within(within.attributes) if within else around


def _side_of(
    around: Surroundings, part: Section | Item, within: Section | None = None
) -> str:
    """Return the side on which the lines of a section or item begin."""
    return _inside(around, within).within(part.attributes).start


def _lang_of(around: Surroundings, section: Section) -> Markup:
    """Return ``lang`` and ``dir`` of a section, where they are its own."""
    return around.within(section.attributes).attributes_in(around)


def _show_item(
    renderer: BlockRenderer,
    around: Surroundings,
    item: Item,
    level: int,
    within: Section | None = None,
) -> Markup:
    """Return an item for a cell of its own, below a section or the mail itself."""
    inside = _inside(around, within)
    return renderer.in_cell(renderer.item(item, inside, level), inside, around)


def _show_blocks(
    renderer: BlockRenderer, around: Surroundings, section: Section
) -> Markup:
    """Return what stands between a section's heading and its first item."""
    inside = _inside(around, section)
    html = renderer.blocks(section.blocks, replace(inside, level=3))
    return renderer.in_cell(html, inside, around)
