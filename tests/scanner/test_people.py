"""People kept between scans: the same as read anew, whatever happened in between, in few requests."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from alerts.errors import GraphError
from alerts.model import ApplicationType, Person
from graph.client import GraphClient
from graph.gate import Gate
from graph.people import GraphPeople
from graph.reader import INTERACTIVE, GraphReader
from sandbox.tenant import TwinUser
from sandbox.traffic import Fault
from scanner.people import KEPT, ScanPeople
from store.store import SqlStore, open_store
from tests.graph.scripted import FakeTime
from tests.sandbox.twins import Twins, running
from tests.support.identities import scanner_of

START = datetime(2031, 5, 1, 6, tzinfo=UTC)


@dataclass
class Office:
    """The practice directory, Steward's store, and scans of its people."""

    twins: Twins
    store: SqlStore
    client: GraphClient
    now: datetime = START
    #: Requests of the last scan.
    requests: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def users(self) -> list[TwinUser]:
        return [user for user in self.twins.state.tenant.users.values() if user.listed]

    @property
    def robots(self) -> list[str]:
        apps = self.twins.state.tenant.apps.values()
        return [app.object_id for app in apps if app.kind is ApplicationType.ENTERPRISE_APP][:5]

    def people(self) -> GraphPeople:
        return GraphPeople(GraphReader(self.client, policy=INTERACTIVE))

    async def scan(self, *parts: Iterable[str], fails: bool = False) -> dict[str, Person]:
        """One scan that reads these ids, one part after the other; one that fails saves people, but no mark."""
        people = self.people()
        scan = ScanPeople(people, self.store, self.now)
        found: dict[str, Person] = {}
        for ids in parts:
            found |= await scan.read(ids)
        async with self.store.transaction() as tx:
            await tx.save_people(scan.fresh.values())
        if not fails:
            await scan.commit()
        self.requests = people.usage.requests
        self.now += timedelta(days=1)
        return found

    async def anew(self, *parts: Iterable[str]) -> dict[str, Person]:
        return await self.people().people({id_ for ids in parts for id_ in ids}, managers=True)

    async def kept(self) -> str | None:
        async with self.store.reading() as tx:
            return await tx.value(KEPT)

    def change(self, kind: str, user: TwinUser, **data: object) -> None:
        self.twins.state.change(kind, user=user.id, **data)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    with running(tmp_path, apps=100) as ready:
        yield ready


@pytest.fixture
async def office(twins: Twins, tmp_path: Path) -> AsyncIterator[Office]:
    time = FakeTime()
    client = GraphClient(scanner_of(twins), gate=Gate(sleep=time.sleep, monotonic=time.monotonic))
    store = await open_store(f"sqlite:///{tmp_path / 'steward.db'}")
    yield Office(twins, store, client)
    await store.close()
    await client.close()


def ids(users: Iterable[TwinUser]) -> list[str]:
    return [user.id for user in users]


def something_happens(office: Office) -> None:
    """One random change of a random account."""
    state, chance = office.twins.state, office.chance
    user = chance.choice(office.users)
    match chance.randrange(8):
        case 0 | 1:
            office.change("accountEnabled", user, enabled=chance.random() < 0.5)
        case 2:
            office.change("managerSet", user, manager=chance.choice([*office.users, user]).id)
        case 3:
            office.change("managerSet", user, manager="")
        case 4:
            office.change("userRenamed", user, name=f"Name {chance.randrange(1000)}")
        case 5:
            office.change("userDeleted", user)
        case 6:
            deleted = [each for each in state.tenant.users.values() if each.deleted_at and not each.gone]
            if deleted:
                office.change(chance.choice(["userRestored", "userPurged"]), chance.choice(deleted))
        case 7:
            name = str(UUID(int=chance.getrandbits(128), version=4))
            state.change("userAdded", user=name, name=name[:8], upn=f"{name[:8]}@example.com")
            state.change("managerSet", user=name, manager=user.id)


@pytest.mark.parametrize("seed", range(6))
async def test_people_kept_between_scans_are_those_read_anew(office: Office, seed: int) -> None:
    office.chance = random.Random(seed)
    everybody = office.twins.state.tenant.users
    owners = set(office.chance.sample(sorted(everybody), 60)) | {*office.robots, str(UUID(int=7, version=4))}
    for day in range(16):
        for _ in range(office.chance.randrange(6)):
            something_happens(office)
        newest = list(everybody)[-3:]
        owners ^= set(office.chance.sample(sorted(everybody), 4)) | set(office.chance.sample(newest, 1))
        previous = office.chance.sample(sorted(everybody), 5)

        found = await office.scan(owners, previous, fails=office.chance.random() < 0.25)

        assert found == await office.anew(owners, previous), f"day {day}"


async def test_a_day_without_changes_is_one_request(office: Office) -> None:
    owners = ids(office.users)
    first = await office.scan(owners)
    before = office.requests

    assert await office.scan(owners) == first
    assert (before, office.requests) == (1 + -(-len(owners) // 300), 1)


async def test_parts_may_be_read_side_by_side_while_changes_are_asked_for(office: Office) -> None:
    owners = ids(office.users)
    expected = await office.scan(owners)
    people = office.people()
    scan = ScanPeople(people, office.store, office.now)

    _, *parts = await asyncio.gather(scan.begin(), *(scan.read(owners[start::3]) for start in range(3)))

    assert {id_: person for part in parts if part is not None for id_, person in part.items()} == expected
    assert people.usage.requests == 1


async def test_only_those_who_changed_are_read_and_once_more_the_next_day(office: Office) -> None:
    owners = ids(office.users)
    await office.scan(owners)
    ana = office.twins.state.tenant.person("ana")
    office.change("userRenamed", ana, name="Ana Neu")
    office.change("userAdded", TwinUser(id=str(UUID(int=9, version=4)), display_name="x", upn="x"), name="New", upn="n")

    found, requests = await office.scan(owners), [office.requests]
    for _ in range(2):
        assert await office.scan(owners) == found
        requests.append(office.requests)

    assert found[ana.id].display_name == "Ana Neu"
    assert requests == [2, 2, 1]


async def test_a_change_during_the_scan_is_seen_by_the_next(office: Office) -> None:
    tom = office.twins.state.tenant.person("tom")
    office.change("accountEnabled", tom, enabled=True)
    people = office.people()
    scan = ScanPeople(people, office.store, office.now)
    await scan.begin()
    await scan.read([tom.id])
    office.change("accountEnabled", tom, enabled=False)
    async with office.store.transaction() as tx:
        await tx.save_people(scan.fresh.values())
    await scan.commit()

    assert not (await office.scan([tom.id]))[tom.id].counts


async def test_somebody_who_was_no_owner_meanwhile_is_not_taken_from_long_ago(office: Office) -> None:
    ana, tom = (office.twins.state.tenant.person(name) for name in ("ana", "tom"))
    office.change("accountEnabled", tom, enabled=True)
    office.change("managerSet", ana, manager="")
    await office.scan([ana.id, tom.id])
    await office.scan([ana.id])
    office.change("accountEnabled", tom, enabled=False)
    await office.scan([ana.id])

    assert not (await office.scan([ana.id, tom.id]))[tom.id].counts


@pytest.mark.parametrize("how", ["lost", "damaged", "too old", "of another tenant"])
async def test_without_a_good_link_everybody_is_read_anew(office: Office, how: str) -> None:
    owners = ids(office.users)
    first = await office.scan(owners)
    async with office.store.transaction() as tx:
        text = str(await office.kept())
        changed = {
            "lost": "",
            "damaged": text[:40],
            "too old": text.replace("deltatoken=d", "deltatoken=x"),
            "of another tenant": text.replace("https://127.0.0.1", "https://graph.example"),
        }[how]
        assert changed != text
        await tx.set_value(KEPT, changed)
        await tx.save_people([Person(id=owners[0], display_name="out of date")])

    assert await office.scan(owners) == first
    assert await office.scan(owners) == first
    assert office.requests == 1


async def test_everybody_is_read_anew_once_a_week(office: Office) -> None:
    owners = [*ids(office.users), *office.robots]
    await office.scan(owners)
    requests = []
    for _ in range(8):
        await office.scan(owners)
        requests.append(office.requests)

    assert requests[:6] == [1] * 6
    assert requests[6] > 2
    assert requests[7] == 1


async def test_more_changes_than_people_are_not_followed(office: Office) -> None:
    state = office.twins.state
    tom = state.tenant.person("tom")
    await office.scan([tom.id])
    for number in range(1000):
        name = str(UUID(int=2**80 + number, version=4))
        state.change("userAdded", user=name, name="Many", upn=f"{name}@example.com")
    office.change("userRenamed", tom, name="Tom Neu")

    found = await office.scan([tom.id])

    assert found[tom.id].display_name == "Tom Neu"
    # Four pages of changes at most, a new link, Tom and his manager.
    assert office.requests <= 4 + 1 + 2
    await office.scan([tom.id])
    assert office.requests == 1


async def test_a_graph_without_changes_still_has_people(office: Office) -> None:
    ana = office.twins.state.tenant.person("ana")
    await office.scan([ana.id])
    office.change("userRenamed", ana, name="Ana Neu")
    office.twins.state.faults.append(Fault(service="graph", method="GET", path="/v1.0/users/delta", status=403))

    assert (await office.scan([ana.id]))[ana.id].display_name == "Ana Neu"
    office.change("userRenamed", ana, name="Ana Alt")
    assert (await office.scan([ana.id]))[ana.id].display_name == "Ana Alt"


async def test_a_scan_that_could_not_read_people_keeps_the_mark_before(office: Office) -> None:
    ana, tom = (office.twins.state.tenant.person(name) for name in ("ana", "tom"))
    await office.scan([ana.id])
    office.change("userRenamed", ana, name="Ana Neu")
    office.twins.state.faults.append(Fault(service="graph", method="POST", path="/v1.0/$batch", status=403))
    before = await office.kept()
    scan = ScanPeople(office.people(), office.store, office.now)
    with pytest.raises(GraphError):
        await scan.read([ana.id, tom.id])
    await scan.commit()

    assert await office.kept() == before
    assert (await office.scan([ana.id]))[ana.id].display_name == "Ana Neu"


async def test_reports_of_a_deleted_manager_are_read_even_where_graph_does_not_name_them(office: Office) -> None:
    mia, ana = (office.twins.state.tenant.person(name) for name in ("mia", "ana"))
    office.change("managerSet", ana, manager=mia.id)
    assert (await office.scan([ana.id]))[ana.id].manager_id == mia.id
    office.change("userDeleted", mia)
    ana.changed = 0

    assert (await office.scan([ana.id]))[ana.id].manager_id == ""
    office.change("userRestored", mia)
