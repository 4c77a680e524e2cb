"""Who renewed it outside Steward: asked of the audit log until it tells, and then on every card."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from alerts.errors import GraphError
from alerts.model import Policy
from alerts.views import CardState
from alerts.who import WhoDidIt
from tests.alerts.world import World


@pytest.fixture
def database_url(tmp_path) -> str:  # type: ignore[no-untyped-def]
    """What is decided here does not depend on the engine."""
    return f"sqlite+aiosqlite:///{(tmp_path / 'steward.db').as_posix()}"


@dataclass
class AuditLog:
    name: str = ""
    down: bool = False
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    async def who_changed(self, object_id: str, since: datetime, until: datetime) -> str:
        self.asked.append((object_id, since, until))
        if self.down:
            raise GraphError("down", status=503)
        return self.name


async def renewed(world: World, *, removed: bool) -> WhoDidIt:
    world.policy = replace(world.policy, audit_log=True)
    world.engine.policy = world.policy
    old = world.secret(20.5)
    world.app("invoice", ("ana", "eli"), old)
    await world.first()
    fresh = replace(world.secret(365, "new"), start=world.now)
    world.app("invoice", ("ana", "eli"), *([fresh] if removed else [old, fresh]))
    await world.day()
    return WhoDidIt(store=world.store, clock=world.clock, log=AuditLog())


@pytest.mark.parametrize(("removed", "state"), [(True, CardState.RENEWED), (False, CardState.SUPERSEDED)])
async def test_the_cards_say_who_did_it_once_the_log_tells(world: World, removed: bool, state: CardState) -> None:
    who = await renewed(world, removed=removed)
    log = who.log
    assert isinstance(log, AuditLog)
    assert await who.run_once() == 0
    assert log.asked == []
    world.now += timedelta(minutes=1)
    log.down = True
    assert await who.run_once() == 0
    log.down = False
    world.now += timedelta(minutes=4)
    assert await who.run_once() == 0
    log.name = "Eli Novak"
    world.now += timedelta(minutes=10)
    assert await who.run_once() == 1
    await world.worker.drain()
    for person in ("ana", "eli"):
        item = world.card(person).items[0]
        assert (item.state, item.done_by) == (state, "Eli Novak")
    assert [asked[0] for asked in log.asked] == ["invoice"] * 3


async def test_a_log_that_never_tells_is_let_be_after_an_hour(world: World) -> None:
    who = await renewed(world, removed=True)
    for minutes in (1, 4, 10, 45, 60, 600):
        world.now += timedelta(minutes=minutes)
        await who.run_once()
    assert isinstance(who.log, AuditLog)
    assert len(who.log.asked) == 4
    async with world.store.reading() as tx:
        assert await tx.later_looks(world.now + timedelta(days=9)) == []


async def test_without_the_setting_nothing_is_asked(world: World) -> None:
    assert Policy().audit_log is False
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), replace(world.secret(365, "new"), start=world.now))
    await world.day()
    async with world.store.reading() as tx:
        assert await tx.later_looks(world.now + timedelta(days=9)) == []
