"""What /metrics shows of the books and of Steward's promises: the auditor's last report as gauges."""

from datetime import datetime

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from alerts.ledger import LedgerState
from alerts.problems import PROMISES, AuditReport, ProblemKind


class WatchGauges:
    """Set from a report."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"steward_{name}", text, labels, registry=registry)

        self._states = gauge("ledger_credentials", "due credentials by ledger state", "state")
        self._due = gauge("ledger_due", "due credentials as the last scan counted them")
        self._difference = gauge("ledger_difference", "due credentials that are in no state or in two")
        self._overdue = gauge("deliveries_overdue", "messages that could have gone out 15 minutes ago")
        self._not_told = gauge("not_told", "people who could not be told, by credential")
        self._scan_age = gauge("last_scan_age_seconds", "since the last scan began; -1 where there was none")
        self._audit_age = gauge("audit_age_seconds", "since the books were checked")
        self._problem = gauge("problem", "1 while it lasts", "problem")
        self._promise = gauge("promise_kept", "0 while something breaks it", "promise")

    def show(self, report: AuditReport, problems: frozenset[ProblemKind], now: datetime) -> None:
        """Bring all of them up to date."""
        for state in LedgerState:
            self._states.labels(state.value).set(report.states.get(state.value, 0))
        self._due.set(report.due)
        self._difference.set(report.difference)
        self._overdue.set(report.overdue)
        self._not_told.set(report.not_told)
        scanned = report.last_scan_at
        self._scan_age.set((now - scanned).total_seconds() if scanned is not None else -1)
        self._audit_age.set((now - report.at).total_seconds())
        broken = {PROMISES[kind] for kind in problems}
        for kind in ProblemKind:
            self._problem.labels(kind.value).set(int(kind in problems))
        for promise in sorted(set(PROMISES.values())):
            self._promise.labels(promise).set(int(promise not in broken))


#: The process's own; a registry takes each name once.
GAUGES = WatchGauges()
