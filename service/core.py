"""The product's core on its store and archive; what needs Graph or Teams is handed in."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from alerts.actions import Actions
from alerts.contacts import Contacts
from alerts.deadlines import Deadlines
from alerts.delivery import Deliverer
from alerts.desk import Desk
from alerts.engine import Engine
from alerts.gate import Gatekeeper
from alerts.later import LaterLooks
from alerts.model import Policy
from alerts.nominations import Nominations
from alerts.owner_changes import OwnerChanges
from alerts.ports import (
    AppRegistry,
    Archive,
    ChangeLog,
    Clock,
    MailChannel,
    OwnerHistory,
    OwnerWriter,
    People,
    Privileges,
    Store,
    TeamsChannel,
)
from alerts.release import Releaser
from alerts.reroute import Rerouter
from alerts.roles import Roles
from alerts.sending_desk import SendingDesk
from alerts.viewing import Viewer
from alerts.who import WhoDidIt
from service.rules import contacts_of, policy_of, roles_of, sending_rules_of
from settings.model import Settings


@dataclass(kw_only=True)
class GraphSide:
    """What the rooms behind Graph offer; all None in the internet-facing bot process."""

    registry: AppRegistry | None = None
    people: People | None = None
    privileges: Privileges | None = None
    #: None where AUDIT_LOG is off.
    change_log: ChangeLog | None = None
    owner_writer: OwnerWriter | None = None
    mail: MailChannel | None = None
    #: Closes the clients' connections.
    close: Callable[[], Awaitable[None]] | None = None


@dataclass(kw_only=True)
class Core:
    """The core's services, wired."""

    store: Store
    archive: Archive
    policy: Policy
    clock: Clock
    roles: Roles
    engine: Engine
    viewer: Viewer
    actions: Actions
    desk: Desk
    owner_changes: OwnerChanges
    rerouter: Rerouter
    deadlines: Deadlines
    contacts: Contacts
    later_looks: LaterLooks
    who: WhoDidIt
    releaser: Releaser

    async def refresh(self) -> list[str]:
        """Read admins, the fallback and contacts anew; returns problems as sentences."""
        return [*await self.roles.refresh(), *await self.contacts.refresh()]

    def deliverer(self, teams: TeamsChannel | None, mail: MailChannel | None) -> Deliverer:
        """A delivery worker on these channels."""
        return Deliverer(
            store=self.store, viewer=self.viewer, clock=self.clock, teams=teams, mail=mail, rerouter=self.rerouter
        )


@dataclass(kw_only=True)
class Triggers:
    """What the core may set off; filled in once the workers exist."""

    wake: Callable[[], None] = lambda: None
    start_scan: Callable[[], Awaitable[bool]] | None = None
    next_scan: Callable[[], datetime | None] = lambda: None

    async def begin_scan(self) -> bool | None:
        """Start a scan; False when one runs already, None where this process does not scan."""
        return None if self.start_scan is None else await self.start_scan()

    def fire(self) -> None:
        """Wake the delivery worker, whichever it is by now."""
        self.wake()

    def next_due(self) -> datetime | None:
        """When the next scan is due, None where this process does not scan."""
        return self.next_scan()


def build_core(
    settings: Settings,
    store: Store,
    archive: Archive,
    history: OwnerHistory,
    graph: GraphSide,
    clock: Clock,
    triggers: Triggers,
) -> Core:
    """Wire the core; a process without Graph gets one that answers without it."""
    policy = policy_of(settings)
    zone = settings.service.time_zone.key
    # The bot alone has no mailbox, yet its answers must queue e-mails for the workers.
    mail = settings.mail is not None
    roles = roles_of(settings, store, graph.people)
    gatekeeper = Gatekeeper(rules=sending_rules_of(settings))
    viewer = Viewer(policy=policy, clock=clock, time_zone=zone, gatekeeper=gatekeeper)
    contacts = contacts_of(settings, store, graph.people)
    rerouter = Rerouter(contacts=contacts, policy=policy, roles=roles, mail=mail, gatekeeper=gatekeeper)
    changes = OwnerChanges(
        store=store,
        clock=clock,
        writer=graph.owner_writer,
        registry=graph.registry,
        people=graph.people,
        roles=roles,
    )
    actions = Actions(
        store=store,
        policy=policy,
        clock=clock,
        roles=roles,
        viewer=viewer,
        nominations=Nominations(mail=mail, policy=policy),
        rerouter=rerouter,
        registry=graph.registry,
        people=graph.people,
        privileges=graph.privileges,
        owner_changes=changes,
        wake=triggers.fire,
    )
    engine = Engine(
        contacts=contacts,
        store=store,
        policy=policy,
        roles=roles,
        mail=mail,
        gatekeeper=gatekeeper,
        lookup=graph.people,
    )
    releaser = Releaser(
        store=store, clock=clock, engine=engine, roles=roles, holder=secrets.token_hex(8), wake=triggers.fire
    )
    desk = _desk(settings, store, clock, history, graph, triggers, actions=actions, roles=roles, releaser=releaser)
    return Core(
        store=store,
        archive=archive,
        policy=policy,
        clock=clock,
        roles=roles,
        engine=engine,
        releaser=releaser,
        viewer=viewer,
        actions=actions,
        desk=desk,
        owner_changes=changes,
        rerouter=rerouter,
        who=WhoDidIt(store=store, clock=clock, log=graph.change_log),
        later_looks=LaterLooks(store=store, clock=clock, policy=policy, registry=graph.registry),
        contacts=contacts,
        deadlines=Deadlines(store=store, clock=clock, roles=roles, rerouter=rerouter, mail=mail),
    )


def _desk(
    settings: Settings,
    store: Store,
    clock: Clock,
    history: OwnerHistory,
    graph: GraphSide,
    triggers: Triggers,
    *,
    actions: Actions,
    roles: Roles,
    releaser: Releaser,
) -> Desk:
    """What answers commands."""
    zone = settings.service.time_zone.key
    gatekeeper = Gatekeeper(rules=sending_rules_of(settings))
    return Desk(
        store=store,
        policy=policy_of(settings),
        clock=clock,
        roles=roles,
        actions=actions,
        history_source=history,
        people=graph.people,
        start_scan=triggers.begin_scan,
        next_scan=triggers.next_due,
        time_zone=zone,
        gatekeeper=gatekeeper,
        sending=SendingDesk(
            store=store, clock=clock, roles=roles, releaser=releaser, gatekeeper=gatekeeper, time_zone=zone
        ),
    )
