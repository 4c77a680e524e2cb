"""One scan on the real store, archive and engine: what it reads, what it writes, and what it admits."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from alerts.errors import ArchiveError
from alerts.model import EventType, RunStatus
from scanner.scan import Progress
from scanner.stall import StallMonitor
from tests.graph.scripted import error, page
from tests.scanner.tenant import START, Tenant, oid


async def test_a_scan_reads_decides_and_reports(tenant: Tenant) -> None:
    tenant.app("shop", "ana", days=20.5)
    tenant.app("quiet", "ana", days=200)
    tenant.enterprise_app("portal", "ana", days=5.5)
    tenant.enterprise_app("plain")

    run = await tenant.scan()

    assert run.status is RunStatus.SUCCEEDED
    assert run.errors == ()
    assert (run.applications, run.enterprise_applications, run.credentials) == (2, 2, 3)
    assert (run.due, run.ownerless, run.quarantined) == (2, 0, 0)
    assert run.notices_queued == 2
    # App registrations and enterprise apps with one count each, those of rare types, who has federated credentials,
    # who changed, ana, mia; ada is asked for by the roles.
    assert (run.requests, len(tenant.bench.graph.asked + tenant.bench.graph.counted)) == (9, 10)
    assert set(run.phase_seconds) == {"longest_stall"} | {
        "applications",
        "enterprise_applications",
        "federated_credentials",
        "people",
        "decide",
        "records",
        "upload",
    }
    assert await tenant.open_alerts() == {"shop", "portal"}


async def test_enterprise_apps_without_credentials_are_counted_and_forgotten(tenant: Tenant) -> None:
    tenant.enterprise_app("plain")
    tenant.enterprise_app("off", accountEnabled=False)

    run = await tenant.scan()

    assert run.enterprise_applications == 2
    assert tenant.engine.last.applications == []
    assert tenant.engine.last.disabled_app_ids == {"app-off"}


async def test_the_runs_row_comes_last(tenant: Tenant) -> None:
    tenant.app("shop", "ana")

    run = await tenant.scan()

    assert tenant.archive.steps == ["records", "upload", "run row", "upload"]
    async with tenant.store.reading() as tx:
        assert await tx.runs(1) == [run]


async def test_two_scans_on_one_day_queue_nothing_twice(tenant: Tenant) -> None:
    tenant.app("shop", "ana")

    assert (await tenant.scan()).notices_queued == 1
    assert (await tenant.scan()).notices_queued == 0


async def test_an_app_that_came_twice_counts_once_and_its_later_copy_is_right(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    older = dict(tenant.apps["shop"], displayName="Old name")
    moved = f"{tenant.bench.graph.url}/v1.0/applications?$skiptoken=2"
    tenant.faults = {
        "/applications?$skiptoken": [page(tenant.apps["shop"])],
        "/applications?$select": [page(older, following=moved)],
    }

    run = await tenant.scan()

    assert (run.applications, run.credentials) == (1, 1)
    assert [app.display_name for app in tenant.engine.last.applications] == ["Shop"]


async def test_an_empty_page_with_more_behind_it_removes_nothing(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.app("till", "ana")
    await tenant.scan()
    second, third = (f"{tenant.bench.graph.url}/v1.0/applications?$skiptoken={number}" for number in (2, 3))
    tenant.faults = {
        "/applications?$skiptoken=2": [page(following=third)],
        "/applications?$skiptoken=3": [page(tenant.apps["till"])],
        "/applications?$select": [page(tenant.apps["shop"], following=second)],
    }

    run = await tenant.next_day()

    assert (run.status, run.applications) == (RunStatus.SUCCEEDED, 2)
    assert await tenant.open_alerts() == {"shop", "till"}


async def test_a_next_link_to_another_host_is_missing_data_and_closes_nothing(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.app("till", "ana")
    await tenant.scan()
    tenant.faults = {
        "/applications?$select": [page(tenant.apps["shop"], following="https://evil.example/v1.0/applications")]
    }

    run = await tenant.next_day()

    assert run.status is RunStatus.PARTIAL
    assert "another host" in run.errors[0]
    assert await tenant.open_alerts() == {"shop", "till"}


async def test_requests_of_this_scan_alone_are_counted(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    scanner = tenant.scanner()

    await scanner.scan()  # later ones know where people are
    first, second = await scanner.scan(), await scanner.scan()

    assert first.requests == second.requests
    assert first.resource_units == second.resource_units


async def test_poisoned_records_are_counted_and_leave_the_scan_complete(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.app("broken", "ana")
    tenant.apps["broken"]["passwordCredentials"][0]["endDateTime"] = "soon"
    tenant.app("unreadable", "ana", passwordCredentials="none")

    run = await tenant.scan()

    assert (run.status, run.quarantined, run.credentials) == (RunStatus.SUCCEEDED, 2, 1)
    assert {note.object_id for note in tenant.engine.last.quarantined} == {oid("broken"), oid("unreadable")}


async def test_progress_is_told_with_the_last_scan_as_the_measure(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.app("till", "ana")
    await tenant.scan()
    del tenant.apps["till"]
    told: list[tuple[str, int, int]] = []

    def note(phase: str, done: int, total: int) -> None:
        told.append((phase, done, total))

    progress: Progress = note
    await tenant.scanner().scan(progress)

    assert ("applications", 1, 2) in told
    assert ("people", 1, 1) in told
    assert REGISTRY.get_sample_value("steward_scan_progress", {"phase": "applications"}) == 1


async def test_a_scan_is_counted_in_the_metrics(tenant: Tenant) -> None:
    def figure(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0

    tenant.app("shop", "ana")
    partial = figure("steward_scans_total", status="partial")
    requests = figure("steward_scan_graph_total", what="requests")
    tenant.faults = {"/servicePrincipals?$select": [error(403, "Denied")]}

    run = await tenant.scan()

    assert figure("steward_scans_total", status="partial") == partial + 1
    assert figure("steward_scan_graph_total", what="requests") == requests + run.requests
    assert figure("steward_scan_found", kind="due") == 1
    assert figure("steward_scan_found", kind="errors") == len(run.errors) == 1
    assert {phase for phase in run.phase_seconds if figure("steward_scan_seconds", phase=phase) > 0} >= {"applications"}


# ---------------------------------------------------------------- extras: a scan is no less complete without


async def test_federated_credentials_stand_beside_the_secrets_of_their_app(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.federated = {"shop": ["deploy"], "no secret": ["other"]}

    run = await tenant.scan()

    assert run.federated == 2
    assert (await tenant.snapshot())["shop"].application.federated == ("deploy",)


async def test_federated_credentials_that_cannot_be_read_are_as_last_read(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.federated = {"shop": ["deploy"]}
    await tenant.scan()
    tenant.faults = {"/applications?$filter=federated": [error(403, "Denied")]}

    run = await tenant.next_day()

    assert (run.status, run.errors) == (RunStatus.SUCCEEDED, ("federated credentials: Graph answered 403 Denied",))
    assert (await tenant.snapshot())["shop"].application.federated == ("deploy",)


async def test_last_use_comes_with_the_record_and_costs_requests_of_the_run(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    without = await tenant.scan()
    tenant.last_use = True
    used = {"keyId": oid("shopkey").upper(), "signInActivity": {"lastSignInDateTime": "2031-04-30T10:00:00Z"}}
    tenant.faults = {"/beta/reports/appCredentialSignInActivities": [page(used)]}

    run = await tenant.next_day()

    assert (await tenant.snapshot())["shop"].credential.last_used == datetime(2031, 4, 30, 10, tzinfo=UTC)
    assert "last_use" in run.phase_seconds.keys() - without.phase_seconds.keys()
    tenant.faults = {"/beta/": [error(403, "Denied", "no AuditLog.Read.All")]}
    refused = await tenant.next_day()
    assert (refused.status, refused.due) == (RunStatus.SUCCEEDED, 1)
    assert refused.errors == ("last use of credentials: Graph answered 403 Denied: no AuditLog.Read.All",)


async def test_people_who_did_not_change_are_not_read_again(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    first = await tenant.scan()
    second = await tenant.next_day()
    tenant.users[oid("ana")]["displayName"] = "Ana Neu"
    third = await tenant.next_day()

    assert (first.requests - second.requests, third.requests - second.requests) == (2, 1)
    assert tenant.engine.last.people[oid("ana")].display_name == "Ana Neu"


# ---------------------------------------------------------------- previous owners


async def test_the_store_remembers_who_owned_an_app_and_the_archive_is_not_asked(tenant: Tenant) -> None:
    tenant.app("shop", "ben")
    await tenant.scan()
    tenant.users[oid("ben")]["accountEnabled"] = False

    run = await tenant.next_day()

    assert run.ownerless == 1
    assert tenant.history.asked == []
    (previous,) = tenant.engine.last.previous_owners[oid("shop")]
    assert (previous.person.id, previous.seen) == (oid("ben"), START)
    assert (await tenant.snapshot())["shop"].path == "previousOwnerManager"


async def test_previous_owners_of_all_other_ownerless_apps_are_one_question(tenant: Tenant) -> None:
    for number in range(30):
        tenant.app(f"o{number}", "ben", days=100)
    await tenant.scan()
    async with tenant.store.transaction() as tx:
        await tx.save_owners_seen({oid(f"o{number}"): () for number in range(30)})
    for app in tenant.apps.values():
        app["owners"] = []

    run = await tenant.next_day()

    assert run.ownerless == run.ownerless_without_any == 30
    assert [len(ids) for ids in tenant.history.asked] == [30]
    assert len(tenant.engine.last.previous_owners) == 30
    assert tenant.engine.last.people[oid("mia")].counts


async def test_what_the_store_remembers_too_long_is_forgotten(tenant: Tenant) -> None:
    tenant.app("shop", "ben", days=2000)
    await tenant.scan()
    tenant.apps["shop"]["owners"] = []

    await tenant.next_day(days=800)

    assert tenant.engine.last.previous_owners == {}
    assert len(tenant.history.asked) == 1


async def test_an_archive_that_cannot_be_asked_is_no_empty_history(tenant: Tenant) -> None:
    tenant.app("shop")
    tenant.history.failure = ArchiveError("504")

    run = await tenant.scan()

    assert tenant.engine.last.history_failed == "504"
    assert run.status is RunStatus.SUCCEEDED
    assert run.errors == ("previous owners of 1 apps: 504",)


async def test_a_previous_owner_and_his_manager_are_read_anew(tenant: Tenant) -> None:
    tenant.app("shop", "ben")
    await tenant.scan()
    tenant.apps["shop"]["owners"] = []
    tenant.person("ben", "eli", accountEnabled=False)

    await tenant.next_day()

    people = tenant.engine.last.people
    assert not people[oid("ben")].counts
    assert people[oid("ben")].manager_id == oid("eli")
    assert {oid("eli"), oid("mia")} <= people.keys()


# ---------------------------------------------------------------- a short scan is not a clean scan


async def test_a_listing_that_breaks_off_makes_a_partial_scan_that_closes_nothing(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.app("till", "ana")
    await tenant.scan()
    moved = f"{tenant.bench.graph.url}/v1.0/applications?$skiptoken=2"
    tenant.faults = {
        "/applications?$skiptoken": [error(503, "ServiceUnavailable")],
        "/applications?$select": [page(tenant.apps["shop"], following=moved)],
    }

    run = await tenant.next_day()

    assert run.status is RunStatus.PARTIAL
    assert run.errors == ("app registrations after the first 1: Graph answered 503 ServiceUnavailable",)
    assert await tenant.open_alerts() == {"shop", "till"}
    assert run.due == 2


async def test_a_scan_that_reads_nothing_fails_and_alerting_goes_on(tenant: Tenant) -> None:
    tenant.app("shop", "ana", days=15.5)
    assert (await tenant.scan()).notices_queued == 1
    tenant.faults = {"/": [error(403, "Authorization_RequestDenied", "no consent")]}

    run = await tenant.next_day(days=2)

    assert run.status is RunStatus.FAILED
    assert (run.applications, run.enterprise_applications) == (0, 0)
    assert len([sentence for sentence in run.errors if "no consent" in sentence]) >= 2
    # 13.5 days are left: the 14-day stage is crossed by the last record and today's date.
    assert (run.due, run.notices_queued) == (1, 1)
    assert await tenant.open_alerts() == {"shop"}


async def test_every_error_of_a_scan_is_an_event(tenant: Tenant) -> None:
    tenant.faults = {"/": [error(403, "Authorization_RequestDenied")]}

    run = await tenant.scan()

    async with tenant.store.reading() as tx:
        events = await tx.events_waiting(100)
    assert [e.reason for e in events if e.type is EventType.SCAN_ERROR] == list(run.errors)


async def test_people_who_cannot_be_read_make_nobody_an_orphan(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    await tenant.scan()
    tenant.app("new", "eli")
    tenant.faults = {"/users?": [error(403, "Authorization_RequestDenied", "no User.Read.All")]}

    run = await tenant.next_day()

    assert run.status is RunStatus.PARTIAL
    assert run.ownerless == 0
    # ana is known from yesterday; nobody knows eli yet, so the new app waits for a better scan.
    assert [app.display_name for app in tenant.engine.last.applications] == ["Shop"]
    assert await tenant.open_alerts() == {"shop"}


async def test_a_disabled_enterprise_app_is_remembered_when_it_cannot_be_seen(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.enterprise_app("shop2", accountEnabled=False, appId="app-shop")
    tenant.enterprise_app("gone", accountEnabled=False)
    await tenant.scan()
    assert tenant.engine.last.disabled_app_ids == {"app-shop", "app-gone"}
    tenant.faults = {"/servicePrincipals?$select": [error(403, "Denied")]}

    run = await tenant.next_day()

    assert run.status is RunStatus.PARTIAL
    assert tenant.engine.last.disabled_app_ids == {"app-shop", "app-gone"}


# ---------------------------------------------------------------- writing down


async def test_an_upload_that_fails_ends_the_scan_with_its_error_and_keeps_the_spool(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.archive.failure = ArchiveError("Log Analytics answered 503")

    run = await tenant.scan()

    assert run.status is RunStatus.SUCCEEDED
    assert run.errors == ("upload to Log Analytics: Log Analytics answered 503",)
    assert tenant.archive.steps == ["records", "upload", "run row"]
    rows = await tenant.archive.query("previous_owners", ObjectIds=[oid("shop")], Days=730)
    assert len(rows.rows) == 1


async def test_a_run_whose_records_could_not_be_kept_writes_no_row(tenant: Tenant) -> None:
    tenant.app("shop", "ana")
    tenant.archive.disk_full = True

    run = await tenant.scan()

    assert run.status is RunStatus.PARTIAL
    assert run.errors == ("the records of this run could not be kept: no space left",)
    assert "run row" not in tenant.archive.steps


async def test_admins_that_resolve_to_nobody_are_an_error_of_every_scan(tenant: Tenant) -> None:
    del tenant.users[oid("ada")]

    run = await tenant.scan()

    assert run.status is RunStatus.SUCCEEDED
    assert len(run.errors) == 1
    assert "ADMIN_USERS" in run.errors[0]


async def test_days_are_counted_from_the_start_of_the_run(tenant: Tenant) -> None:
    tenant.app("shop", "ana", days=7)

    await tenant.scan()

    record = (await tenant.snapshot())["shop"]
    assert (record.days_left, record.scan_date) == (7, START)
    assert record.credential.end == START + timedelta(days=7)


async def test_a_blocked_event_loop_is_noticed() -> None:
    async with StallMonitor() as monitor:
        await asyncio.sleep(0.03)
        time.sleep(0.15)  # noqa: ASYNC251 - what is to be noticed
        await asyncio.sleep(0.03)

    assert monitor.longest == pytest.approx(0.15, abs=0.14)
    assert monitor.longest > 0.1


async def test_a_machine_that_gives_no_cpu_is_told_from_work_that_holds_the_loop() -> None:
    async with StallMonitor() as monitor:
        await asyncio.sleep(0.03)
        time.sleep(0.2)  # noqa: ASYNC251 - as when other processes have the CPU
        await asyncio.sleep(0.03)
        idle = monitor.longest_busy
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0.03)

    assert idle < 0.1 < monitor.longest_busy
