"""From a view to an Adaptive Card: one function per kind of view, and the text of its notification."""

from datetime import UTC, datetime
from typing import assert_never

from alerts.views import (
    AlarmView,
    AlertView,
    AppListView,
    AppStatusView,
    DigestView,
    ExplainView,
    HeldView,
    HelpView,
    HistoryView,
    NominationRole,
    NominationView,
    RowsView,
    ScanView,
    Sentence,
    StatusReport,
    View,
)
from cards import (
    alarm,
    alert,
    app_status,
    approval,
    digest,
    explain,
    history,
    hold,
    lists,
    manager,
    nominee,
    rows,
    scan,
    sentence,
    status,
)
from cards import (
    help as help_card,
)
from cards.pen import Card, Pen, pen_for
from cards.text import SENTENCES, render_sentence
from cards.wording import speaks_to_owner
from cards.words import Words

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def render(view: View, words: Words, *, teams_user_id: str = "") -> Card:
    """The card, as Teams takes it: version 1.5 with Action.Execute.

    `teams_user_id` is Teams' own id of the reader ("29:..."): with it the reader's client refreshes the card by
    itself, '' leaves that out.
    """
    pen = _pen(view, words)
    match view:
        case AlertView():
            draw = alert.draw if speaks_to_owner(view) else manager.draw
            return draw(view, pen, teams_user_id)
        case NominationView():
            draw_nomination = nominee.draw if view.role is NominationRole.NOMINEE else approval.draw
            return draw_nomination(view, pen, teams_user_id)
        case DigestView():
            return digest.draw(view, pen, teams_user_id)
        case Sentence():
            return sentence.draw(view, pen, teams_user_id)
        case StatusReport():
            return status.draw(view, pen, teams_user_id)
        case HeldView():
            return hold.draw(view, pen, teams_user_id)
        case AppListView():
            return lists.draw(view, pen, teams_user_id)
        case AppStatusView():
            return app_status.draw(view, pen, teams_user_id)
        case HistoryView():
            return history.draw(view, pen, teams_user_id)
        case HelpView():
            return help_card.draw(view, pen, teams_user_id)
        case RowsView():
            return rows.draw(view, pen, teams_user_id)
        case ExplainView():
            return explain.draw(view, pen, teams_user_id)
        case ScanView():
            return scan.draw(view, pen, teams_user_id)
        case AlarmView():
            return alarm.draw(view, pen, teams_user_id)
        case _:
            assert_never(view)


def summary(view: View, words: Words) -> str:
    """The notification: app and date, never a person's name (a Sentence is told as it is); never empty."""
    pen = _pen(view, words)
    match view:
        case AlertView():
            text = alert.summary(view, pen)
        case NominationView():
            text = (nominee if view.role is NominationRole.NOMINEE else approval).summary(view, pen)
        case DigestView():
            text = digest.summary(view, pen)
        case Sentence():
            text = sentence.summary(view, pen)
        case StatusReport():
            text = status.summary(view, pen)
        case HeldView():
            text = hold.summary(view, pen)
        case AppListView():
            text = lists.summary(view, pen)
        case AppStatusView():
            text = app_status.summary(view, pen)
        case HistoryView():
            text = history.summary(view, pen)
        case HelpView():
            text = help_card.summary(view, pen)
        case RowsView():
            text = rows.summary(view, pen)
        case ExplainView():
            text = explain.summary(view, pen)
        case ScanView():
            text = scan.summary(view, pen)
        case AlarmView():
            text = alarm.summary(view, pen)
        case _:
            assert_never(view)
    return text


def _pen(view: View, words: Words) -> Pen:
    """Sentences and help speak of no dates of their own: for them any moment serves."""
    match view:
        case Sentence() | HelpView():
            return pen_for(words, zone="UTC", now=_NO_TIME)
        case ScanView():
            return pen_for(words, zone=view.time_zone, now=view.run.finished_at)
        case _:
            return pen_for(words, zone=view.time_zone, now=view.now)


__all__ = ["SENTENCES", "Words", "render", "render_sentence", "summary"]
