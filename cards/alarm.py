"""Something is wrong with Steward itself, for admins: what, since when, what it means, what to do; green once it is over."""

from collections.abc import Mapping

from alerts.problems import said_key, to_do_key
from alerts.views import AlarmView, Sentence
from cards.pen import Card, Element, Look, Pen, block, header
from cards.safe import Safe
from cards.text import sentence_pieces

#: A scan is started by its own button.
_SCANS = frozenset({"scanFailed", "scanPartial", "scanMissed", "ledgerDiffers"})


def draw(view: AlarmView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """One card per problem: it is updated until the problem is over, and says so then."""
    over = view.over_at is not None
    title = block(
        pen.pieces("alarm.over.title", title=_title(view, pen)) if over else (), Look(size="Large", bold=True)
    )
    if not over:
        title = block(pen.pieces(f"alarm.{view.kind}.title", **_since(view, pen)), Look(size="Large", bold=True))
    said = Sentence(key=said_key(view.kind), params=problem_params(view))
    body: list[Element] = [header(title, "good" if over else "attention"), block(sentence_pieces(said, pen.words))]
    if view.over_at is not None:
        body.append(pen.line("alarm.over", until=pen.calendar.moment(view.over_at)))
        return pen.card(body, summary=summary(view, pen))
    if view.kind in _SCANS and view.next_scan is not None:
        body.append(pen.line("alarm.next", time=pen.calendar.moment(view.next_scan)))
    body.append(pen.line(to_do_key(view.kind), look=Look(spacing="Medium")))
    buttons = [pen.command("button.scan", "scan")] if view.kind in _SCANS else []
    return pen.card(body, buttons, summary=summary(view, pen))


def summary(view: AlarmView, pen: Pen) -> str:
    key = "summary.alarm.over" if view.over_at is not None else "summary.alarm"
    return pen.inert(key, title=_title(view, pen))


def problem_params(view: AlarmView) -> Mapping[str, str]:
    """What the problem's sentence needs, times in the reader's zone."""
    return {**view.params, "since": view.since.isoformat(), "zone": view.time_zone}


def _title(view: AlarmView, pen: Pen) -> Safe:
    return pen.text(f"alarm.{view.kind}.title", **_since(view, pen))


def _since(view: AlarmView, pen: Pen) -> dict[str, object]:
    """The time alone on the day itself, with its date later."""
    calendar = pen.calendar
    same_day = calendar.day(view.since) == calendar.day(view.now)
    return {"time": calendar.clock(view.since) if same_day else calendar.moment(view.since)}
