"""Pure: how an alert ends, and what its cards will say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.events import alert_event
from alerts.model import NOT_DUE, Alert, AlertState, Credential, Event, EventType
from alerts.stages import successor


@dataclass(frozen=True, kw_only=True)
class Closing:
    """Closes alerts on the evidence of one complete look at their app."""

    now: datetime
    run_id: str

    def _closed(self, alert: Alert, reason: str, newer: Credential | None) -> Alert:
        return replace(
            alert,
            state=AlertState.RESOLVED,
            closed_at=self.now,
            changed_at=self.now,
            closed_reason=reason,
            successor=newer or alert.successor,
            version=alert.version + 1,
            run_id=self.run_id,
        )

    def removed(self, alert: Alert, siblings: Sequence[Credential]) -> tuple[Alert, list[Event]]:
        """The credential is gone from its app, or the app is gone."""
        newer = successor(alert.credential, tuple(siblings))
        closed = self._closed(alert, "removed", newer)
        events = [alert_event(EventType.CREDENTIAL_REMOVED, closed, self.now, run_id=self.run_id)]
        if newer is not None and alert.successor is None:
            events.append(
                alert_event(
                    EventType.CREDENTIAL_RENEWED,
                    closed,
                    self.now,
                    newer.key_id,
                    run_id=self.run_id,
                    details={"by": newer.key_id},
                )
            )
        return closed, events

    def not_due(self, alert: Alert) -> Alert:
        """The operator's stages no longer reach it."""
        return self._closed(alert, NOT_DUE, None)

    def end_date_moved(self, alert: Alert, now_is: Credential) -> tuple[Alert, list[Event]]:
        """The same credential now ends on another day: that alert is over."""
        closed = self._closed(alert, "endDateMoved", now_is)
        end = now_is.end.isoformat() if now_is.end else ""
        event = alert_event(
            EventType.CREDENTIAL_RENEWED, closed, self.now, end, run_id=self.run_id, details={"newEnd": end}
        )
        return closed, [event]
