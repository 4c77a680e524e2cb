"""Between two scans: what Graph shows of changed apps closes and calms alerts, and the next scan agrees."""

from collections import Counter
from dataclasses import replace

from alerts.changes import ChangeJudge
from alerts.model import ApplicationType, Credential, CredentialType, CredentialUsage, EventType
from alerts.views import AppListView, CardState
from tests.alerts.world import DAY, World

GONE: tuple[Credential, ...] = ()


async def seen(world: World, *gone: str) -> Counter[str]:
    """Graph tells of every app of this world as it is now, and of those that are gone; then all messages."""
    judge = ChangeJudge(store=world.store, clock=world.clock, policy=world.policy)
    watched = await judge.watched()
    ids = {object_id: alerts for of_type in watched.values() for object_id, alerts in of_type.items()}
    shown = {name: app.credentials for name, app in world.apps.items()} | dict.fromkeys(gone, GONE)
    done = await judge.judge(shown, ids)
    await world.worker.drain()
    return done


async def reasons(world: World) -> Counter[tuple[str, str]]:
    kinds = (EventType.CREDENTIAL_REMOVED, EventType.CREDENTIAL_RENEWED, EventType.SUPERSEDED, EventType.REOPENED)
    return Counter((event.type.value, event.reason) for event in await world.events() if event.type in kinds)


def newer(world: World, key_id: str = "k2") -> Credential:
    return replace(world.secret(400, key_id=key_id), start=world.now)


async def test_a_rotated_secret_turns_everybodys_card_green_and_says_what_happened(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana", "eli"), newer(world))
    done = await seen(world)

    assert done == {"removed": 1}
    for name in ("ana", "eli"):
        item = world.card(name).items[0]
        assert (CardState.RENEWED, "k2") == (item.state, item.successor.key_id if item.successor else "")
    assert await reasons(world) == {("CredentialRemoved", "betweenScans"): 1, ("CredentialRenewed", "betweenScans"): 1}
    assert await world.states() == {}


async def test_the_next_scan_agrees_and_tells_nobody_again(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    world.app("payroll", ("ana",), world.secret(20.5))
    await world.first()
    old = world.apps["payroll"].credentials[0]
    world.app("invoice", ("ana",), newer(world))
    world.app("payroll", ("ana",), old, newer(world))
    assert await seen(world) == {"removed": 1, "superseded": 1}
    before, told = await reasons(world), world.told()
    decision = await world.day()

    assert decision.notices_queued == 0
    assert (before, told) == (await reasons(world), world.told())
    assert await world.states() == {"superseded": 1}


async def test_a_newer_secret_beside_the_old_one_is_calm_and_its_removal_closes(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old)
    await world.first()
    new = newer(world)
    world.app("invoice", ("ana",), old, new)
    assert await seen(world) == {"superseded": 1}
    assert world.card("ana").items[0].state == CardState.SUPERSEDED
    world.app("invoice", ("ana",), new)
    assert await seen(world) == {"removed": 1}

    assert world.card("ana").items[0].state == CardState.RENEWED
    assert await reasons(world) == {
        ("Superseded", "betweenScans"): 1,
        ("CredentialRenewed", "betweenScans"): 1,
        ("CredentialRemoved", "betweenScans"): 1,
    }


async def test_a_replay_changes_nothing(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old)
    world.app("payroll", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), old, newer(world))
    world.app("payroll", ("ana",), newer(world))
    await seen(world)
    before, updates = await world.events(), len(world.inbox.updates)

    assert await seen(world) == {}
    assert (before, updates) == (await world.events(), len(world.inbox.updates))


async def test_a_moved_end_date_closes(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), replace(world.apps["invoice"].credentials[0], end=world.now + 300 * DAY))

    assert await seen(world) == {"endDateMoved": 1}
    assert world.card("ana").items[0].state == CardState.RENEWED
    assert (await world.day()).due == 0


async def test_a_deleted_app_takes_its_alert_along(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    del world.apps["invoice"]

    assert await seen(world, "invoice") == {"removed": 1}
    assert await world.states() == {}
    assert (await world.day()).due == 0


async def test_a_scan_that_cannot_read_the_app_does_not_bring_it_back(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), newer(world))
    await seen(world)
    decision = await world.day(missing=("page 1: 503",), unread=("invoice",))

    assert (decision.due, await world.states()) == (0, {})


async def test_commands_show_the_new_secret_before_the_next_scan(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), newer(world))
    await seen(world)
    listed = await world.desk.my_apps("ana", 1)

    assert isinstance(listed, AppListView)
    assert [("k2", 400)] == [(line.credential and line.credential.key_id, line.days_left) for line in listed.lines]


async def test_it_never_raises_an_alert_nor_reopens_one(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old, newer(world))
    world.app("fresh", ("ana",), world.secret(300))
    await world.first()
    told = world.told()
    world.app("invoice", ("ana",), old)
    world.app("fresh", ("ana",), world.secret(3.5))
    world.app("unknown", ("eli",), world.secret(3.5))

    assert await seen(world) == {}
    assert (await world.states(), world.told()) == ({"superseded": 1}, told)


async def test_a_saml_certificate_is_calm_once_the_newer_one_is_active(world: World) -> None:
    old = replace(world.secret(20.5), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_ACTIVE)
    new = replace(newer(world), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_INACTIVE)
    world.app("wiki", ("ana",), old, new, type=ApplicationType.ENTERPRISE_APP)
    await world.first()
    assert await seen(world) == {}
    resting = replace(old, usage=CredentialUsage.SAML_INACTIVE)
    active = replace(new, usage=CredentialUsage.SAML_ACTIVE)
    world.app("wiki", ("ana",), resting, active, type=ApplicationType.ENTERPRISE_APP)

    assert await seen(world) == {"superseded": 1}
    assert (await world.day()).notices_queued == 0
    assert await world.states() == {"superseded": 1}


async def test_excluded_and_long_expired_alerts_stay_what_they_are(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old)
    world.app("ancient", ("ana",), world.secret(-30.5))
    world.disabled_app_ids = {"app-invoice"}
    await world.first()
    world.app("invoice", ("ana",), old, newer(world))
    world.app("ancient", ("ana",), *world.apps["ancient"].credentials, newer(world))

    assert await seen(world) == {}
    await world.day()
    assert await world.states() == {"excluded": 1, "expired": 1}
    assert await reasons(world) == {}


async def test_the_known_last_use_outlives_a_look_that_does_not_show_it(world: World) -> None:
    used = replace(world.secret(20.5), last_used=world.now - DAY)
    world.app("invoice", ("ana",), used)
    await world.first()
    world.app("invoice", ("ana",), replace(used, last_used=None), newer(world))
    await seen(world)
    async with world.store.reading() as tx:
        (alert,) = await tx.alerts_unclosed()
        records = {record.credential.key_id: record for record in await tx.snapshot_of_apps(["invoice"])}

    assert used.last_used == alert.credential.last_used == records["k1"].credential.last_used
    assert records["k2"].credential.last_used is None


async def test_many_apps_at_once_are_judged_in_parts_and_the_ledger_adds_up(world: World) -> None:
    for number in range(230):
        world.app(f"app{number}", ("ana",), world.secret(20.5))
    await world.first()
    for number in range(230):
        world.app(f"app{number}", ("ana",), newer(world))

    assert await seen(world) == {"removed": 230}
    assert await world.states() == {}
    assert (await world.day()).notices_queued == 0
