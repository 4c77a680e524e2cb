"""One e-mail for one person and run: the sentences of the cards as plain text and as HTML.

HTML without images, styles from elsewhere or anything to fetch; every text escaped; names lose what mail programs
would turn into links.
"""

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alerts.views import AlertView, MailView, NominationRole, NominationView
from cards import approval, nominee
from cards.pen import Pen, pen_for
from cards.safe import clean, unlinked
from cards.text import Piece, render_sentence, sentence_pieces, words_for
from cards.things import thing
from cards.wording import Line, Wording, speaks_to_owner, wording
from cards.words import Words

#: Longest subject, in characters; mail programs show less.
SUBJECT = 150
#: Apps told of in full; a mail is a pointer to Teams, not a report.
MOST = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One app, or one piece of news."""

    title: Line
    lines: tuple[Line, ...]
    #: Where it is put right, '' nowhere.
    link: str = ""


def render_mail(view: MailView, words: Words) -> Mail:
    """Subject without line breaks, text part and HTML part, in the recipient's language."""
    words = words_for(words, view.locale, view.recipient.preferred_language)
    pen = pen_for(words, zone=view.time_zone, now=view.now)
    parts = [*_parts(view, pen)]
    return Mail(subject=_subject(view, pen), text=_text(view, parts, pen), html=_html(view, parts, pen))


# ---------------------------------------------------------------- what it says


def _parts(view: MailView, pen: Pen) -> Iterator[_Part]:
    for sentence in view.infos:
        yield _Part(title=(), lines=(sentence_pieces(sentence, pen.words),))
    for nomination in view.nominations:
        yield _nomination(nomination, pen)
    for alert in view.alerts[:MOST]:
        yield _alert(alert, pen)
    if len(view.alerts) > MOST:
        yield _Part(title=(), lines=(pen.pieces("mail.rest", count=len(view.alerts) - MOST),))


def _alert(view: AlertView, pen: Pen) -> _Part:
    said = wording(view, pen)
    link = pen.words.renew_link(view.application) if speaks_to_owner(view) else ""
    return _part(said, link)


def _nomination(view: NominationView, pen: Pen) -> _Part:
    if view.role is NominationRole.NOMINEE:
        return _part(nominee.wording(view, pen), "")
    return _part(approval.wording(view, pen), pen.words.owners_link(view.nomination.application))


def _part(said: Wording, link: str) -> _Part:
    return _Part(title=said.title, lines=(*said.state, *said.lines), link=link)


def _subject(view: MailView, pen: Pen) -> str:
    """App and date first."""
    text = unlinked(clean(_plain_subject(view, pen), SUBJECT))
    return text or pen.text("mail.subject.empty")


def _plain_subject(view: MailView, pen: Pen) -> str:
    if view.nominations:
        nomination = view.nominations[0]
        app = pen.app(nomination.nomination.application.display_name)
        date = pen.calendar.day(nomination.nomination.answer_by)
        role = "nominee" if nomination.role is NominationRole.NOMINEE else "approval"
        return pen.text(f"mail.subject.{role}", app=app, date=date)
    if view.alerts:
        return _alert_subject(view, pen)
    if view.infos:
        return pen.text("mail.subject.info", text=render_sentence(view.infos[0], pen.words))
    return ""


def _alert_subject(view: MailView, pen: Pen) -> str:
    alert = view.alerts[0]
    item = alert.items[0]
    app = pen.app(alert.application.display_name)
    date = pen.calendar.day(item.credential.end or view.now)
    if len(view.alerts) > 1:
        return pen.text("mail.subject.alerts", app=app, date=date, count=len(view.alerts) - 1)
    if not speaks_to_owner(alert):
        return pen.text("mail.subject.manager", app=app, date=date)
    key = "mail.subject.alert.past" if item.days_left < 0 else "mail.subject.alert"
    return pen.text(key, app=app, thing=thing(pen, item.credential), date=date)


def _hello(view: MailView, pen: Pen) -> Line:
    first = pen.first(view.recipient)
    return pen.pieces("mail.hello", first=first) if first else pen.pieces("mail.hello.nobody")


def _how_to_answer(view: MailView, pen: Pen) -> tuple[list[Line], list[tuple[str, str]]]:
    """Paragraphs, and links with their titles."""
    words = pen.words
    if view.no_teams:
        links = [(str(pen.text("mail.no_teams.link")), words.app_link)] if words.app_link else []
        return [pen.pieces("mail.no_teams")], links
    return [], [(str(pen.text("mail.answer")), words.chat_link)] if words.chat_link else []


# ---------------------------------------------------------------- plain text


def _text(view: MailView, parts: Iterable[_Part], pen: Pen) -> str:
    paragraphs = [_flat(_hello(view, pen))]
    for part in parts:
        told = [_flat(line) for line in part.lines]
        if part.title:
            title = _flat(part.title)
            told = [title, "-" * min(len(title), 60), *told]
        if part.link:
            told.append(f"{pen.text('button.entra')}: {part.link}")
        paragraphs.append("\n".join(told))
    lines, links = _how_to_answer(view, pen)
    paragraphs += [_flat(line) for line in lines]
    paragraphs += [f"{title}: {url}" for title, url in links]
    paragraphs.append(_flat(pen.pieces("mail.why")))
    paragraphs.append(f"-- \n{_flat(pen.footer_pieces())}")
    return "\n\n".join(paragraphs) + "\n"


def _flat(line: Line) -> str:
    return unlinked("".join(piece.text for piece in line))


# ---------------------------------------------------------------- HTML

_BODY = "font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;color:#242424;max-width:640px"
_TITLE = "font-size:18px;margin:28px 0 8px"
_PARAGRAPH = "margin:0 0 8px"
_BUTTON = (
    "display:inline-block;padding:8px 16px;background:#5b5fc7;color:#ffffff;text-decoration:none;border-radius:4px"
)
_FOOTER = "margin:28px 0 0;padding-top:12px;border-top:1px solid #d1d1d1;font-size:13px;color:#616161"


def _html(view: MailView, parts: Iterable[_Part], pen: Pen) -> str:
    lines, links = _how_to_answer(view, pen)
    body = [_paragraph(_hello(view, pen))]
    for part in parts:
        if part.title:
            body.append(f'<h2 style="{_TITLE}">{_escaped_line(part.title)}</h2>')
        body += [_paragraph(line) for line in part.lines]
        if part.link:
            body.append(f'<p style="{_PARAGRAPH}">{_link(pen.text("button.entra"), part.link)}</p>')
    body += [_paragraph(line) for line in lines]
    body += [f'<p style="margin:24px 0">{_link(title, url, _BUTTON)}</p>' for title, url in links]
    body.append(_paragraph(pen.pieces("mail.why")))
    body.append(f'<p style="{_FOOTER}">{_escaped_line(pen.footer_pieces())}</p>')
    language = html.escape(pen.catalog.language)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{html.escape(_subject(view, pen))}</title></head>\n"
        f'<body><div style="{_BODY}">\n' + "\n".join(body) + "\n</div></body></html>\n"
    )


def _paragraph(line: Line) -> str:
    return f'<p style="{_PARAGRAPH}">{_escaped_line(line)}</p>'


def _escaped_line(line: Line) -> str:
    return "".join(_escaped(piece) for piece in line)


def _escaped(piece: Piece) -> str:
    text = html.escape(unlinked(piece.text))
    return f"<b>{text}</b>" if piece.bold else text


def _link(title: str, url: str, style: str = "") -> str:
    styled = f' style="{style}"' if style else ""
    return f'<a href="{html.escape(url)}"{styled}>{html.escape(title)}</a>'
