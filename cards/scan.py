"""What one scan read and found."""

from alerts.model import RunStatus
from alerts.views import ScanView
from cards.pen import Card, Element, Look, Pen, block, header
from cards.safe import Limit, Safe, clean

#: Errors listed; the run's row in the archive holds all.
ERRORS = 5

_STYLES = {RunStatus.SUCCEEDED: "good", RunStatus.PARTIAL: "warning", RunStatus.FAILED: "attention"}


def draw(view: ScanView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """How it went, what it saw, what is missing."""
    run, calendar = view.run, pen.calendar
    title = pen.pieces(f"scan.title.{run.status}")
    body: list[Element] = [
        header(block(title, Look(size="Large", bold=True)), _STYLES[run.status]),
        pen.line(
            "scan.when",
            date=calendar.day(run.started_at),
            time=calendar.clock(run.started_at),
            seconds=round(run.seconds),
        ),
    ]
    if run.status is not RunStatus.FAILED:
        body += [
            pen.line(
                "scan.read",
                apps=run.applications,
                enterprise=run.enterprise_applications,
                credentials=run.credentials,
            ),
            pen.line("scan.found", due=run.due, expired=run.expired, ownerless=run.ownerless),
            pen.line("scan.queued", count=run.notices_queued) if run.notices_queued else pen.line("scan.queued.none"),
        ]
    if run.quarantined:
        body.append(pen.line("scan.quarantined", count=run.quarantined))
    if run.errors:
        body.append(pen.line("scan.errors", look=Look(spacing="Medium")))
        body += [pen.line("scan.error", error=Safe(clean(error, Limit.NOTE))) for error in run.errors[:ERRORS]]
    return pen.card(body, summary=summary(view, pen))


def summary(view: ScanView, pen: Pen) -> str:
    return pen.inert("summary.scan", date=pen.calendar.day(view.run.started_at))
