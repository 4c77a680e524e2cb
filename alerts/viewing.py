"""From rows to what a card shows: one person's view of alerts, nominations and digests, as of now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.gate import Gatekeeper
from alerts.holding import held_view
from alerts.model import (
    NOT_DUE,
    Alert,
    AlertState,
    AnswerKind,
    Delivery,
    DeliveryPurpose,
    Nomination,
    NominationKind,
    NominationState,
    Notice,
    NoticeKind,
    Person,
    PersonKind,
    Policy,
    PostedCard,
    Recipient,
    Role,
    RouteReason,
    Verb,
)
from alerts.nominations import needs_approval
from alerts.ports import Clock, Transaction
from alerts.records import owners_of
from alerts.so_far import so_far
from alerts.stages import DAY, days_left, last_call_at, next_stage_at, snooze_latest
from alerts.views import (
    AlertItem,
    AlertView,
    CardState,
    DigestItem,
    DigestMode,
    DigestView,
    HeldView,
    MailView,
    NominationRole,
    NominationView,
    Renewal,
    Sentence,
    View,
)

#: Within so long of the end of a snooze a message is the one that the end was waited for.
SAME_RUN = timedelta(hours=1)

#: Lengths in days that a card offers, if the rules of snoozing allow them.
SNOOZE_OFFERS = (1, 2, 3, 7, 14, 30)

#: Who may know nothing of the app and must find out whose it is.
_WANT_LEADS = (RouteReason.CONTACT, RouteReason.FALLBACK, RouteReason.LAST_CALL, RouteReason.ADMIN)

_WAITING = {
    NominationState.ASKED: CardState.WAITING_NOMINEE,
    NominationState.ACCEPTED: CardState.WAITING_APPROVAL,
    NominationState.APPROVED: CardState.WAITING_OWNER,
}

_ANSWERED = {AnswerKind.RETIRED: CardState.RETIRED, AnswerKind.AUTOMATIC: CardState.AUTOMATIC}


def stranger(person_id: str) -> Person:
    """A person of whom only the id is known."""
    return Person(id=person_id, kind=PersonKind.UNKNOWN)


def by_urgency(alerts: Iterable[Alert]) -> list[Alert]:
    """Those to be answered first, soonest end first; then superseded ones; last what is over or never was ours."""
    order = {AlertState.OPEN: 0, AlertState.AHEAD: 0, AlertState.SUPERSEDED: 1}
    return sorted(
        alerts,
        key=lambda a: (
            order.get(a.state, 2),
            a.credential.end.timestamp() if a.credential.end else float("inf"),
            a.id,
        ),
    )


@dataclass(kw_only=True)
class _Rows:
    """The rows behind one app's card."""

    alerts: list[Alert]
    recipients: dict[str, dict[str, Recipient]]
    nominations: list[Nomination]
    #: Of the first alert.
    notices: list[Notice]
    #: Ids of people who cannot answer in Teams.
    mail_only: frozenset[str]
    #: Of the reader's last message; the service's where there was none.
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Builds views inside a transaction; reads only."""

    policy: Policy
    clock: Clock
    time_zone: str = "UTC"
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)

    async def zone(self, tx: Transaction, person_id: str) -> str:
        return (await self._place(tx, person_id))[0]

    async def _place(self, tx: Transaction, person_id: str) -> tuple[str, str]:
        """(time zone, locale) of the person's last message; the service's zone and '' where there was none."""
        known = (await tx.conversations([person_id])).get(person_id)
        return (known.time_zone if known else "") or self.time_zone, known.locale if known else ""

    async def _rows(self, tx: Transaction, alert_ids: Sequence[str], person_id: str) -> _Rows:
        alerts = by_urgency((await tx.alerts(alert_ids)).values())
        recipients: dict[str, dict[str, Recipient]] = {alert.id: {} for alert in alerts}
        for recipient in await tx.recipients([alert.id for alert in alerts]):
            recipients[recipient.alert_id][recipient.person.id] = recipient
        nominations = await tx.nominations_of_app(alerts[0].application.object_id) if alerts else []
        notices = await tx.notices([alerts[0].id]) if alerts else []
        told = {notice.recipient_id for notice in notices}
        known = await tx.conversations(sorted(told | {person_id}))
        return _Rows(
            alerts=alerts,
            recipients=recipients,
            nominations=nominations,
            notices=notices,
            mail_only=frozenset(i for i, each in known.items() if i in told and each.dead_reason),
            time_zone=(known[person_id].time_zone if person_id in known else "") or self.time_zone,
        )

    # ------------------------------------------------------------ alert cards

    async def alert(
        self,
        tx: Transaction,
        alert_ids: Sequence[str],
        person_id: str,
        *,
        role: Role = Role.MEMBER,
        posted_at: datetime | None = None,
        shrunk: bool = False,
        digest_id: str = "",
        renewal: Renewal | None = None,
        owns: bool | None = None,
    ) -> AlertView | None:
        """One app's alerts as this person sees them now; None when none of the ids is known.

        `posted_at` is when the card that is updated was posted, None for a new one: an owner change that is
        older than the card is no news to it. `owns` says whether this person is an owner of the app now, where that
        is known already.
        """
        rows = await self._rows(tx, alert_ids, person_id)
        if not rows.alerts:
            return None
        now = self.clock()
        first = rows.alerts[0]
        mine = self._my_place(rows, person_id)
        person = mine.person if mine else (await tx.people([person_id])).get(person_id, stranger(person_id))
        nomination = self._nomination_for(rows.nominations, person_id, posted_at)
        items = tuple(
            self._item(alert, rows.recipients[alert.id], person_id, nomination, now, renewal) for alert in rows.alerts
        )
        others = {
            r.person.id: r.person
            for alert in rows.alerts
            for r in rows.recipients[alert.id].values()
            if r.on_route and r.person.id != person_id
        }
        owners = {
            r.person.id for r in rows.recipients[first.id].values() if r.reason is RouteReason.OWNER and r.on_route
        }
        latest = snooze_latest(first.credential, now, self.policy) if first.closed_at is None else None
        if owns is None:
            owns = role is Role.ADMIN or await _owns(tx, first, person_id)
        verbs = self._verbs(items, mine, role, latest, owns=owns or role is Role.ADMIN)
        reason = mine.reason if mine else RouteReason.ADMIN
        return AlertView(
            application=first.application,
            items=items,
            recipient=person,
            time_zone=rows.time_zone,
            now=now,
            reason=reason,
            path=first.path,
            proof=mine.proof if mine else None,
            on_behalf_of=mine.on_behalf_of if mine else None,
            elsewhere=renewal.elsewhere if renewal else None,
            looks_until=renewal.until if renewal else None,
            also_told=tuple(sorted(others.values(), key=lambda p: p.id)),
            owner_count=len(owners),
            nomination=nomination,
            next_reminder=self._next_reminder(first, mine, now),
            snooze_days=self._offers(latest, now) if Verb.SNOOZE in verbs else (),
            snooze_latest=latest,
            suggestions=await self._suggestions(tx, mine) if Verb.ASSIGN_OWNER in verbs else (),
            verbs=verbs,
            as_of=first.as_of,
            shrunk=shrunk,
            digest_id=digest_id,
            leads=_leads(first) if reason in _WANT_LEADS else (),
            so_far=so_far(first, rows.recipients[first.id], rows.notices, person_id, rows.mail_only),
            last_call=any(n.recipient_id == person_id and n.kind is NoticeKind.LAST_CALL for n in rows.notices),
            why=mine.why if mine else "",
            snooze_ended=_snooze_ended(mine, rows.notices, items[0]),
        )

    @staticmethod
    def _my_place(rows: _Rows, person_id: str) -> Recipient | None:
        places = [rows.recipients[a.id][person_id] for a in rows.alerts if person_id in rows.recipients[a.id]]
        return next((p for p in places if p.on_route), places[0] if places else None)

    @staticmethod
    def _nomination_for(
        nominations: Sequence[Nomination], person_id: str, posted_at: datetime | None
    ) -> Nomination | None:
        """The nomination that this card should speak of: a pending one, else one that ended since it was posted."""
        pending = [n for n in nominations if n.pending]
        if pending:
            # Owners first; of them the one nearest to its end tells most.
            pending = [n for n in pending if n.kind is NominationKind.OWNER] or pending
            order = (NominationState.ASKED, NominationState.ACCEPTED, NominationState.APPROVED)
            return max(pending, key=lambda n: (order.index(n.state), n.changed_at))
        ended = [
            n
            for n in nominations
            if posted_at is not None
            and n.changed_at >= posted_at
            and n.nominee.id != person_id
            and n.kind is NominationKind.OWNER
        ]
        return max(ended, key=lambda n: n.changed_at, default=None)

    def _item(
        self,
        alert: Alert,
        recipients: Mapping[str, Recipient],
        person_id: str,
        nomination: Nomination | None,
        now: datetime,
        renewal: Renewal | None,
    ) -> AlertItem:
        mine = recipients.get(person_id)
        answer = alert.answer
        return AlertItem(
            alert_id=alert.id,
            version=alert.version,
            credential=alert.credential,
            days_left=days_left(alert.credential.end, now) if alert.credential.end else 0,
            state=card_state(alert, mine, person_id, nomination, now),
            successor=alert.successor,
            taken_by=answer.by if answer else None,
            taken_at=answer.at if answer else None,
            snoozed_until=mine.snoozed_until if mine and mine.snoozed_until and mine.snoozed_until > now else None,
            finding=renewal.findings.get(alert.id) if renewal else None,
            done_by=alert.done_by,
        )

    def _verbs(
        self, items: Sequence[AlertItem], mine: Recipient | None, role: Role, latest: datetime | None, *, owns: bool
    ) -> tuple[str, ...]:
        """What this person may press, judged by the most urgent credential; `owns`: an owner now, or an admin."""
        if mine is None and not owns:
            return ()
        state = items[0].state
        if state in (CardState.RENEWED, CardState.NOT_DUE, CardState.EXCLUDED, CardState.NOT_MINE):
            return (Verb.REFRESH,)
        if mine is not None and not mine.on_route and not owns:
            return (Verb.REFRESH,)
        verbs = [Verb.RENEWED, Verb.ASSIGN_OWNER]
        if state in (CardState.RETIRED, CardState.AUTOMATIC):
            by = items[0].taken_by
            back = role is Role.ADMIN or (by is not None and mine is not None and by.id == mine.person.id)
            verbs += [Verb.ACKNOWLEDGE, *([Verb.RELEASE] if back else []), Verb.REFRESH]
            return tuple(sorted(verbs, key=list(Verb).index))
        if state is not CardState.RETIRE_PROPOSED:
            verbs.append(Verb.RETIRE)
        if owns:
            verbs.append(Verb.AUTOMATIC)
        if state is not CardState.TAKEN_BY_YOU:
            verbs.append(Verb.ACKNOWLEDGE)
        else:
            verbs.append(Verb.RELEASE)
        if state is CardState.SNOOZED:
            verbs.append(Verb.RELEASE)
        elif mine is not None and latest is not None and self._offers(latest, self.clock()):
            verbs.append(Verb.SNOOZE)
        if mine is not None and not mine.stays:
            verbs.append(Verb.NOT_MINE)
        order = list(Verb)
        return tuple(sorted({*verbs, Verb.REFRESH}, key=order.index))

    def _offers(self, latest: datetime | None, now: datetime) -> tuple[int, ...]:
        """The two longest lengths that would be granted in full."""
        if latest is None:
            return ()
        fitting = [d for d in SNOOZE_OFFERS if d <= self.policy.snooze_max_days and now + d * DAY <= latest]
        return tuple(fitting[-2:])

    def _next_reminder(self, alert: Alert, mine: Recipient | None, now: datetime) -> datetime | None:
        if alert.closed_at is not None or mine is None or not mine.on_route:
            return None
        stage_at = next_stage_at(alert.credential, now, self.policy)
        if mine.snoozed_until is not None and mine.snoozed_until > now:
            return mine.snoozed_until
        end = alert.credential.end
        ahead = (stage_at, last_call_at(alert.credential, now, self.policy), end if end and end > now else None)
        return next((moment for moment in ahead if moment is not None), None)

    async def _suggestions(self, tx: Transaction, mine: Recipient | None) -> tuple[tuple[Person, int], ...]:
        """Colleagues of the previous owner who look after other apps already."""
        if mine is None or mine.reason is not RouteReason.PREVIOUS_OWNER_MANAGER:
            return ()
        found = []
        for person in await tx.people_managed_by(mine.person.id):
            if mine.on_behalf_of is not None and person.id == mine.on_behalf_of.id:
                continue
            apps = {r.application.object_id for r in await tx.snapshot_of_owner(person.id)}
            if apps:
                found.append((person, len(apps)))
        return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0].id))[:3])

    # ------------------------------------------------------------ nominations

    async def nomination(
        self, tx: Transaction, nomination: Nomination, person_id: str, role: NominationRole
    ) -> NominationView:
        """The nominee's or the approver's card as of now."""
        now = self.clock()
        alert = (await tx.alerts([nomination.alert_id])).get(nomination.alert_id)
        item = self._item(alert, {}, person_id, None, now, None) if alert and alert.closed_at is None else None
        person = (await tx.people([person_id])).get(person_id, stranger(person_id))
        involved = person_id in (nomination.nominator.id, nomination.nominee.id)
        verbs: list[str] = []
        if role is NominationRole.NOMINEE and nomination.state is NominationState.ASKED:
            verbs = [Verb.ACCEPT, Verb.DECLINE]
        if role is NominationRole.APPROVER and nomination.state is NominationState.ACCEPTED and not involved:
            verbs = [Verb.APPROVE, Verb.REJECT]
        return NominationView(
            nomination=nomination,
            role=role,
            recipient=nomination.nominee if role is NominationRole.NOMINEE else person,
            time_zone=await self.zone(tx, person_id),
            now=now,
            item=item,
            # By hand where nothing may write, and where nobody else is there to approve.
            by_hand=nomination.kind is NominationKind.OWNER
            and (not self.policy.owner_writes or (role is NominationRole.APPROVER and involved)),
            privileged=nomination.privileged,
            needs_approval=needs_approval(nomination, self.policy),
            alert_days=self.policy.alert_days,
            verbs=(*verbs, Verb.REFRESH),
        )

    # ------------------------------------------------------------ digests, mails, deliveries

    async def digest(
        self,
        tx: Transaction,
        digest_id: str,
        alert_ids: Sequence[str],
        person_id: str,
        *,
        mode: DigestMode = DigestMode.LIST,
        show_all: bool = False,
        notes: tuple[tuple[str, Mapping[str, str]], ...] = (),
    ) -> DigestView:
        """Many alerts for one person; those that no longer concern this person are left out."""
        now = self.clock()
        alerts = by_urgency((await tx.alerts(alert_ids)).values())
        places: dict[str, dict[str, Recipient]] = {alert.id: {} for alert in alerts}
        for recipient in await tx.recipients([alert.id for alert in alerts]):
            places[recipient.alert_id][recipient.person.id] = recipient
        mine = [(a, places[a.id][person_id]) for a in alerts if person_id in places[a.id]]
        people = await tx.people([person_id])
        nominations = {
            object_id: await tx.nominations_of_app(object_id)
            for object_id in dict.fromkeys(alert.application.object_id for alert, _ in mine)
        }
        items = tuple(
            DigestItem(
                application=alert.application,
                item=self._item(
                    alert,
                    places[alert.id],
                    person_id,
                    self._nomination_for(nominations[alert.application.object_id], person_id, None),
                    now,
                    None,
                ),
                leads=_leads(alert) if place.reason in _WANT_LEADS else (),
            )
            for alert, place in mine
        )
        reason = mine[0][1].reason if mine else RouteReason.OWNER
        leaver = await self._leaver(tx, digest_id, alert_ids, person_id)
        # Offered is what the tightest of them will be granted; each is then capped by its own rules.
        latest = min(
            (limit for alert, _ in mine if (limit := snooze_latest(alert.credential, now, self.policy))), default=None
        )
        offers = self._offers(latest, now)
        verbs = [Verb.ACKNOWLEDGE, *([Verb.SNOOZE] if offers else []), Verb.ASSIGN_OWNER, Verb.RETIRE]
        if reason is not RouteReason.FALLBACK:
            verbs.append(Verb.NOT_MINE)
        return DigestView(
            digest_id=digest_id,
            recipient=mine[0][1].person if mine else people.get(person_id, stranger(person_id)),
            time_zone=await self.zone(tx, person_id),
            now=now,
            reason=reason,
            verbs=tuple(verbs),
            snooze_days=offers,
            items=items,
            mode=mode,
            show_all=show_all,
            notes=notes,
            leaver=leaver,
        )

    @staticmethod
    async def _leaver(tx: Transaction, digest_id: str, alert_ids: Sequence[str], person_id: str) -> Person | None:
        """Whose apps a handover card hands over, None for other cards."""
        delivery = (await tx.deliveries([digest_id])).get(digest_id)
        if delivery is None or delivery.purpose is not DeliveryPurpose.HANDOVER:
            return None
        carried = set(delivery.notice_ids)
        about = next((n.about for n in await tx.notices(alert_ids) if n.id in carried), "")
        place = next(
            (p for p in await tx.recipients(alert_ids) if p.person.id == person_id and p.on_behalf_of is not None), None
        )
        recorded = place.on_behalf_of if place is not None and place.on_behalf_of is not None else stranger(about)
        return (await tx.people([about])).get(about, recorded) if about else None

    async def mail(self, tx: Transaction, delivery: Delivery, no_teams: bool) -> MailView:
        """All that one e-mail says: alerts by app, or a nomination, or a sentence."""
        person_id = delivery.recipient_id
        person = (await tx.people([person_id])).get(person_id, stranger(person_id))
        alerts: list[AlertView] = []
        nominations: tuple[NominationView, ...] = ()
        if delivery.nomination_id:
            nomination = await tx.nomination(delivery.nomination_id)
            if nomination is not None:
                approver = delivery.purpose is DeliveryPurpose.APPROVAL
                role = NominationRole.APPROVER if approver else NominationRole.NOMINEE
                nominations = (await self.nomination(tx, nomination, person_id, role),)
        else:
            by_app: dict[str, list[str]] = {}
            for alert in by_urgency((await tx.alerts(delivery.alert_ids)).values()):
                by_app.setdefault(alert.application.object_id, []).append(alert.id)
            for ids in by_app.values():
                view = await self.alert(tx, ids, person_id)
                if view is not None:
                    alerts.append(view)
        zone, locale = await self._place(tx, person_id)
        return MailView(
            recipient=alerts[0].recipient if alerts else person,
            time_zone=zone,
            now=self.clock(),
            locale=locale,
            alerts=tuple(alerts),
            nominations=nominations,
            infos=(Sentence(key=delivery.sentence, params=delivery.params),) if delivery.sentence else (),
            no_teams=no_teams,
        )

    async def held(self, tx: Transaction, person_id: str) -> HeldView:
        """What is held now, for an admin."""
        return await held_view(tx, self.gatekeeper, self.clock(), await self.zone(tx, person_id))

    @staticmethod
    async def _recalled(tx: Transaction, card: PostedCard) -> Sentence:
        """Calm, and asking for nothing."""
        alerts = (await tx.alerts(card.alert_ids)).values()
        names = {alert.application.object_id: alert.application.display_name for alert in alerts}
        if len(names) == 1:
            return Sentence(key="recalled_card", params={"app": next(iter(names.values()))})
        return Sentence(key="recalled_digest", params={"count": str(len(names))})

    async def of_card(self, tx: Transaction, card: PostedCard, role: Role = Role.MEMBER) -> View | None:
        """What a posted card should show now; None when its subject is gone."""
        if card.recalled:
            return await self._recalled(tx, card)
        if card.purpose is DeliveryPurpose.HELD:
            return await self.held(tx, card.recipient_id)
        if card.purpose in (DeliveryPurpose.DIGEST, DeliveryPurpose.HANDOVER):
            return await self.digest(tx, card.delivery_id, card.alert_ids, card.recipient_id)
        if card.purpose in (DeliveryPurpose.NOMINEE, DeliveryPurpose.APPROVAL):
            nomination = await tx.nomination(card.nomination_id)
            if nomination is None:
                return None
            approver = card.purpose is DeliveryPurpose.APPROVAL
            return await self.nomination(
                tx, nomination, card.recipient_id, NominationRole.APPROVER if approver else NominationRole.NOMINEE
            )
        if not card.alert_ids:
            return None
        return await self.alert(
            tx, card.alert_ids, card.recipient_id, role=role, posted_at=card.posted_at, shrunk=not card.current
        )


def _snooze_ended(mine: Recipient | None, notices: Sequence[Notice], first: AlertItem) -> datetime | None:
    """When the reader's snooze ended, if that is why this card speaks to them: the message of the end itself included."""
    ended = mine.snooze_ended_at if mine is not None else None
    if mine is None or ended is None or first.state is not CardState.OPEN:
        return None
    told_since = any(n.recipient_id == mine.person.id and n.created_at > ended + SAME_RUN for n in notices)
    return None if told_since else ended


async def _owns(tx: Transaction, alert: Alert, person_id: str) -> bool:
    """Whether somebody is an owner of the alert's app by the last snapshot."""
    owners = owners_of(await tx.snapshot_of_apps([alert.application.object_id]))
    return any(owner.id == person_id and owner.counts for owner in owners)


def card_state(
    alert: Alert, mine: Recipient | None, person_id: str, nomination: Nomination | None, now: datetime
) -> CardState:
    """The form of the card for one person; the first that fits."""
    if alert.state is AlertState.RESOLVED and alert.closed_reason == NOT_DUE:
        return CardState.NOT_DUE
    fixed = {
        AlertState.RESOLVED: CardState.RENEWED,
        AlertState.EXCLUDED: CardState.EXCLUDED,
        AlertState.EXPIRED: CardState.EXPIRED,
        AlertState.SUPERSEDED: CardState.SUPERSEDED,
    }.get(alert.state)
    if fixed is not None:
        return fixed
    if mine is not None and mine.off_reason == "notMine":
        return CardState.NOT_MINE
    if nomination is not None and nomination.state is NominationState.ASSIGNED:
        return CardState.ASSIGNED
    if alert.credential.end is not None and alert.credential.end <= now:
        return CardState.EXPIRED
    if alert.answer is not None and alert.answer.kind in _ANSWERED:
        return _ANSWERED[alert.answer.kind]
    if nomination is not None and nomination.kind is NominationKind.RETIRE and nomination.pending:
        return CardState.RETIRE_PROPOSED
    if nomination is not None and nomination.state in _WAITING and nomination.nominee.id != person_id:
        return _WAITING[nomination.state]
    if alert.answer is not None and alert.answer.kind is AnswerKind.ACKNOWLEDGED:
        return CardState.TAKEN_BY_YOU if alert.answer.by.id == person_id else CardState.TAKEN_BY_OTHER
    if mine is not None and mine.snoozed_until is not None and mine.snoozed_until > now:
        return CardState.SNOOZED
    return CardState.OPEN


def _leads(alert: Alert) -> tuple[tuple[str, str], ...]:
    """What may help somebody who knows nothing of the app to find out whose it is."""
    app = alert.application
    leads = [
        ("serviceManagementReference", app.service_management_reference),
        ("notificationEmails", ", ".join(app.notification_emails)),
        ("notes", app.notes),
    ]
    return tuple((key, value) for key, value in leads if value)


__all__ = ["SNOOZE_OFFERS", "Viewer", "by_urgency", "card_state", "stranger"]
