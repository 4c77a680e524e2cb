"""A tenant's alerts for the delivery bench and the drill: decided by the engine itself, so many to so many people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from alerts.model import Application, ApplicationType, Credential, CredentialType, Decision, Person
from alerts.ports import Store
from alerts.runs import RunStatus, ScannedTenant, ScanRun

DAY = timedelta(days=1)


class Decides(Protocol):
    """The engine."""

    async def decide(self, scanned: ScannedTenant) -> Decision: ...


def owners_of(alerts: int, people: Sequence[Person]) -> list[Person]:
    """The one owner of each app: everybody has one, then a second one, and so on."""
    return [people[number % len(people)] for number in range(alerts)]


def tenant(run_id: str, alerts: int, people: Sequence[Person], now: datetime) -> ScannedTenant:
    """So many apps, each with one client secret that ends within the month."""
    apps = [
        Application(
            object_id=f"00000000-0000-4000-8000-{number:012d}",
            app_id=f"11111111-0000-4000-8000-{number:012d}",
            display_name=f"Invoice service {number}",
            type=ApplicationType.APP_REGISTRATION,
            owners=(owner,),
            created=now - 400 * DAY,
            credentials=(
                Credential(
                    key_id=f"22222222-0000-4000-8000-{number:012d}",
                    type=CredentialType.CLIENT_SECRET,
                    display_name="key",
                    start=now - 300 * DAY,
                    end=now + (8 + number % 21) * DAY + timedelta(hours=12),
                ),
            ),
        )
        for number, owner in enumerate(owners_of(alerts, people))
    ]
    return ScannedTenant(
        run_id=run_id,
        started_at=now,
        tenant_id="tenant",
        applications=apps,
        people={person.id: person for person in people},
    )


async def queue(store: Store, engine: Decides, alerts: int, people: Sequence[Person], now: datetime) -> int:
    """Decide a scan that is not the tenant's first; how many notices it queued."""
    async with store.transaction() as tx:
        # Else two apps of one person would make a digest.
        await tx.set_value("first_notices_at", (now - DAY).isoformat())
        await tx.save_run(
            ScanRun(run_id="run-0", status=RunStatus.SUCCEEDED, started_at=now - DAY, finished_at=now - DAY)
        )
    decision = await engine.decide(tenant("run-1", alerts, people, now))
    async with store.transaction() as tx:
        await tx.save_run(
            ScanRun(
                run_id="run-1", status=RunStatus.SUCCEEDED, started_at=now, finished_at=now, due=decision.due,
                notices_queued=decision.notices_queued,
            )
        )  # fmt: skip
    return decision.notices_queued
