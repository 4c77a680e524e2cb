"""`app.py scan` and `app.py audit`: one look, one answer, one exit code."""

import json
from typing import Any

from alerts.ledger import Ledger, draw_up
from alerts.model import RunStatus, ScanRun
from scanner.progress import ProgressBar
from service.logs import set_up_logs
from service.product import open_product
from settings.model import Settings

EXIT = {RunStatus.SUCCEEDED: 0, RunStatus.PARTIAL: 1, RunStatus.FAILED: 3}


async def scan(settings: Settings, practice: Any, *, as_json: bool) -> int:
    """One scan now; it queues, a worker sends. Exit: succeeded 0, partial 1, failed 3."""
    set_up_logs("WARNING" if as_json else settings.service.log_level, readable=True)
    async with open_product(settings, practice, frozenset({"scanner"})) as product:
        with ProgressBar() as bar:
            run = await product.scans.scan(bar)
        # The scan's events belong to it: move them while the archive is open.
        await product.pump()
    print(json.dumps(run_fields(run)) if as_json else run_sentence(run))  # noqa: T201
    return EXIT[run.status]


def run_fields(run: ScanRun) -> dict[str, Any]:
    """The JSON object of design 1.1."""
    return {
        "run_id": run.run_id,
        "status": run.status.value,
        "applications": run.applications,
        "enterprise_applications": run.enterprise_applications,
        "credentials": run.credentials,
        "quarantined": run.quarantined,
        "ownerless": run.ownerless,
        "ownerless_without_any": run.ownerless_without_any,
        "due": run.due,
        "expired": run.expired,
        "notices_queued": run.notices_queued,
        "records_uploaded": run.records_uploaded,
        "requests": run.requests,
        "throttled": run.throttled,
        "resource_units": run.resource_units,
        "seconds": round(run.seconds, 3),
        "phase_seconds": {name: round(seconds, 3) for name, seconds in run.phase_seconds.items()},
        "errors": list(run.errors),
    }


def run_sentence(run: ScanRun) -> str:
    """For a person at a terminal."""
    read = f"{run.applications} apps, {run.enterprise_applications} enterprise apps, {run.credentials} credentials"
    head = (
        f"Scan {run.status.value} in {run.seconds:.1f} s: {read}, {run.due} due, {run.notices_queued} notices queued."
    )
    return "\n".join([head, *(f"  {error}" for error in run.errors)])


async def audit(settings: Settings, practice: Any, *, as_json: bool) -> int:
    """The ledger and the trail of who did what; exit 1 if the sum differs or a row of the trail was touched."""
    set_up_logs("WARNING", readable=True)
    async with open_product(settings, practice, frozenset()) as product, product.store.reading() as tx:
        ledger = await draw_up(tx, product.clock(), product.core.policy)
        broken = await tx.audit_broken_at()
    if as_json:
        print(json.dumps(ledger_fields(ledger)))  # noqa: T201
    else:
        print(ledger_sentence(ledger))  # noqa: T201
        print(trail_sentence(broken))  # noqa: T201
    return 1 if ledger.difference or broken is not None else 0


def trail_sentence(broken: int | None) -> str:
    """Whether every row of who did what is as it was written."""
    if broken is None:
        return "who did what: every row is as it was written"
    return f"who did what: row {broken} is not as it was written, or one before it is missing"


def ledger_fields(ledger: Ledger) -> dict[str, Any]:
    """The JSON object of design 1.1."""
    return {
        "run_id": ledger.run_id,
        "due": ledger.due,
        "states": {state: number for state, number in ledger.states.items() if number},
        "difference": ledger.difference,
        "credentials": [
            {
                "object_id": entry.alert.application.object_id,
                "key_id": entry.alert.credential.key_id,
                "state": entry.state.value,
                "since": entry.since.isoformat(),
                "next_step": entry.next_step,
                "next_at": entry.next_at.isoformat() if entry.next_at else None,
            }
            for entry in ledger.entries
        ],
        "not_told": [
            {"person": line.person_id, "key_id": line.key_id, "reason": line.reason, "next_step": line.next_step}
            for line in ledger.not_told
        ],
    }


def ledger_sentence(ledger: Ledger) -> str:
    """For a person at a terminal: the sum and each state."""
    states = " · ".join(f"{state} {number}" for state, number in ledger.states.items() if number) or "nothing due"
    verdict = "all accounted for" if not ledger.difference else f"{ledger.difference} unaccounted for"
    lines = [f"{ledger.due} due, {verdict}: {states}"]
    lines += [
        f"  not told: {line.name} about {line.key_id}: {line.reason}; {line.next_step}" for line in ledger.not_told
    ]
    return "\n".join(lines)
