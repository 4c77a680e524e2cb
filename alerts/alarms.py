"""Tells the admins what is wrong with Steward, on a channel that is not what broke; one card per problem, kept true.

Alarms do not ride on the outbox: they go out while sending is held, paused, or stopped because of the clock, and
while the workers' rows are what is in trouble. Which cards stand where is kept in one stored value, written before
each call and after it: a process that dies in between repeats that one alarm once.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from alerts.errors import DeliveryError, Outcome
from alerts.messages import new_id
from alerts.model import Channel, DeliveryPurpose, Person, PostedCard
from alerts.ports import Clock, MailChannel, Store, TeamsChannel, Transaction
from alerts.problems import AuditReport, ProblemKind, said_key, to_do_key
from alerts.roles import Roles
from alerts.views import AlarmView, MailView, Sentence

log = logging.getLogger(__name__)

#: Name of the stored alarms.
ALARMS = "alarms"
#: What did not arrive is tried again with each look, for some ten days.
MAX_TRIES = 1000

#: What each problem must not be told by, where that can be helped.
BROKEN: Mapping[ProblemKind, Channel] = {
    ProblemKind.TEAMS_FAILING: Channel.TEAMS,
    ProblemKind.MAIL_FAILING: Channel.EMAIL,
    # E-mail goes through Graph.
    ProblemKind.SCAN_FAILED: Channel.EMAIL,
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One person who has been told, or is to be told, of one problem."""

    person_id: str
    #: '' not told yet.
    channel: str = ""
    conversation_id: str = ""
    service_url: str = ""
    activity_id: str = ""
    tries: int = 0
    #: True while a send is under way.
    sending: bool = False
    #: What the card says: a figure that changes brings it up to date.
    shows: str = ""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One problem as the admins know it."""

    kind: str
    since: str
    params: Mapping[str, str] = field(default_factory=dict)
    over_at: str = ""
    told: tuple[Told, ...] = ()


def order_of(kind: ProblemKind, teams: bool, mail: bool) -> tuple[Channel, ...]:
    """Pure: the channels to try, the one that is in trouble last; Teams first where both are well."""
    there = [channel for channel, ok in ((Channel.TEAMS, teams), (Channel.EMAIL, mail)) if ok]
    return tuple(sorted(there, key=lambda channel: channel is BROKEN.get(kind)))


@dataclass(kw_only=True)
class Alarms:
    """Brings the admins' cards in line with the auditor's report."""

    store: Store
    clock: Clock
    roles: Roles
    teams: TeamsChannel | None
    mail: MailChannel | None
    time_zone: str = "UTC"
    #: When the next scan is due, for "I try again at"; None unknown.
    next_scan: Callable[[], datetime | None] = lambda: None

    async def tell(self, report: AuditReport) -> int:
        """Post new alarms, update standing ones, end those that are over; returns how many messages went out."""
        alarms = await self._stored()
        present = {str(problem.kind): problem for problem in report.problems}
        for kind, problem in present.items():
            known = alarms.get(kind)
            if known is None:
                alarms[kind] = Alarm(kind=kind, since=problem.since.isoformat(), params=dict(problem.params))
            else:
                alarms[kind] = replace(known, params=dict(problem.params), over_at="")
        for kind, alarm in alarms.items():
            if kind not in present and not alarm.over_at:
                alarms[kind] = replace(alarm, over_at=report.at.isoformat())
        people = await self.roles.admins() or await self.roles.fallback()
        sent = 0
        for kind in list(alarms):
            sent += await self._bring_up_to_date(alarms, kind, people)
        done = [kind for kind, alarm in alarms.items() if alarm.over_at and all(map(_settled, alarm.told))]
        for kind in done:
            del alarms[kind]
        await self._keep(alarms)
        return sent

    async def _bring_up_to_date(self, alarms: dict[str, Alarm], kind: str, people: Sequence[Person]) -> int:
        alarm = alarms[kind]
        told = {each.person_id: each for each in alarm.told}
        if not alarm.over_at:
            told = {person.id: told.get(person.id, Told(person_id=person.id)) for person in people} | told
        by_id = {person.id: person for person in people}
        sent = 0
        for person_id in list(told):
            person, place = by_id.get(person_id), told[person_id]
            if person is None or not self._wanted(alarm, place):
                continue
            told[person_id] = replace(place, sending=True, tries=place.tries + 1)
            alarms[kind] = alarm = replace(alarm, told=tuple(told.values()))
            await self._keep(alarms)
            told[person_id] = await self._send(alarm, told[person_id], person)
            sent += not told[person_id].sending
            alarms[kind] = alarm = replace(alarm, told=tuple(told.values()))
            await self._keep(alarms)
        alarms[kind] = replace(alarm, told=tuple(told.values()))
        return sent

    @staticmethod
    def _wanted(alarm: Alarm, place: Told) -> bool:
        """New, or shown otherwise than it is now; what nobody was told of need not be called over."""
        if not place.channel:
            return not alarm.over_at and place.tries < MAX_TRIES
        if place.channel == Channel.EMAIL:
            # An e-mail cannot be changed: one more says that it is over, figures alone make none.
            return bool(alarm.over_at) and place.shows != _shows(alarm) and place.tries < MAX_TRIES
        return place.shows != _shows(alarm) and place.tries < MAX_TRIES

    async def _send(self, alarm: Alarm, place: Told, person: Person) -> Told:
        """What became of one alarm for one person."""
        view = await self._view(alarm, person)
        if place.channel == Channel.TEAMS and place.activity_id and self.teams is not None:
            try:
                await self.teams.update(self._card(place, alarm), view)
                return replace(place, sending=False, shows=_shows(alarm), tries=0)
            except DeliveryError as error:
                log.warning("an alarm's card could not be brought up to date: %s", error)
                return place
        for channel in order_of(ProblemKind(alarm.kind), self.teams is not None, self.mail is not None):
            if place.channel and place.channel != channel:
                continue
            try:
                return await self._send_by(channel, alarm, place, person, view)
            except DeliveryError as error:
                log.warning("an alarm could not be told by %s: %s", channel, error)
        return place

    async def _send_by(self, channel: Channel, alarm: Alarm, place: Told, person: Person, view: AlarmView) -> Told:
        told = replace(place, channel=str(channel), sending=False, shows=_shows(alarm), tries=0)
        if channel is Channel.EMAIL and self.mail is not None:
            await self.mail.send(
                MailView(recipient=person, time_zone=view.time_zone, now=view.now, infos=_in_a_mail(view))
            )
            return told
        assert self.teams is not None  # noqa: S101 - order_of names only what is there
        if self.teams is None:
            raise DeliveryError("Teams is not configured", outcome=Outcome.UNREACHABLE, code="noTeams")
        card = await self.teams.send(person, view)
        return replace(
            told,
            conversation_id=card.conversation_id,
            service_url=card.service_url,
            activity_id=card.activity_id,
        )

    async def _view(self, alarm: Alarm, person: Person) -> AlarmView:
        async with self.store.reading() as tx:
            known = (await tx.conversations([person.id])).get(person.id)
        return AlarmView(
            kind=alarm.kind,
            params=alarm.params,
            since=datetime.fromisoformat(alarm.since),
            over_at=datetime.fromisoformat(alarm.over_at) if alarm.over_at else None,
            now=self.clock(),
            time_zone=(known.time_zone if known else "") or self.time_zone,
            next_scan=self.next_scan(),
        )

    def _card(self, place: Told, alarm: Alarm) -> PostedCard:
        return PostedCard(
            id=new_id(),
            delivery_id="",
            purpose=DeliveryPurpose.INFO,
            recipient_id=place.person_id,
            conversation_id=place.conversation_id,
            service_url=place.service_url,
            activity_id=place.activity_id,
            posted_at=datetime.fromisoformat(alarm.since),
        )

    async def _stored(self) -> dict[str, Alarm]:
        async with self.store.reading() as tx:
            return await stored_alarms(tx)

    async def _keep(self, alarms: Mapping[str, Alarm]) -> None:
        async with self.store.transaction() as tx:
            await tx.set_value(ALARMS, json.dumps([asdict(alarm) for alarm in alarms.values()]))


async def stored_alarms(tx: Transaction) -> dict[str, Alarm]:
    """Kind -> alarm; a kind that this version does not know is left alone no longer."""
    known = set(ProblemKind)
    found = {}
    for each in json.loads(await tx.value(ALARMS) or "[]"):
        if each["kind"] in known:
            found[each["kind"]] = Alarm(**{**each, "told": tuple(Told(**told) for told in each["told"])})
    return found


def _shows(alarm: Alarm) -> str:
    return json.dumps([alarm.over_at, sorted(alarm.params.items())])


def _settled(place: Told) -> bool:
    """Whether this person need not be written to any more, once the problem is over."""
    return not place.channel or place.tries >= MAX_TRIES or (not place.sending and _says_over(place))


def _says_over(place: Told) -> bool:
    return bool(place.shows) and json.loads(place.shows)[0] != ""


def _in_a_mail(view: AlarmView) -> tuple[Sentence, ...]:
    times = {"since": view.since.isoformat(), "zone": view.time_zone}
    problem = Sentence(key=said_key(view.kind), params={**view.params, **times})
    if view.over_at is None:
        return (problem, Sentence(key=to_do_key(view.kind)))
    return (Sentence(key="alarm.over.mail", params={**times, "until": view.over_at.isoformat()}), problem)


__all__ = ["ALARMS", "Alarm", "Alarms", "order_of", "stored_alarms"]
