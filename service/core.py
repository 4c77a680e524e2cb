"""The product's core on its store and archive; what needs Graph or Teams is handed in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from alerts.actions import Actions
from alerts.deadlines import Deadlines
from alerts.delivery import Deliverer
from alerts.desk import Desk
from alerts.engine import Engine
from alerts.later import LaterLooks
from alerts.model import Policy
from alerts.nominations import Nominations
from alerts.owner_changes import OwnerChanges
from alerts.ports import (
    AppRegistry,
    Archive,
    Clock,
    MailChannel,
    OwnerHistory,
    OwnerWriter,
    People,
    Privileges,
    Store,
    TeamsChannel,
)
from alerts.reroute import Rerouter
from alerts.roles import Roles
from alerts.viewing import Viewer
from settings.model import Settings


@dataclass(kw_only=True)
class GraphSide:
    """What the rooms behind Graph offer; all None in the internet-facing bot process."""

    registry: AppRegistry | None = None
    people: People | None = None
    privileges: Privileges | None = None
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
    later_looks: LaterLooks

    def deliverer(self, teams: TeamsChannel | None, mail: MailChannel | None) -> Deliverer:
        """A delivery worker on these channels."""
        return Deliverer(
            store=self.store, viewer=self.viewer, clock=self.clock, teams=teams, mail=mail, rerouter=self.rerouter
        )


def policy_of(settings: Settings) -> Policy:
    """The rules of alerting as set."""
    rules = settings.policy
    return Policy(
        alert_days=rules.alert_days,
        saml_alert_days=rules.saml_alert_days,
        last_call_days=rules.last_call_days,
        escalate_unanswered=rules.escalate_unanswered,
        leaver_grace_days=rules.leaver_grace_days,
        snooze_max_days=rules.snooze_max_days,
        snooze_floor_days=rules.snooze_floor_days,
        digest_after=rules.digest_after,
        history_days=rules.history_days,
        owner_writes=settings.owners.write_identity is not None,
        owner_changes_direct=settings.owners.changes == "direct",
        skip_users=frozenset(settings.people.skip_users),
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
    roles = Roles(
        store=store,
        admin_users=settings.people.admin_users,
        admin_group=settings.people.admin_group_id,
        support_users=settings.people.support_users,
        support_group=settings.people.support_group_id,
        fallback_recipients=settings.people.fallback_recipients,
        people=graph.people,
    )
    viewer = Viewer(policy=policy, clock=clock, time_zone=zone)
    rerouter = Rerouter(policy=policy, roles=roles, mail=mail)
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
    desk = Desk(
        store=store,
        policy=policy,
        clock=clock,
        roles=roles,
        actions=actions,
        history_source=history,
        people=graph.people,
        start_scan=triggers.begin_scan,
        next_scan=triggers.next_due,
        time_zone=zone,
    )
    return Core(
        store=store,
        archive=archive,
        policy=policy,
        clock=clock,
        roles=roles,
        engine=Engine(store=store, policy=policy, roles=roles, mail=mail, lookup=graph.people),
        viewer=viewer,
        actions=actions,
        desk=desk,
        owner_changes=changes,
        rerouter=rerouter,
        later_looks=LaterLooks(store=store, clock=clock, policy=policy, registry=graph.registry),
        deadlines=Deadlines(store=store, clock=clock, roles=roles, rerouter=rerouter, mail=mail),
    )
