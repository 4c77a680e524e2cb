"""What an answer does, and who may give it; judged against today's state, never against the card's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.answering import Answering, Handler
from alerts.authority import Authority, Case, RefusedError
from alerts.errors import VersionConflict
from alerts.later import LaterLooks, elsewhere_in_time
from alerts.messages import card_updates
from alerts.model import Action, Policy, PostedCard, Role, Verb
from alerts.nominating import GRAPH_PATIENCE, Nominating
from alerts.nominations import Nominations
from alerts.once import OtherBodyError, answer_key, answered_before, remember
from alerts.owner_changes import OwnerChanges
from alerts.ports import AppLookup, Clock, People, Privileges, Store, Transaction
from alerts.questions import Questions
from alerts.renewal import RenewalCheck
from alerts.reroute import Rerouter
from alerts.retiring import Retiring
from alerts.roles import ROLES, Roles
from alerts.several import REFUSED, Several
from alerts.viewing import Viewer, by_urgency
from alerts.views import Renewal, RenewalFinding, Sentence, View

#: Two people may press at the same moment: read again and decide again, so many times.
CONFLICT_TRIES = 5
#: An invoke that comes again is answered with the card as it stands now, which says what came of it; whoever may not
#: see it (any more) is refused as ever.
_AGAIN = Verb.REFRESH


@dataclass(kw_only=True)
class Actions:
    """Every verb of design 1.5 that this version knows; a verb it does not know is refused."""

    store: Store
    policy: Policy
    clock: Clock
    roles: Roles
    viewer: Viewer
    nominations: Nominations
    rerouter: Rerouter
    #: Looks at Graph for "I renewed it"; None in a process without Graph rights.
    registry: AppLookup | None = None
    #: Checks nominees; None in a process without Graph rights: then only known people can be named.
    people: People | None = None
    #: Tells what an app may do; None in a process without Graph rights: then everything counts as privileged.
    privileges: Privileges | None = None
    owner_changes: OwnerChanges | None = None
    #: Called when there may be something to send.
    wake: Callable[[], None] = lambda: None
    _authority: Authority = field(init=False)
    _answering: Answering = field(init=False)
    _nominating: Nominating = field(init=False)
    _retiring: Retiring = field(init=False)
    _later: LaterLooks = field(init=False)
    _several: Several = field(init=False)
    _questions: Questions = field(init=False)
    #: verb -> what it does to the cases of one card.
    _handlers: Mapping[str, Handler] = field(init=False)

    def __post_init__(self) -> None:
        self._authority = Authority(clock=self.clock)
        self._answering = Answering(policy=self.policy, rerouter=self.rerouter)
        self._nominating = Nominating(
            store=self.store,
            clock=self.clock,
            roles=self.roles,
            viewer=self.viewer,
            authority=self._authority,
            answering=self._answering,
            nominations=self.nominations,
            people=self.people,
            privileges=self.privileges,
            owner_changes=self.owner_changes,
            wake=self.wake,
        )
        self._retiring = Retiring(answering=self._answering, roles=self.roles, mail=self.nominations.mail)
        self._handlers = {
            **self._answering.handlers(),
            Verb.RETIRE: self._retiring.retire,
            Verb.AUTOMATIC: self._retiring.automatic,
        }
        self._later = LaterLooks(store=self.store, clock=self.clock, policy=self.policy, registry=self.registry)
        self._questions = Questions(store=self.store, clock=self.clock, roles=self.roles, viewer=self.viewer)
        self._several = Several(store=self.store, viewer=self.viewer, on_alerts=self._on_alerts)

    async def perform(self, action: Action) -> View:
        """Do what was pressed and return what the presser sees; refused actions change nothing."""
        for attempt in range(CONFLICT_TRIES):
            try:
                view = await self._perform(action)
            except (RefusedError, OtherBodyError):
                return REFUSED
            except VersionConflict:
                if attempt == CONFLICT_TRIES - 1:
                    raise
                continue
            self.wake()
            return view
        return REFUSED

    async def _perform(self, action: Action) -> View:
        elsewhere = any(action.data.get(name) for name in ("nomination", "question", "digest"))
        if not elsewhere and action.verb in self._handlers:
            return await self._on_card(action)
        async with self.store.reading() as tx:
            again, said = await answered_before(tx, action)
        if said is not None:
            return said
        if again:
            action = replace(action, verb=_AGAIN)
        if action.data.get("nomination"):
            return await self._nominating.on_nomination(action)
        if action.data.get("question"):
            return await self._questions.on_question(action)
        if action.data.get("digest"):
            return await self._several.on_digest(action)
        async with self.store.reading() as tx:
            ids = _alerts_of_card(action, await self._pressed(tx, action))
        return await self._on_alerts(action, ids)

    @staticmethod
    async def _pressed(tx: Transaction, action: Action) -> PostedCard | None:
        """The card that was pressed."""
        if not action.card_activity_id:
            return None
        return await tx.card_by_activity(action.card_activity_id, action.actor_id)

    async def _on_card(self, action: Action) -> View:
        """An answer that needs nothing but the store: one transaction that reads, decides, writes, and looks at it."""
        async with self.store.transaction(brief=True) as tx:
            await tx.look_ahead_of_press(answer_key(action), ROLES, action.actor_id, action.card_activity_id)
            again, said = await answered_before(tx, action)
            if said is not None:
                return said
            if again:
                action = replace(action, verb=_AGAIN)
            role = await self.roles.role_in(tx, action.actor_id)
            card = await self._pressed(tx, action)
            cases, said = await self._answer(tx, action, _alerts_of_card(action, card), role)
            if said is not None:
                return said
            apps = {case.alert.application.object_id for case in cases}
            first = by_urgency(case.alert for case in cases)[0]
            await tx.look_ahead_of_card(first.id, first.application.object_id, action.actor_id)
            owns = cases[0].owns if len(apps) == 1 else None
            return await self._seen(tx, action, [case.alert.id for case in cases], role, card, owns=owns)

    async def _answer(
        self, tx: Transaction, action: Action, ids: Sequence[str], role: Role
    ) -> tuple[list[Case], Sentence | None]:
        """Do it, bring the other cards up to date, and remember what was said; the cases, and the sentence if any."""
        cases = await self._authority.cases(tx, action, ids, role)
        said = await self._handlers[action.verb](tx, cases)
        if action.verb not in (Verb.REFRESH, Verb.OPEN):
            await self._update_others(tx, cases)
            await remember(tx, action, said, self.clock())
        return cases, said

    async def _on_alerts(self, action: Action, ids: Sequence[str]) -> View:
        role = await self.roles.role_of(action.actor_id)
        if action.verb == Verb.ASSIGN_OWNER:
            said = await self._nominating.assign_owner(action, ids, role)
            return said or await self._card(action, ids, role)
        if action.verb == Verb.RENEWED:
            return await self._renewed(action, ids, role)
        if action.verb not in self._handlers:
            raise RefusedError
        async with self.store.transaction() as tx:
            cases, said = await self._answer(tx, action, ids, role)
        return said or await self._card(action, [case.alert.id for case in cases], role)

    async def _card(self, action: Action, ids: Sequence[str], role: Role, renewal: Renewal | None = None) -> View:
        """What the presser sees now."""
        async with self.store.reading() as tx:
            return await self._seen(tx, action, ids, role, await self._pressed(tx, action), renewal=renewal)

    async def _seen(
        self,
        tx: Transaction,
        action: Action,
        ids: Sequence[str],
        role: Role,
        card: PostedCard | None,
        *,
        renewal: Renewal | None = None,
        owns: bool | None = None,
    ) -> View:
        """The same, by what a transaction sees; `owns` is handed in where it is known already."""
        view = await self.viewer.alert(
            tx,
            ids,
            action.actor_id,
            role=role,
            posted_at=card.posted_at if card else None,
            # The alert stays reachable from a shrunk card, but its line stays a line.
            shrunk=card is not None and not card.current and action.verb == Verb.REFRESH,
            digest_id=str(action.data.get("digest", "")),
            renewal=renewal,
            owns=owns,
        )
        return view or REFUSED

    async def _update_others(self, tx: Transaction, cases: Sequence[Case]) -> None:
        """Bring all posted cards up to date, the pressed one too: its answer is not stored by Teams."""
        alerts = [case.alert.id for case in cases]
        cards = [card for card in await tx.cards_of_alerts(alerts) if card.current]
        await tx.add_deliveries(card_updates(cards, self.clock()))

    async def _renewed(self, action: Action, ids: Sequence[str], role: Role) -> View:
        """Look at Graph at once and say what it shows; only what it shows changes anything."""
        async with self.store.transaction() as tx:
            cases = await self._authority.cases(tx, action, ids, role)
            for case in cases:
                await self._answering.saw(tx, case)
        ids = [case.alert.id for case in cases]
        open_ids = [case.alert.id for case in cases if not case.closed]
        if not open_ids:
            return await self._card(action, ids, role)
        check = RenewalCheck(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            registry=self.registry,
            patience=GRAPH_PATIENCE,
        )
        first, now = cases[0].alert, self.clock()
        findings, app = await check.look(first, open_ids)
        elsewhere = None
        if findings.get(first.id) is RenewalFinding.NOT_YET:
            elsewhere = await elsewhere_in_time(
                first, app, self.registry, self.store, action.actor_id, now, GRAPH_PATIENCE / 2
            )
        if elsewhere is not None:
            findings[first.id] = RenewalFinding.ELSEWHERE
        until = await self._later.remember(findings, action.actor_id)
        return await self._card(action, ids, role, Renewal(findings=findings, elsewhere=elsewhere, until=until))


def _alerts_of_card(action: Action, card: PostedCard | None) -> list[str]:
    """All alerts of the card that was pressed: a card about one app is answered as a whole."""
    first = str(action.data.get("alert", ""))
    if card is None or first not in card.alert_ids or card.purpose != "alert":
        return [first]
    return [first, *(other for other in card.alert_ids if other != first)]


__all__ = ["REFUSED", "Actions"]
