"""From a view to an Adaptive Card: one function per kind of view, and the text of its notification."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
    PreviewView,
    QuestionView,
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
    preview,
    question,
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


@dataclass(frozen=True, slots=True)
class _Drawer:
    """How one kind of view becomes a card, and what its notification says."""

    draw: Callable[[Any, Pen, str], Card]
    summary: Callable[[Any, Pen], str]


#: A kind of view -> its drawer; those of alerts and nominations depend on who reads.
_DRAWERS: Mapping[type[Any], _Drawer] = {
    DigestView: _Drawer(digest.draw, digest.summary),
    Sentence: _Drawer(sentence.draw, sentence.summary),
    StatusReport: _Drawer(status.draw, status.summary),
    HeldView: _Drawer(hold.draw, hold.summary),
    PreviewView: _Drawer(preview.draw, preview.summary),
    AppListView: _Drawer(lists.draw, lists.summary),
    AppStatusView: _Drawer(app_status.draw, app_status.summary),
    HistoryView: _Drawer(history.draw, history.summary),
    HelpView: _Drawer(help_card.draw, help_card.summary),
    RowsView: _Drawer(rows.draw, rows.summary),
    ExplainView: _Drawer(explain.draw, explain.summary),
    ScanView: _Drawer(scan.draw, scan.summary),
    AlarmView: _Drawer(alarm.draw, alarm.summary),
    QuestionView: _Drawer(question.draw, question.summary),
}


def _drawer(view: View) -> _Drawer:
    match view:
        case AlertView():
            return _Drawer(alert.draw if speaks_to_owner(view) else manager.draw, alert.summary)
        case NominationView():
            asked = nominee if view.role is NominationRole.NOMINEE else approval
            return _Drawer(asked.draw, asked.summary)
        case _:
            return _DRAWERS[type(view)]


def render(view: View, words: Words, *, teams_user_id: str = "") -> Card:
    """The card, as Teams takes it: version 1.5 with Action.Execute.

    `teams_user_id` is Teams' own id of the reader ("29:..."): with it the reader's client refreshes the card by
    itself, '' leaves that out.
    """
    return _drawer(view).draw(view, _pen(view, words), teams_user_id)


def summary(view: View, words: Words) -> str:
    """The notification: app and date, never a person's name (a Sentence is told as it is); never empty."""
    return _drawer(view).summary(view, _pen(view, words))


def _pen(view: View, words: Words) -> Pen:
    """Sentences and help speak of no dates of their own: for them any moment serves."""
    match view:
        case HelpView() if view.own is not None:
            return pen_for(words, zone=view.own.time_zone, now=view.own.now)
        case Sentence() | HelpView():
            return pen_for(words, zone="UTC", now=_NO_TIME)
        case ScanView():
            return pen_for(words, zone=view.time_zone, now=view.run.finished_at)
        case _:
            return pen_for(words, zone=view.time_zone, now=view.now)


__all__ = ["SENTENCES", "Words", "render", "render_sentence", "summary"]
