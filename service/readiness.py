"""Whether this process can do its work, and which promises are broken; for /readyz and /metrics, without names."""

import asyncio
import logging
from typing import Any

from alerts.auditor import EVERY
from alerts.errors import StewardError
from alerts.problems import PROMISES, AuditReport, ProblemKind, stored_report
from service.metrics import GAUGES
from service.product import Product

log = logging.getLogger(__name__)

#: The auditor is missed when its report is older than this (seconds); it looks every 15 minutes.
SILENT_SECONDS = EVERY.total_seconds() + 300.0
#: Seconds that the database has for an answer.
PATIENCE_SECONDS = 5.0

_ORDER = {kind: place for place, kind in enumerate(ProblemKind)}


class Readiness:
    """503 only when the database or the schedule fail; what else is wrong stands in the body."""

    def __init__(self, product: Product) -> None:
        self._product = product

    async def __call__(self) -> Any:
        answer = self._product.teams_wiring().Readiness
        failures: list[str] = []
        problems: frozenset[ProblemKind] = frozenset()
        try:
            _, problems = await self._look()
        except (StewardError, OSError, TimeoutError) as error:
            log.warning("not ready: %s", error)
            failures.append("the database does not answer")
        if self._product.scans is not None and self._product.scans.failed:
            failures.append("the schedule has stopped")
        names = sorted(problems, key=_ORDER.__getitem__)
        return answer(
            ready=not failures,
            problems=(*failures, *(kind.value for kind in names)),
            broken_promises=tuple(sorted({PROMISES[kind] for kind in problems}, key=lambda name: int(name[1:]))),
        )

    async def show_metrics(self) -> None:
        """Bring the gauges up to date; they stay as they were where the database does not answer."""
        try:
            report, problems = await self._look()
        except (StewardError, OSError, TimeoutError) as error:
            log.warning("the gauges are not up to date: %s", error)
            return
        if report is not None:
            GAUGES.show(report, problems, self._product.clock())

    async def _look(self) -> tuple[AuditReport | None, frozenset[ProblemKind]]:
        """What the auditor said last, what only this process knows, and whether the auditor is silent."""
        product = self._product
        async with asyncio.timeout(PATIENCE_SECONDS), product.store.reading() as tx:
            report = await stored_report(tx)
        found = {problem.kind for problem in report.problems} if report is not None else set()
        if product.clock_watch.trouble():
            found.add(ProblemKind.CLOCK_JUMPED)
        age = abs((product.clock() - report.at).total_seconds()) if report is not None else float("inf")
        if age > SILENT_SECONDS and product.clock.unmoved_for() > SILENT_SECONDS:
            found.add(ProblemKind.AUDITOR_SILENT)
        return report, frozenset(found)
