"""The state of the tenant for admins (draft E): is Steward well, is everything accounted for, what needs somebody."""

from collections.abc import Iterator

from alerts.model import RunStatus, ScanRun
from alerts.views import StatusReport
from cards.charts import Bar, bars
from cards.pen import Card, Element, Look, Pen, action_set, block, header, row
from cards.safe import Safe
from cards.text import Piece, sentence_pieces
from cards.wording import Line

#: Colour of each state's bar: what is in hand is green, what waits is yellow, what nobody heard of is red.
_COLOURS = {
    "delivered": "categoricalBlue",
    "read": "categoricalLightBlue",
    "acknowledged": "good",
    "snoozed": "categoricalMarigold",
    "nominated": "categoricalTeal",
    "superseded": "categoricalLime",
    "retired": "neutral",
    "excluded": "neutral",
    "pending": "warning",
    "held": "warning",
    "unreachable": "attention",
    "failed": "attention",
    "expired": "categoricalRed",
}
#: Days that "Urgent" speaks of; the same as the core's.
URGENT_DAYS = 3
MOST_BUTTONS = 3


def draw(view: StatusReport, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """Problems first, then the figures."""
    well = not view.problems and not view.difference
    title = pen.pieces(
        "status.title",
        title=pen.text("status.well" if well else "status.ill"),
        date=pen.calendar.day(view.now),
        time=pen.calendar.clock(view.now),
    )
    body: list[Element] = [header(block(title, Look(size="Large")), "good" if well else "attention")]
    # Bold, not red: the head is red already, and red text is hard to read on dark ground.
    body += [block(sentence_pieces(problem, pen.words), Look(bold=True)) for problem in view.problems]
    body += [block(line) for line in _about_scans(view, pen)]
    body += _due(view, pen)
    body += _needs(view, pen)
    if view.federated_applications:
        body.append(pen.line("status.federated", count=view.federated_applications, look=Look(subtle=True)))
    return pen.card(body, _buttons(view, pen), summary=summary(view, pen))


def _about_scans(view: StatusReport, pen: Pen) -> Iterator[Line]:
    said = _scan(view.last_run, pen) if view.last_run else pen.text("status.scan.none")
    if view.next_scan is None:
        yield (Piece(said),)
    else:
        calendar = pen.calendar
        yield pen.pieces(
            "status.next", scan=said, date=calendar.day(view.next_scan), time=calendar.clock(view.next_scan)
        )
    good = view.last_good_run
    if good is not None and view.last_run is not None and good.run_id != view.last_run.run_id:
        yield pen.pieces(
            "status.good", date=pen.calendar.day(good.started_at), time=pen.calendar.clock(good.started_at)
        )
    yield pen.pieces(f"status.sending.{view.sending}")


def _scan(run: ScanRun, pen: Pen) -> Safe:
    params: dict[str, object] = {
        "date": pen.calendar.day(run.started_at),
        "time": pen.calendar.clock(run.started_at),
        "apps": run.applications + run.enterprise_applications,
        "credentials": run.credentials,
        "seconds": round(run.seconds),
    }
    suffix = "" if run.status is RunStatus.SUCCEEDED else f".{run.status}"
    return pen.text(f"status.scan{suffix}", **params)


def _due(view: StatusReport, pen: Pen) -> list[Element]:
    if not view.due and not view.difference:
        return [pen.line("status.due.none")]
    key = "status.due.differs" if view.difference else "status.due"
    line = pen.line(key, count=view.due, difference=view.difference, look=Look(spacing="Medium"))
    states = sorted(((state, number) for state, number in view.ledger.items() if number), key=lambda pair: -pair[1])
    return [line, _chart(states, pen)] if states else [line]


def _chart(states: list[tuple[str, int]], pen: Pen) -> Element:
    """Bars where the client draws them, else one line with the same figures."""
    named = [(state_name(state, pen), state, number) for state, number in states]
    line = pen.catalog.comma.join(pen.text("status.part", state=name, count=number) for name, _, number in named)
    data = [Bar(name=str(name), number=number, color=_COLOURS.get(state, "neutral")) for name, state, number in named]
    return bars(pen.inert("status.chart"), data, [block([Piece(line)])])


def state_name(state: str, pen: Pen) -> Safe:
    """A ledger state in a word or two."""
    return pen.text(f"state.{state}.ledger")


def _needs(view: StatusReport, pen: Pen) -> list[Element]:
    lines: list[Element] = []
    if view.urgent:
        lines.append(row(pen.pieces("status.urgent", count=view.urgent), pen.typing(f"expiring {URGENT_DAYS}")))
    if view.not_told:
        lines.append(row(pen.pieces("status.not_told", count=view.not_told), pen.typing("unreachable")))
    if view.approvals:
        date = pen.calendar.day(view.oldest_approval or view.now)
        line = pen.pieces("status.approvals", count=view.approvals, date=date)
        lines.append(row(line, pen.typing("nominations")))
    if view.ownerless_due:
        line = pen.pieces("status.ownerless", count=view.ownerless_due, total=view.ownerless_total)
        lines.append(row(line, pen.typing("ownerless")))
    if not lines:
        return [pen.line("status.needs.nothing", look=Look(spacing="Medium"))]
    return [pen.line("status.needs", look=Look(spacing="Medium")), *lines]


def _buttons(view: StatusReport, pen: Pen) -> list[Element]:
    """What needs somebody, at most three; all the rest behind one more."""
    numbered = (
        ("button.urgent", view.urgent, f"expiring {URGENT_DAYS}"),
        ("button.approvals", view.approvals, "nominations"),
        ("button.not_told", view.not_told, "unreachable"),
    )
    main = [pen.command(title, text, count=count) for title, count, text in numbered if count]
    more = [pen.command("button.expiring", "expiring 7")]
    if view.ownerless_total:
        more.append(pen.command("button.ownerless", "ownerless", count=view.ownerless_total))
    more.append(pen.command("button.scan", "scan"))
    if view.sending == "paused":
        more.append(pen.command("button.resume", "resume"))
    elif view.sending != "on":
        more += [pen.command("button.preview", "preview"), pen.command("button.send_to_all", "go all")]
    if not main:
        return more[:MOST_BUTTONS]
    card = {"type": "AdaptiveCard", "body": [action_set(more)]}
    return [*main, {"type": "Action.ShowCard", "title": pen.inert("button.rest"), "card": card}]


def summary(view: StatusReport, pen: Pen) -> str:
    return pen.inert("summary.status", date=pen.calendar.day(view.now))
