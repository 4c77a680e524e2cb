"""Pure: what one scan means for one credential's alert, and who must now be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.events import alert_event, snooze_ended
from alerts.last_call import also_called, fallback_hears, is_last_call
from alerts.model import (
    Alert,
    AlertState,
    AnswerKind,
    ApplicationType,
    Credential,
    CredentialRecord,
    CredentialUsage,
    Event,
    EventType,
    Exclusion,
    Person,
    Policy,
    Recipient,
    Route,
)
from alerts.silence import Silence, beside
from alerts.stages import alert_type, crossed_stage, long_expired, successor
from alerts.wanted import Standing, Wanted, wanted_notice

#: Tenants of Microsoft's own apps: their credentials are not the customer's to renew (design 3, rule 1).
MICROSOFT_TENANTS = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})

#: Begins `excluded_reason` where an admin has said so; the admin's words follow.
BY_ADMIN = "byAdmin"

#: Why a credential is excluded whose enterprise app is switched off.
ENTERPRISE_APP_DISABLED = "enterpriseAppDisabled"


@dataclass(kw_only=True, slots=True)
class Judged:
    """The alert as it stands after the scan, with everything that changed."""

    alert: Alert
    #: Whether it is new or differs from what is stored in a way that people see.
    visible_change: bool
    recipients: list[Recipient] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def exclusion(record: CredentialRecord, disabled_app_ids: frozenset[str], by_admin: Exclusion | None = None) -> str:
    """Why this credential is not alerted: an admin says so, or the app by itself; '' if it is alerted."""
    app = record.application
    if by_admin is not None:
        return f"{BY_ADMIN}: {by_admin.reason}"
    if app.type is ApplicationType.ENTERPRISE_APP and app.owner_organization_id in MICROSOFT_TENANTS:
        return "ownedByMicrosoft"
    if not app.enabled or app.app_id in disabled_app_ids:
        return ENTERPRISE_APP_DISABLED
    return ""


def state_of(
    record: CredentialRecord,
    siblings: Sequence[Credential],
    disabled_app_ids: frozenset[str],
    now: datetime,
    by_admin: Exclusion | None = None,
) -> tuple[AlertState, str, Credential | None]:
    """(state, excluded reason, successor) of a due credential; the first that fits, as in the ledger."""
    if reason := exclusion(record, disabled_app_ids, by_admin):
        return AlertState.EXCLUDED, reason, None
    newer = successor(record.credential, tuple(siblings))
    if long_expired(record.credential, now):
        return AlertState.EXPIRED, "", newer
    if newer is not None:
        return AlertState.SUPERSEDED, "", newer
    if record.credential.usage is CredentialUsage.SAML_INACTIVE:
        # Nothing is signed with it: it can expire without anybody noticing.
        return AlertState.EXCLUDED, "samlInactive", None
    return AlertState.OPEN, "", None


def place_people(route: Route, standing: Standing, alert_id: str, people: Mapping[str, Person]) -> list[Recipient]:
    """Everybody's place after the route was decided anew; people it no longer leads to stay, off route.

    Who was told beside the route stays on it for as long as the account is enabled.
    """
    placed: dict[str, Recipient] = {}
    off = standing.off
    for step in route.steps:
        known = standing.recipients.get(step.person.id)
        fresh = Recipient(
            alert_id=alert_id,
            person=step.person,
            reason=step.reason,
            proof=step.proof,
            on_behalf_of=step.on_behalf_of,
            why=step.why,
        )
        if known is not None:
            fresh = replace(
                fresh,
                snoozed_until=known.snoozed_until,
                snoozed_at=known.snoozed_at,
                seen_at=known.seen_at,
                off_reason=off.get(step.person.id, ""),
            )
        placed[step.person.id] = fresh
    for person_id, known in standing.recipients.items():
        if person_id in placed:
            continue
        known = replace(known, off_reason=off.get(person_id, ""))
        now = people.get(person_id, known.person)
        if known.beside and known.on_route and not known.off_reason and now.counts:
            placed[person_id] = replace(known, person=now)
        else:
            # A snooze ends when its author leaves the route: the others must not rely on it.
            placed[person_id] = replace(known, on_route=False, snoozed_until=None, snoozed_at=None)
    return list(placed.values())


def answer_lapses(
    alert: Alert, recipients: Sequence[Recipient], people: Mapping[str, Person], *, complete: bool
) -> bool:
    """Whether the promise's author is disabled, gone, or has left the route.

    Other answers are no promise to do something: they stand until they are taken back.
    """
    if alert.answer is None or alert.answer.kind is not AnswerKind.ACKNOWLEDGED:
        return False
    author = people.get(alert.answer.by.id, None if complete else alert.answer.by)
    if author is None or not author.counts:
        return True
    return any(r.person.id == author.id and not r.on_route for r in recipients)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges one alert after another against one scan."""

    policy: Policy
    now: datetime
    run_id: str
    #: Everybody's account as known now.
    people: Mapping[str, Person]
    disabled_app_ids: frozenset[str] = frozenset()
    #: Object id -> the exclusion that an admin has set and that is still in force.
    exclusions: Mapping[str, Exclusion] = field(default_factory=dict)
    #: Whether everybody who was asked for is in `people`: then one who is absent is gone.
    complete: bool = False
    #: When the scan before this one was judged, None on the first.
    judged_before: datetime | None = None
    #: Nothing was read: the last records are judged anew, and stay as old or as new as they were.
    anew: bool = False
    #: Who is told when nobody else can be, and of every last call.
    fallback: tuple[Person, ...] = ()

    def judge(
        self,
        record: CredentialRecord,
        siblings: Sequence[Credential],
        route: Route,
        standing: Standing,
        new_id: str,
        owner_ids: tuple[str, ...] = (),
    ) -> Judged:
        """What this scan means for one due credential.

        Args:
            record: as read in this scan, or the last known one with today's date.
            siblings: all credentials of the same app.
            route: decided from the same scan, without people who are off this alert.
            standing: what is stored; `alert` None when it is newly due.
            new_id: id of the alert if it is new.
            owner_ids: the app's counting owners, ascending.
        """
        by_admin = self.exclusions.get(record.application.object_id)
        state, excluded, newer = state_of(record, siblings, self.disabled_app_ids, self.now, by_admin)
        stage = crossed_stage(record.credential, self.now, self.policy)
        old = standing.alert
        alert = Alert(
            id=old.id if old else new_id,
            version=old.version if old else 1,
            tenant_id=record.tenant_id,
            application=record.application,
            credential=record.credential,
            state=state,
            path=route.path,
            stage=stage,
            opened_at=old.opened_at if old else self.now,
            changed_at=old.changed_at if old else self.now,
            state_since=old.state_since if old and old.state is state else self.now,
            excluded_reason=excluded,
            excluded_until=by_admin.until if by_admin is not None else None,
            successor=newer,
            answer=old.answer if old else None,
            as_of=self._as_of(record, old),
            run_id=old.run_id if old else self.run_id,
            done_by=old.done_by if old and state is AlertState.SUPERSEDED else "",
            owner_ids=owner_ids,
        )
        recipients = place_people(route, standing, alert.id, self.people)
        events: list[Event] = []
        if answer_lapses(alert, recipients, self.people, complete=self.complete):
            author = alert.answer.by if alert.answer else None
            events.append(
                alert_event(
                    EventType.ANSWER_TAKEN_BACK,
                    alert,
                    self.now,
                    self.run_id,
                    actor=author,
                    reason="lapsed",
                    run_id=self.run_id,
                )
            )
            alert = replace(alert, answer=None)
        judged = Judged(alert=alert, visible_change=False, recipients=recipients, events=events)
        self._tell_beside(judged, standing)
        self._tell(judged, standing)
        self._note_changes(judged, standing)
        return judged

    def _as_of(self, record: CredentialRecord, old: Alert | None) -> datetime | None:
        if self.anew:
            return old.as_of if old else None
        return None if record.run_id == self.run_id else record.scan_date

    def _tell_beside(self, judged: Judged, standing: Standing) -> None:
        """Add who is told beside the route: a manager of silence, the fallback of the last call."""
        alert = judged.alert
        silence = Silence(
            policy=self.policy, now=self.now, run_id=self.run_id, people=self.people, fallback=self.fallback
        )
        places, events = silence.broken(alert, judged.recipients, standing.told, nominated=standing.nominated)
        if fallback_hears(alert, self.now, self.policy):
            places += beside(alert, also_called([*judged.recipients, *places], self.fallback), judged.recipients)
        if is_last_call(alert, self.now, self.policy):
            events.append(alert_event(EventType.LAST_CALL, alert, self.now, run_id=self.run_id))
        fresh = {place.person.id for place in places}
        judged.recipients = [place for place in judged.recipients if place.person.id not in fresh] + places
        judged.events.extend(events)

    def _tell(self, judged: Judged, standing: Standing) -> None:
        """Fill in the wanted notices, and end the snoozes that are over."""
        for number, recipient in enumerate(judged.recipients):
            wanted = wanted_notice(judged.alert, recipient, standing.told, self.now, self.policy)
            # A notice that breaks through ends the snooze: the last stage, or the expiry.
            if recipient.snoozed_until is not None and (wanted is not None or recipient.snoozed_until <= self.now):
                judged.events.append(snooze_ended(judged.alert, recipient, self.now, run_id=self.run_id))
                recipient = replace(recipient, snoozed_until=None, snoozed_at=None, snooze_ended_at=self.now)
                judged.recipients[number] = recipient
            if wanted is not None:
                judged.wanted.append(Wanted(recipient=recipient, stage=wanted[0], kind=wanted[1]))
            known = standing.recipients.get(recipient.person.id)
            if known is not None and known.snoozed_until is not None and not recipient.on_route:
                judged.events.append(
                    snooze_ended(judged.alert, known, self.now, run_id=self.run_id, reason="leftTheRoute")
                )

    @staticmethod
    def _places_changed(judged: Judged, standing: Standing) -> bool:
        """Whether somebody who holds a card came back to the route or left it."""
        now = {place.person.id: (place.on_route, place.off_reason) for place in judged.recipients}
        return any(now.get(i) != (p.on_route, p.off_reason) for i, p in standing.recipients.items())

    def _note_changes(self, judged: Judged, standing: Standing) -> None:
        """Say by events what is new, and stamp the alert when people would see a difference."""
        alert, old = judged.alert, standing.alert
        stage_name = alert_type(alert.credential, alert.stage, self.policy)
        if alert.state is AlertState.OPEN and alert.stage is not None and (old is None or old.stage != alert.stage):
            judged.events.append(
                alert_event(
                    EventType.ALERT_RAISED, alert, self.now, alert.stage, alert_type=stage_name, run_id=self.run_id
                )
            )
        if old is None or old.state is not alert.state:
            judged.events.extend(self._state_events(alert, old))
        expired = self._just_expired(alert)
        if expired and alert.state is not AlertState.EXCLUDED:
            judged.events.append(alert_event(EventType.CREDENTIAL_EXPIRED, alert, self.now, run_id=self.run_id))
        judged.visible_change = old is not None and (
            expired
            or self._places_changed(judged, standing)
            or (old.state, old.excluded_until, old.successor, old.answer, old.path, old.as_of)
            != (alert.state, alert.excluded_until, alert.successor, alert.answer, alert.path, alert.as_of)
        )
        if old is None or judged.visible_change or old.stage != alert.stage:
            judged.alert = replace(alert, changed_at=self.now, run_id=self.run_id)

    def _just_expired(self, alert: Alert) -> bool:
        """Whether its end passed since the scan before this one."""
        end = alert.credential.end
        if end is None or end > self.now:
            return False
        if self.judged_before is None:
            return not long_expired(alert.credential, self.now)
        return self.judged_before < end

    def _state_events(self, alert: Alert, old: Alert | None) -> list[Event]:
        if alert.state is AlertState.SUPERSEDED and alert.successor is not None:
            key = alert.successor.key_id
            return [
                alert_event(EventType.SUPERSEDED, alert, self.now, key, run_id=self.run_id, details={"by": key}),
                alert_event(
                    EventType.CREDENTIAL_RENEWED, alert, self.now, key, run_id=self.run_id, details={"by": key}
                ),
            ]
        if alert.state is AlertState.EXCLUDED:
            return [
                alert_event(
                    EventType.EXCLUDED, alert, self.now, self.run_id, reason=alert.excluded_reason, run_id=self.run_id
                )
            ]
        if old is not None and old.state is AlertState.EXCLUDED:
            if old.excluded_until is not None:
                # What an admin has set is one event for the whole app.
                return []
            return [alert_event(EventType.EXCLUSION_ENDED, alert, self.now, self.run_id, run_id=self.run_id)]
        if old is not None and old.state is AlertState.SUPERSEDED:
            return [alert_event(EventType.REOPENED, alert, self.now, self.run_id, run_id=self.run_id)]
        return []
