"""Between the scans: few requests, links that outlive failures, one look for all replicas, none beside a scan."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from alerts.changes import ChangeJudge
from alerts.model import Policy
from graph.changes import LOOKUPS, GraphChanges
from graph.gate import BETWEEN_SCANS
from scanner.lease import LEASE, Lease
from scanner.watch import ASKED_AT, LOOK_AGAIN, Watch
from tests.graph.scripted import Answer, error
from tests.scanner.tenant import Tenant, oid

COLLECTIONS = ("/applications", "/servicePrincipals")


class Watched:
    """A watch over the small tenant, and the Graph that answers it."""

    def __init__(self, tenant: Tenant, name: str = "watch") -> None:
        self.tenant = tenant
        self.woken = 0
        self.slept: list[float] = []
        self.naps: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.watch = Watch(
            feed=GraphChanges(tenant.bench.reader(BETWEEN_SCANS)),
            judge=ChangeJudge(store=tenant.store, clock=tenant.clock, policy=Policy()),
            store=tenant.store,
            minutes=15,
            holder=name,
            changed=self.wake_workers,
            sleep=self.sleep,
        )
        for collection in COLLECTIONS:
            self.round(collection)

    def wake_workers(self) -> None:
        self.woken += 1

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        over = asyncio.Event()
        await self.naps.put(over)
        await over.wait()

    def round(self, collection: str, *items: dict[str, Any], following: str = "next") -> None:
        """What the next rounds of changes of a collection bring, and the token that they end with."""
        link = self.tenant.bench.graph.link(f"{collection}/delta?$deltatoken={following}")
        self.tenant.faults[f"{collection}/delta"] = [Answer(body={"value": list(items), "@odata.deltaLink": link})]

    def shown(self, name: str) -> dict[str, Any]:
        """An app as a round shows it."""
        app = {**self.tenant.apps, **self.tenant.enterprise}[name]
        return {key: app[key] for key in ("id", "passwordCredentials", "keyCredentials")}

    async def look(self) -> tuple[Counter[str], list[str]]:
        """What a look did, and the paths that it asked for, without their query."""
        asked = self.tenant.bench.graph.asked
        before = len(asked)
        done = await self.watch.look_now()
        return done, [one.path.split("?")[0] for one in asked[before:]]


def rotate(tenant: Tenant, name: str, *, keep: bool = False) -> None:
    """A new secret for a year, made now."""
    app = {**tenant.apps, **tenant.enterprise}[name]
    new = {
        "keyId": f"new key of {name}",
        "startDateTime": tenant.now.isoformat(),
        "endDateTime": (tenant.now + timedelta(days=365)).isoformat(),
    }
    app["passwordCredentials"] = [*(app["passwordCredentials"] if keep else ()), new]


@pytest.fixture
async def watched(tenant: Tenant) -> Watched:
    """ana's app has an alert, eli's enterprise app too; the watch has its links."""
    tenant.app("invoice", "ana")
    tenant.app("payroll", "ana", days=300)
    tenant.enterprise_app("wiki", "eli", days=20.5)
    await tenant.scan()
    ready = Watched(tenant)
    for collection, name in (("/applications", "invoice"), ("/servicePrincipals", "wiki")):
        tenant.faults[f"{collection}/{oid(name)}"] = [Answer(body=ready.shown(name))]
    await ready.watch.look_now()
    return ready


def counted(outcome: str, kind: str = "appRegistration") -> float:
    labels = {"type": kind, "outcome": outcome}
    return REGISTRY.get_sample_value("steward_delta_polls_total", labels) or 0.0


# ---------------------------------------------------------------- one look


async def test_one_request_per_collection_where_nothing_has_changed(watched: Watched) -> None:
    assert await watched.look() == ({}, ["/applications/delta", "/servicePrincipals/delta"])
    assert watched.woken == 0


async def test_a_rotation_closes_its_alert_with_no_further_request(watched: Watched) -> None:
    for name, collection in (("invoice", "/applications"), ("wiki", "/servicePrincipals")):
        rotate(watched.tenant, name)
        watched.round(collection, watched.shown(name))
    done, asked = await watched.look()

    assert (done, asked) == ({"removed": 2}, ["/applications/delta", "/servicePrincipals/delta"])
    assert await watched.tenant.open_alerts() == set()
    assert watched.woken == 1


async def test_the_next_scan_agrees_and_writes_no_further_event(watched: Watched) -> None:
    tenant = watched.tenant
    rotate(tenant, "invoice", keep=True)
    rotate(tenant, "wiki")
    watched.round("/applications", watched.shown("invoice"))
    watched.round("/servicePrincipals", watched.shown("wiki"))
    assert (await watched.look())[0] == {"removed": 1, "superseded": 1}
    async with tenant.store.reading() as tx:
        before = await tx.events_waiting(1000)
    run = await tenant.scan()
    async with tenant.store.reading() as tx:
        after = await tx.events_waiting(1000)

    assert (run.notices_queued, run.due) == (0, 1)
    assert before == after


async def test_it_is_no_run_of_its_own(watched: Watched) -> None:
    rotate(watched.tenant, "invoice")
    watched.round("/applications", watched.shown("invoice"))
    await watched.look()

    async with watched.tenant.store.reading() as tx:
        assert len(await tx.runs(10)) == 1


async def test_changes_of_apps_without_an_alert_cost_nothing_more(watched: Watched) -> None:
    rotate(watched.tenant, "payroll")
    watched.round("/applications", {"id": oid("payroll")}, {"id": oid("unheard of")})

    assert await watched.look() == ({}, ["/applications/delta", "/servicePrincipals/delta"])


async def test_an_app_of_which_the_round_says_too_little_is_read(watched: Watched) -> None:
    rotate(watched.tenant, "invoice")
    watched.tenant.faults[f"/applications/{oid('invoice')}"] = [Answer(body=watched.shown("invoice"))]
    watched.round("/applications", {"id": oid("invoice")})

    assert await watched.look() == (
        {"removed": 1},
        ["/applications/delta", "/$batch", "/servicePrincipals/delta"],
    )


async def test_two_thousand_apps_rotated_at_once_cost_their_pages_of_changes(tenant: Tenant) -> None:
    names = [f"a{number}" for number in range(2000)]
    for name in names:
        tenant.app(name, "ana")
    await tenant.scan()
    watched = Watched(tenant)
    await watched.watch.look_now()
    for name in names:
        rotate(tenant, name)
    pages = [names[start : start + 200] for start in range(0, 2000, 200)]
    link = tenant.bench.graph.link
    answers = [
        Answer(body={"value": list(map(watched.shown, part)), "@odata.nextLink": link(f"/applications/delta?$s={no}")})
        for no, part in enumerate(pages[:-1])
    ]
    end = {"value": list(map(watched.shown, pages[-1])), "@odata.deltaLink": link("/applications/delta?$deltatoken=z")}
    tenant.faults["/applications/delta"] = [*answers, Answer(body=end)]
    done, asked = await watched.look()

    assert done == {"removed": 2000}
    assert Counter(asked) == {"/applications/delta": 10, "/servicePrincipals/delta": 1}
    assert await tenant.open_alerts() == set()


# ---------------------------------------------------------------- links


async def test_after_an_expired_link_every_alerted_app_is_looked_at_once(watched: Watched) -> None:
    rotate(watched.tenant, "invoice")
    watched.tenant.faults[f"/applications/{oid('invoice')}"] = [Answer(body=watched.shown("invoice"))]
    watched.tenant.faults["/applications/delta?$deltatoken=next"] = [error(410, "SyncStateNotFound")]
    watched.tenant.faults = dict(sorted(watched.tenant.faults.items(), key=lambda item: -len(item[0])))
    before = counted("startedAnew")

    assert await watched.look() == (
        {"removed": 1},
        ["/applications/delta", "/applications/delta", "/$batch", "/servicePrincipals/delta"],
    )
    assert counted("startedAnew") == before + 1


async def test_more_alerted_apps_than_can_be_asked_for_singly_are_read_with_their_collection(tenant: Tenant) -> None:
    for number in range(LOOKUPS + 1):
        tenant.app(f"a{number}", "ana")
    await tenant.scan()
    rotate(tenant, "a7")

    assert await Watched(tenant).look() == (
        {"removed": 1},
        ["/applications/delta", "/applications", "/servicePrincipals/delta"],
    )


async def test_a_link_is_kept_only_once_everything_before_it_is_done(watched: Watched) -> None:
    rotate(watched.tenant, "invoice")
    refused = [error(503, "ServiceUnavailable")]
    watched.tenant.faults[f"/applications/{oid('invoice')}"] = refused
    watched.round("/applications", {"id": oid("invoice")}, following="after")
    done, _ = await watched.look()
    assert (done, await watched.tenant.open_alerts()) == ({}, {"invoice", "wiki"})
    refused[:] = [Answer(body=watched.shown("invoice"))]
    done, _ = await watched.look()

    assert done == {"removed": 1}
    links = [one.path for one in watched.tenant.bench.graph.asked if one.path.startswith("/applications/delta")]
    assert links[-2:] == ["/applications/delta?$deltatoken=next"] * 2


async def test_one_collection_that_fails_does_not_hold_up_the_other(watched: Watched) -> None:
    rotate(watched.tenant, "wiki")
    watched.round("/servicePrincipals", watched.shown("wiki"))
    watched.tenant.faults["/applications/delta"] = [error(403, "Authorization_RequestDenied")]
    failed, followed = counted("failed"), counted("changed", "enterpriseApp")

    assert (await watched.look())[0] == {"removed": 1}
    assert (counted("failed"), counted("changed", "enterpriseApp")) == (failed + 1, followed + 1)


@pytest.mark.parametrize(
    "credentials",
    [[{"keyId": "k", "endDateTime": "soon"}], None],
    ids=["a date that is none", "nothing said"],
)
async def test_an_app_that_stays_unreadable_is_left_to_the_scan(watched: Watched, credentials: object) -> None:
    garbled = {"id": oid("invoice"), "passwordCredentials": credentials, "keyCredentials": []}
    watched.tenant.faults[f"/applications/{oid('invoice')}"] = [Answer(body=garbled)]
    watched.round("/applications", garbled)

    assert (await watched.look())[0] == {}
    assert await watched.tenant.open_alerts() == {"invoice", "wiki"}


# ---------------------------------------------------------------- when


async def asleep(watched: Watched) -> float:
    """Wait until the loop sleeps; for how long."""
    nap = await watched.naps.get()
    await watched.naps.put(nap)
    return watched.slept[-1]


async def wake(watched: Watched) -> float:
    """End the loop's sleep and wait for the next one."""
    nap = await watched.naps.get()
    nap.set()
    return await asleep(watched)


async def stop(*loops: "asyncio.Task[None]") -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


def polls(tenant: Tenant) -> int:
    return sum(one.path.startswith("/applications/delta") for one in tenant.bench.graph.asked)


async def asked(tenant: Tenant, ago: timedelta) -> None:
    async with tenant.store.transaction() as tx:
        await tx.set_value(ASKED_AT, (datetime.now(UTC) - ago).isoformat())


async def test_before_the_first_scan_nothing_is_asked(tenant: Tenant) -> None:
    watched = Watched(tenant)
    loop = asyncio.create_task(watched.watch.run())

    assert await asleep(watched) == LOOK_AGAIN
    assert polls(tenant) == 0
    tenant.app("invoice", "ana")
    await tenant.scan()
    await wake(watched)
    await stop(loop)
    assert polls(tenant) == 1


async def test_it_asks_once_an_interval_for_all_replicas(watched: Watched) -> None:
    tenant = watched.tenant
    await asked(tenant, timedelta(minutes=16))
    before = polls(tenant)
    replicas = [watched, Watched(tenant, "another"), Watched(tenant, "a third")]
    loops = [asyncio.create_task(each.watch.run()) for each in replicas]
    for _ in range(3):
        for each in replicas:
            await wake(each)
    assert polls(tenant) == before + 1
    await asked(tenant, timedelta(minutes=15))
    for _ in range(2):
        for each in replicas:
            await wake(each)
    await stop(*loops)

    assert polls(tenant) == before + 2


async def test_a_replica_that_comes_for_the_lease_too_late_does_not_ask_again(watched: Watched) -> None:
    await asked(watched.tenant, timedelta(minutes=16))
    before = polls(watched.tenant)
    for each in (watched, Watched(watched.tenant, "another")):
        assert await each.watch._look_if_due()

    assert polls(watched.tenant) == before + 1


async def test_a_restart_does_not_ask_early_and_a_clock_set_back_does_not_hold_it_up(watched: Watched) -> None:
    tenant, before = watched.tenant, polls(watched.tenant)
    await asked(tenant, timedelta(minutes=14))
    loop = asyncio.create_task(watched.watch.run())
    assert 50 < await asleep(watched) <= 60
    assert polls(tenant) == before
    await asked(tenant, timedelta(days=-2))
    await wake(watched)
    await stop(loop)

    assert polls(tenant) == before + 1


async def test_it_never_asks_while_a_scan_runs(watched: Watched) -> None:
    tenant, before = watched.tenant, polls(watched.tenant)
    await asked(tenant, timedelta(minutes=16))
    scan = Lease(store=tenant.store, holder="the scan")
    assert await scan.take()
    async with scan.kept():
        loop = asyncio.create_task(watched.watch.run())
        assert await asleep(watched) == LOOK_AGAIN
        assert polls(tenant) == before
    await wake(watched)
    await stop(loop)

    assert polls(tenant) == before + 1


async def test_a_scan_waits_while_it_asks_and_gets_the_lease_afterwards(watched: Watched) -> None:
    scan = Lease(store=watched.tenant.store, holder="the scan")
    got: list[bool] = []
    judged = watched.watch.judge.watched

    async def meanwhile() -> Any:
        got.append(await scan.take())
        return await judged()

    object.__setattr__(watched.watch.judge, "watched", meanwhile)
    await watched.watch.look_now()

    assert (got, await scan.take()) == ([False], True)


async def test_an_error_does_not_end_the_loop_and_frees_the_lease(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = watched.tenant
    working = watched.watch.feed

    class Broken:
        async def changes(self, *_: object) -> Any:
            raise RuntimeError("a bug")

    watched.watch.feed = Broken()  # type: ignore[assignment]
    await asked(tenant, timedelta(minutes=16))
    loop = asyncio.create_task(watched.watch.run())
    await asleep(watched)
    assert "a bug" in caplog.text
    assert await Lease(store=tenant.store, holder="the scan").take()
    async with tenant.store.transaction() as tx:
        await tx.release_lease(LEASE, "the scan")
    watched.watch.feed = working
    before = polls(tenant)
    await asked(tenant, timedelta(minutes=16))
    await wake(watched)
    await stop(loop)

    assert polls(tenant) == before + 1
