"""A small tenant to tell stories in: people, apps and a clock; the real core on a real store.

Teams and the mailbox are the outside: two small stateful receivers that can be told to fail.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from alerts.actions import Actions
from alerts.contacts import Contacts
from alerts.deadlines import Deadlines
from alerts.delivery import Deliverer
from alerts.desk import Desk
from alerts.engine import Engine
from alerts.errors import DeliveryError
from alerts.gate import Gatekeeper
from alerts.later import LaterLooks
from alerts.ledger import Ledger, draw_up
from alerts.model import (
    Action,
    Application,
    ApplicationType,
    Credential,
    CredentialType,
    Decision,
    Event,
    Person,
    Policy,
    PostedCard,
    PreviousOwner,
    RunStatus,
    ScannedTenant,
    ScanRun,
)
from alerts.nominations import Nominations
from alerts.owner_changes import OwnerChanges
from alerts.ports import GraphUsage, LastWord, Sent, Store
from alerts.release import Releaser
from alerts.reroute import Rerouter
from alerts.roles import Roles
from alerts.sending import SendingRules
from alerts.sending_desk import SendingDesk
from alerts.viewing import Viewer
from alerts.views import AlertView, MailView, View
from store.store import open_store

DAY = timedelta(days=1)
START = datetime(2026, 12, 3, 6, 0, tzinfo=UTC)


@dataclass
class Inbox:
    """Teams as people see it: cards by person, updates in place; may be told to fail."""

    cards: dict[str, list[View]] = field(default_factory=lambda: defaultdict(list))
    updates: list[tuple[PostedCard, View]] = field(default_factory=list)
    #: person id -> errors to raise, one a send.
    failures: dict[str, list[DeliveryError]] = field(default_factory=lambda: defaultdict(list))
    sends: int = 0

    async def send(self, person: Person, view: View, last_word: LastWord | None = None) -> Sent:
        self.sends += 1
        if last_word is not None:
            await last_word()
        if self.failures[person.id]:
            raise self.failures[person.id].pop(0)
        self.cards[person.id].append(view)
        number = len(self.cards[person.id])
        return Sent(conversation_id=f"c-{person.id}", service_url="https://x/", activity_id=f"{person.id}-{number}")

    async def update(self, card: PostedCard, view: View) -> None:
        self.updates.append((card, view))

    def now_shown(self, person_id: str) -> View:
        """The newest card as it stands after all updates."""
        newest = f"{person_id}-{len(self.cards[person_id])}"
        updated = [view for card, view in self.updates if card.activity_id == newest]
        return updated[-1] if updated else self.cards[person_id][-1]


@dataclass
class Mailbox:
    mails: list[MailView] = field(default_factory=list)
    failures: list[DeliveryError] = field(default_factory=list)

    async def send(self, view: MailView, last_word: LastWord | None = None) -> None:
        if last_word is not None:
            await last_word()
        if self.failures:
            raise self.failures.pop(0)
        self.mails.append(view)


@dataclass
class Directory:
    """Graph as the core's ports see it: the apps and people of this world, and the owners it was told to add."""

    world: "World"
    usage: GraphUsage = field(default_factory=GraphUsage)
    #: While set, nothing is answered before it opens.
    gate: asyncio.Event | None = None

    async def _open(self) -> None:
        if self.gate is not None:
            await self.gate.wait()

    async def application(self, object_id: str, type: ApplicationType) -> Application | None:
        await self._open()
        return self.world.apps.get(object_id)

    async def other_side(self, application: Application) -> Application | None:
        await self._open()
        return self.world.apps.get(f"{application.object_id}/other")

    async def people(self, ids: object, *, managers: bool = False) -> dict[str, Person]:
        await self._open()
        return {i: self.world.people[i] for i in ids if i in self.world.people}  # type: ignore[attr-defined]

    async def group_members(self, group_id: str) -> list[str]:
        return self.world.groups.get(group_id, [])

    async def find(self, text: str, limit: int = 5) -> list[Person]:
        await self._open()
        hits = [p for p in self.world.people.values() if text.lower() in p.display_name.lower() and p.counts]
        return hits[:limit]

    async def privileges(self, application: Application) -> tuple[str, ...] | None:
        await self._open()
        return self.world.rights.get(application.object_id, ())

    async def add_owner(self, application: Application, person_id: str) -> None:
        await self._open()
        app = self.world.apps[application.object_id]
        if person_id not in {owner.id for owner in app.owners}:
            self.world.apps[app.object_id] = replace(app, owners=(*app.owners, Person(id=person_id)))


class World:
    """Move the clock, scan, deliver, press; then look at inboxes and the ledger."""

    def __init__(self, url: str, policy: Policy | None = None, rules: SendingRules | None = None) -> None:
        self.url = url
        self.now = START
        self.policy = policy or Policy(owner_writes=True)
        self.gatekeeper = Gatekeeper(rules=rules or SendingRules())
        self.groups: dict[str, list[str]] = {}
        self.people: dict[str, Person] = {}
        self.apps: dict[str, Application] = {}
        self.history: dict[str, tuple[PreviousOwner, ...]] = {}
        self.disabled_app_ids: set[str] = set()
        #: (app id, person or address) as the operator names them.
        self.contact_rows: list[tuple[str, str]] = []
        #: App -> its far-reaching rights, None where Graph will not tell; others hold none.
        self.rights: dict[str, tuple[str, ...] | None] = {}
        self.inbox, self.mailbox, self.directory = Inbox(), Mailbox(), Directory(self)
        self.runs = 0
        for name, boss in (("ana", "mia"), ("ben", "mia"), ("eli", "mia"), ("mia", ""), ("tom", ""), ("ada", "")):
            self.person(name, manager=boss)

    async def __aenter__(self) -> Self:
        self.store: Store = await open_store(self.url)
        keeper = self.gatekeeper
        self.roles = Roles(
            store=self.store,
            admin_users=("ada",),
            pilot_group="pilot" if keeper.rules.pilot_group else "",
            people=self.directory,  # type: ignore[arg-type]
        )
        self.viewer = Viewer(policy=self.policy, clock=self.clock, gatekeeper=keeper)
        self.contacts = Contacts(
            store=self.store,
            read=lambda: self.contact_rows,
            people=self.directory,  # type: ignore[arg-type]
            mail=True,
        )
        self.rerouter = Rerouter(
            contacts=self.contacts, policy=self.policy, roles=self.roles, mail=True, gatekeeper=keeper
        )
        self.engine = Engine(
            store=self.store,
            policy=self.policy,
            roles=self.roles,
            mail=True,
            gatekeeper=keeper,
            contacts=self.contacts,
            lookup=self.directory,  # type: ignore[arg-type]
        )
        self.releaser = Releaser(store=self.store, clock=self.clock, engine=self.engine, roles=self.roles)
        self.sending = SendingDesk(
            store=self.store, clock=self.clock, roles=self.roles, releaser=self.releaser, gatekeeper=keeper
        )
        self.changes = OwnerChanges(
            store=self.store,
            clock=self.clock,
            writer=self.directory,
            registry=self.directory,
            people=self.directory,  # type: ignore[arg-type]
            roles=self.roles,
        )
        self.actions = Actions(
            store=self.store,
            policy=self.policy,
            clock=self.clock,
            roles=self.roles,
            viewer=self.viewer,
            nominations=Nominations(mail=True, policy=self.policy),
            rerouter=self.rerouter,
            registry=self.directory,
            people=self.directory,  # type: ignore[arg-type]
            privileges=self.directory,
            owner_changes=self.changes,
        )
        self.looks = LaterLooks(store=self.store, clock=self.clock, policy=self.policy, registry=self.directory)
        self.desk = Desk(
            store=self.store,
            policy=self.policy,
            clock=self.clock,
            roles=self.roles,
            actions=self.actions,
            people=self.directory,  # type: ignore[arg-type]
            gatekeeper=keeper,
            sending=self.sending,
        )
        self.worker = Deliverer(
            store=self.store,
            viewer=self.viewer,
            clock=self.clock,
            teams=self.inbox,
            mail=self.mailbox,
            rerouter=self.rerouter,
        )
        self.deadlines = Deadlines(
            store=self.store, clock=self.clock, roles=self.roles, rerouter=self.rerouter, mail=True
        )
        await self.roles.refresh()
        return self

    def nominations_direct(self, *, owner_writes: bool = True) -> None:
        """OWNER_CHANGES=direct, with or without an identity that may write owners."""
        self.policy = replace(self.policy, owner_changes_direct=True, owner_writes=owner_writes)
        self.viewer = replace(self.viewer, policy=self.policy)
        self.worker.viewer = self.viewer
        self.changes.writer = self.directory if owner_writes else None
        self.actions = replace(
            self.actions,
            policy=self.policy,
            viewer=self.viewer,
            nominations=replace(self.actions.nominations, policy=self.policy),
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.store.close()  # type: ignore[attr-defined]

    def clock(self) -> datetime:
        return self.now

    # ------------------------------------------------------------ the tenant

    def person(self, name: str, *, enabled: bool = True, manager: str = "", **more: object) -> Person:
        self.people[name] = Person(
            id=name,
            display_name=name.title(),
            user_principal_name=f"{name}@x.example",
            mail=f"{name}@x.example",
            account_enabled=enabled,
            manager_id=manager,
            **more,  # type: ignore[arg-type]
        )
        return self.people[name]

    def _account(self, name: str) -> Person:
        return self.people.get(name, Person(id=name))

    def disable(self, name: str) -> None:
        self.people[name] = replace(self.people[name], account_enabled=False)

    def secret(self, days: float, key_id: str = "k1", life: float = 365) -> Credential:
        """A client secret that ends so many days from now (give .5 to be away from the edge)."""
        end = self.now + timedelta(days=days)
        return Credential(
            key_id=key_id,
            type=CredentialType.CLIENT_SECRET,
            display_name=key_id,
            start=end - timedelta(days=life),
            end=end,
        )

    def app(self, name: str, owners: tuple[str, ...], *credentials: Credential, **more: object) -> Application:
        fields: dict[str, object] = {"type": ApplicationType.APP_REGISTRATION} | more
        self.apps[name] = Application(
            object_id=name,
            app_id=f"app-{name}",
            display_name=name.title(),
            credentials=credentials,
            owners=tuple(Person(id=owner) for owner in owners),
            **fields,  # type: ignore[arg-type]
        )
        return self.apps[name]

    def once_owned_by(self, app: str, owner: str, days_ago: int) -> None:
        """What the archive knows of an app that has lost its owner."""
        person = self.people[owner]
        self.history[app] = (
            PreviousOwner(person=person, manager=self.people.get(person.manager_id), seen=self.now - days_ago * DAY),
        )

    # ------------------------------------------------------------ time passes

    async def scan(self, *, missing: tuple[str, ...] = (), unread: tuple[str, ...] = (), **more: object) -> Decision:
        """One scan as the scanner would hand it to the engine; `unread` apps are not in it."""
        self.runs += 1
        await self.contacts.refresh()
        run_id = f"run-{self.runs}"
        apps = [app for name, app in self.apps.items() if name not in unread and app.credentials]
        ownerless = [name for name, app in self.apps.items() if not any(self._account(o.id).counts for o in app.owners)]
        async with self.store.reading() as tx:
            remembered = {name: past for name, past in (await tx.owners_seen(ownerless)).items() if past}
        decision = await self.engine.decide(
            ScannedTenant(
                run_id=run_id,
                started_at=self.now,
                tenant_id="tenant",
                applications=apps,
                disabled_app_ids=frozenset(self.disabled_app_ids),
                people=dict(self.people),
                previous_owners={**{n: past for n, past in self.history.items() if n in ownerless}, **remembered},
                missing=missing,
                **more,  # type: ignore[arg-type]
            )
        )
        status = RunStatus.PARTIAL if missing else RunStatus.SUCCEEDED
        async with self.store.transaction() as tx:
            await tx.save_run(
                ScanRun(run_id=run_id, status=status, started_at=self.now, finished_at=self.now, due=decision.due)
            )
        return decision

    async def day(self, days: int = 1, **more: object) -> Decision:
        """Days pass without a scan; then one scan and all its messages."""
        self.now += days * DAY
        decision = await self.scan(**more)  # type: ignore[arg-type]
        await self.worker.drain()
        return decision

    async def later(self, **time: float) -> None:
        """Time passes without a scan: time limits are kept, messages go out."""
        self.now += timedelta(**time)
        await self.deadlines.run_once()
        await self.worker.drain()

    async def first(self) -> Decision:
        decision = await self.scan()
        await self.worker.drain()
        return decision

    # ------------------------------------------------------------ people act and look

    def card(self, person: str) -> AlertView:
        """The newest alert card in somebody's chat, as it stands."""
        view = self.inbox.now_shown(person)
        assert isinstance(view, AlertView), view
        return view

    def card_of(self, person: str) -> AlertView:
        """The newest alert card in somebody's chat, though other messages may stand below it."""
        number = max(n for n, view in enumerate(self.inbox.cards[person], 1) if isinstance(view, AlertView))
        shown = [view for card, view in self.inbox.updates if card.activity_id == f"{person}-{number}"]
        view = shown[-1] if shown else self.inbox.cards[person][number - 1]
        assert isinstance(view, AlertView), view
        return view

    async def press(self, person: str, verb: str, alert: str = "", *, nomination: str = "", **inputs: str) -> View:
        """Press a button; by default on the newest card that one has."""
        data: dict[str, object] = {"nomination": nomination} if nomination else {"alert": alert, "v": 1}
        if not alert and not nomination:
            data = {"alert": self.card(person).items[0].alert_id, "v": 1}
        action = Action(
            verb=verb,
            actor_id=person,
            data=data,
            inputs=inputs,
            card_activity_id=f"{person}-{len(self.inbox.cards[person])}",
        )
        view = await self.actions.perform(action)
        await self.worker.drain()
        return view

    async def press_digest(self, person: str, verb: str, digest: str, **inputs: str) -> View:
        """Press a button on a digest or handover card."""
        view = await self.actions.perform(Action(verb=verb, actor_id=person, data={"digest": digest}, inputs=inputs))
        await self.worker.drain()
        return view

    async def press_question(self, person: str, verb: str, question: str) -> View:
        """Answer what admins are asked."""
        view = await self.actions.perform(Action(verb=verb, actor_id=person, data={"question": question}))
        await self.worker.drain()
        return view

    async def ledger(self) -> Ledger:
        async with self.store.reading() as tx:
            return await draw_up(tx, self.now, self.policy)

    async def states(self) -> dict[str, int]:
        """Ledger state -> number, without the empty ones; the sum must always hold."""
        ledger = await self.ledger()
        assert ledger.difference == 0
        return {state: number for state, number in ledger.states.items() if number}

    async def events(self) -> list[Event]:
        async with self.store.reading() as tx:
            return await tx.events_waiting(10_000)

    def told(self) -> dict[str, int]:
        """Person -> cards received so far."""
        return {name: len(cards) for name, cards in self.inbox.cards.items() if cards}


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{(folder / 'steward.db').as_posix()}"
