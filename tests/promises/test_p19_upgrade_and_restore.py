"""P19: an upgrade and a restored backup neither send again what was told nor lose what was not."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.alarms import Alarms
from alerts.auditor import WORKER_SEEN, Auditor
from alerts.errors import ArchiveError
from alerts.model import Event
from alerts.pump import EventPump
from alerts.restore import RestoreWatch
from alerts.views import AlarmView
from archive.embedded import EmbeddedArchive
from archive.history import ArchiveHistory
from archive.spool import SpooledArchive
from store.engine import parse_address
from store.migrate import migrate
from tests.alerts.world import DAY, World, sqlite_url


class Away:
    """Log Analytics that does not answer."""

    async def sent_since(self, since: object) -> tuple[Event, ...]:
        raise ArchiveError("503")


class Site:
    """A world with an archive of its own, whose database can be backed up and restored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(sqlite_url(folder))
        self.archive = SpooledArchive(
            EmbeddedArchive(folder / "archive", self.world.clock, version="1", history_days=730)
        )

    def watch(self, remote: Away | None = None) -> RestoreWatch:
        here = ArchiveHistory(self.archive.here)
        return RestoreWatch(store=self.world.store, clock=self.world.clock, here=here, remote=remote, alive=WORKER_SEEN)

    async def pump(self) -> None:
        async with self.world.store.transaction() as tx:
            await tx.set_value(WORKER_SEEN, self.world.now.isoformat())
        await EventPump(store=self.world.store, archive=self.archive).run_once()

    async def restored(self) -> World:
        """The same tenant and the same inboxes on yesterday's database."""
        old = self.world
        await old.store.close()  # type: ignore[attr-defined]
        for name in ("steward.db-wal", "steward.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(self.folder / "backup.db", self.folder / "steward.db")
        self.world = World(sqlite_url(self.folder))
        self.world.now, self.world.runs = old.now, old.runs + 10
        self.world.people, self.world.apps = old.people, old.apps
        self.world.inbox, self.world.mailbox = old.inbox, old.mailbox
        await self.world.__aenter__()
        return self.world

    async def back_up(self) -> None:
        """What `VACUUM INTO` or a file system's snapshot holds: one consistent state of the file."""
        await self.world.store.close()  # type: ignore[attr-defined]
        shutil.copyfile(self.folder / "steward.db", self.folder / "backup.db")
        await self.world.__aenter__()


@pytest.fixture
async def site(tmp_path: Path):
    made = Site(tmp_path)
    await made.world.__aenter__()
    yield made
    await made.world.store.close()  # type: ignore[attr-defined]
    await made.archive.close()


async def a_day_that_the_backup_does_not_know(site: Site) -> World:
    """Waiting before it: payroll. Only after it: invoice's next stage, and badge, which was not due yet."""
    world = site.world
    world.app("invoice", ("ana",), world.secret(15.5))
    world.app("badge", ("tom",), world.secret(31.5))
    await world.first()
    world.app("payroll", ("eli",), world.secret(20.5))
    await world.scan()
    await site.pump()
    await site.back_up()
    await world.worker.drain()
    await world.day()
    await site.pump()
    return world


async def test_a_restored_database_tells_nobody_again_and_the_new_ones_once(site: Site) -> None:
    world = await a_day_that_the_backup_does_not_know(site)
    told, mails = world.told(), len(world.mailbox.mails)
    assert {"ana": 2, "eli": 1, "tom": 1} == told
    world = await site.restored()
    watch = site.watch()

    assert "messages went out after its last entry" in await watch.begin()
    await world.worker.drain()
    await world.scan()
    await world.worker.drain()
    assert (told, mails) == (world.told(), len(world.mailbox.mails))

    assert await watch.finish()
    world.app("new", ("mia",), world.secret(6.5))
    for days in (0, 0, 1):
        await world.day(days)
    assert {**told, "mia": 1} == world.told()
    assert mails + 1 == len(world.mailbox.mails)
    assert {"delivered": 4} == await world.states()


async def test_what_was_taken_over_is_not_found_again_by_the_next_start(site: Site) -> None:
    await a_day_that_the_backup_does_not_know(site)
    await site.restored()
    watch = site.watch()
    await watch.begin()
    await watch.finish()

    assert "" == await site.watch().begin()
    assert 0 == await site.watch().finish()


async def test_an_ordinary_restart_holds_nothing_and_asks_nobody(site: Site) -> None:
    world = site.world
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await site.pump()
    world.now += timedelta(minutes=20)

    assert "" == await site.watch(Away()).begin()


async def test_after_a_long_pause_log_analytics_must_answer_before_anybody_is_told(site: Site) -> None:
    world = site.world
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.scan()
    await site.pump()
    world.now += DAY
    watch = site.watch(Away())
    assert await watch.begin()
    assert await watch.finish() is None
    await world.worker.drain()
    assert {} == world.told()
    watch.remote = None
    await watch.finish()
    await world.worker.drain()

    assert {"ana": 1} == world.told()


async def test_the_admins_hear_of_a_restore_and_of_its_end(site: Site) -> None:
    await a_day_that_the_backup_does_not_know(site)
    world = await site.restored()
    auditor = Auditor(store=world.store, policy=world.policy, clock=world.clock, settled=lambda: False)
    alarms = Alarms(store=world.store, clock=world.clock, roles=world.roles, teams=world.inbox, mail=world.mailbox)
    watch = site.watch()
    await watch.begin()
    await alarms.tell(await auditor.once())
    await watch.finish()
    await alarms.tell(await auditor.once())

    shown = world.inbox.now_shown("ada")
    assert isinstance(shown, AlarmView)
    assert ("restored", world.now) == (shown.kind, shown.over_at)


async def test_five_hundred_waiting_messages_survive_a_way_back_and_forth_through_the_newest_migration(
    database_url: str,
) -> None:
    async with World(database_url) as world:
        for number in range(500):
            name = f"person-{number}"
            world.person(name)
            world.app(f"app-{number}", (name,), world.secret(20.5, f"key-{number}"))
        await world.scan()
        async with world.store.reading() as tx:
            waiting = await tx.deliveries_waiting()
        await world.store.close()  # type: ignore[attr-defined]

        address = parse_address(database_url)
        await migrate(address, "-1", down=True)
        await migrate(address)
        await world.__aenter__()
        async with world.store.reading() as tx:
            assert waiting == await tx.deliveries_waiting() == 1000
        await world.worker.drain()

        assert {1} == set(world.told().values())
        assert 500 == len(world.told())
        assert 500 == len(world.mailbox.mails)
