"""Leavers' apps to their managers: one card with all of them, once the leaver is gone for good (design 3, rule 11)."""

import json
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.events import alert_event
from alerts.judge import Judged
from alerts.leavers import Leaver, Memory, Orphan, by_manager, departing, find_leavers, scans_without, too_many
from alerts.material import Key
from alerts.messages import new_id
from alerts.model import (
    Alert,
    AlertState,
    Credential,
    CredentialRecord,
    EscalationPath,
    EventType,
    NoticeKind,
    Person,
    Policy,
    Recipient,
    RouteReason,
    ScanRun,
)
from alerts.questions import Question, QuestionState
from alerts.wanted import Wanted

log = logging.getLogger(__name__)

#: Store value: what `Memory` holds, as JSON.
MEMORY = "leavers"
#: A handover is no stage.
NO_STAGE = 0


def memory_of(text: str | None) -> Memory:
    """What the last complete scan remembered; nothing before the first."""
    if not text:
        return Memory()
    kept = json.loads(text)
    return Memory(
        since=datetime.fromisoformat(kept["since"]),
        owners=frozenset(kept["owners"].split()),
        held=kept["held"],
        settled=frozenset(kept["settled"]),
    )


def text_of(memory: Memory) -> str:
    """As it is stored; ids hold no spaces."""
    return json.dumps(
        {
            "since": memory.since.isoformat() if memory.since else "",
            "owners": " ".join(sorted(memory.owners)),
            "held": dict(memory.held),
            "settled": sorted(memory.settled),
        }
    )


@dataclass(kw_only=True)
class HandedOver:
    """What one complete scan decides about leavers."""

    memory: Memory
    #: Alerts that carry a handover and are judged by nobody else: their credentials are not due yet.
    judged: list[Judged] = field(default_factory=list)
    #: What the admins are asked, None mostly.
    question: Question | None = None


@dataclass(frozen=True, kw_only=True)
class HandingOver:
    """Decides about the leavers of one complete scan."""

    policy: Policy
    now: datetime
    run_id: str
    people: Mapping[str, Person]
    fallback: Sequence[Person]
    #: Newest first; the scan that is being decided is not among them.
    runs: Sequence[ScanRun]
    #: Object id -> what has an admin answered about whom, by question id.
    questions: Mapping[str, Question]

    def decide(
        self,
        memory: Memory,
        orphans: Sequence[Orphan],
        owners: frozenset[str],
        due: Mapping[Key, Judged],
        unclosed: Mapping[Key, Alert],
        former: Collection[str],
    ) -> HandedOver:
        """Who is handed over now, who is held, and what is remembered.

        Args:
            memory: of the last complete scan.
            orphans: apps without a counting owner; those of which a former owner's account is enabled may be left out.
            owners: ids of all counting owners.
            due: the judged alerts of due credentials; a handover adds to them.
            unclosed: all alerts that are not closed.
            former: ids of former owners of ownerless apps of whom nothing is known.
        """
        gone = set(former) - self.people.keys()
        left = departing(memory.owners, owners, self.people, gone)
        leavers = find_leavers(orphans, self.people, memory.since)
        held = {i: question for i, question in memory.held.items() if i in leavers or i in left}
        settled = memory.settled & leavers.keys()
        question = None
        if too_many(len(left), len(memory.owners)):
            question = Question(
                id=new_id(), kind="leavers", asked_at=self.now, people=tuple(sorted(left)), of=len(memory.owners)
            )
            held |= dict.fromkeys(left, question.id)
            log.warning("%s of %s owners depart in one scan: held for an admin", len(left), len(memory.owners))
        result = HandedOver(memory=memory, question=question)
        by_app: dict[str, list[Judged]] = defaultdict(list)
        for (object_id, _), judged in due.items():
            by_app[object_id].append(judged)
        for person_id, leaver in sorted(leavers.items()):
            state = self._answer(held.get(person_id))
            if state is QuestionState.NO:
                settled |= {person_id}
            ripe = scans_without(leaver, self.runs, self.now) >= self.policy.leaver_grace_days
            if ripe and person_id not in settled and state is QuestionState.YES:
                self._hand_over(leaver, by_app, unclosed, result)
        result.memory = Memory(since=memory.since or self.now, owners=owners, held=held, settled=frozenset(settled))
        return result

    def _answer(self, question_id: str | None) -> QuestionState:
        """YES where nothing is held."""
        if question_id is None:
            return QuestionState.YES
        question = self.questions.get(question_id)
        return question.state if question is not None else QuestionState.OPEN

    def _hand_over(
        self,
        leaver: Leaver,
        by_app: Mapping[str, Sequence[Judged]],
        unclosed: Mapping[Key, Alert],
        result: HandedOver,
    ) -> None:
        manager = by_manager(leaver, self.people, self.policy.skip_users)
        told = [manager] if manager is not None else [person for person in self.fallback if person.counts]
        reason = RouteReason.PREVIOUS_OWNER_MANAGER if manager is not None else RouteReason.FALLBACK
        for orphan in leaver.apps:
            judged = self._about(orphan, by_app, unclosed, result)
            if judged is None:
                continue
            for person in told:
                self._tell(judged, person, reason, leaver)

    def _about(
        self,
        orphan: Orphan,
        by_app: Mapping[str, Sequence[Judged]],
        unclosed: Mapping[Key, Alert],
        result: HandedOver,
    ) -> Judged | None:
        """The app's most urgent alert; one that waits for its day where nothing of the app is due."""
        own = by_app.get(orphan.record.application.object_id, ())
        answerable = [j for j in own if j.alert.state in (AlertState.OPEN, AlertState.SUPERSEDED)]
        if answerable:
            return min(answerable, key=lambda j: (j.alert.state is not AlertState.OPEN, _end(j.alert.credential)))
        if own:
            return None
        # Two who left together may have owned one app: both handovers stand on the same alert.
        if (made := next((j for j in result.judged if j.alert.key == orphan.record.key), None)) is not None:
            return made
        known = unclosed.get(orphan.record.key)
        same = known is not None and known.credential.end == orphan.record.credential.end
        alert = known if same and known is not None else _ahead(orphan.record, self.now, self.run_id)
        result.judged.append(Judged(alert=alert, visible_change=False))
        return result.judged[-1]

    def _tell(self, judged: Judged, person: Person, reason: RouteReason, leaver: Leaver) -> None:
        places = {place.person.id: place for place in judged.recipients}
        place = places.get(person.id)
        if place is None or not place.on_route:
            if place is not None and place.off_reason:
                return
            place = Recipient(
                alert_id=judged.alert.id, person=person, reason=reason, proof=leaver.seen, on_behalf_of=leaver.person
            )
            judged.recipients = [p for p in judged.recipients if p.person.id != person.id] + [place]
        about = leaver.person.id
        judged.wanted.append(Wanted(recipient=place, stage=NO_STAGE, kind=NoticeKind.HANDOVER, about=about))
        judged.events.append(
            alert_event(
                EventType.HANDED_OVER,
                judged.alert,
                self.now,
                person.id,
                about,
                recipient=person,
                run_id=self.run_id,
                details={"from": about},
            )
        )


def _end(credential: Credential) -> float:
    return credential.end.timestamp() if credential.end else float("inf")


def _ahead(record: CredentialRecord, now: datetime, run_id: str) -> Alert:
    return Alert(
        id=new_id(),
        tenant_id=record.tenant_id,
        application=record.application,
        credential=record.credential,
        state=AlertState.AHEAD,
        path=EscalationPath.PREVIOUS_OWNER_MANAGER,
        opened_at=now,
        changed_at=now,
        state_since=now,
        run_id=run_id,
        owner_ids=(),
    )


def settled_by(memory: Memory, about: frozenset[str]) -> Memory:
    """The same memory, once the handovers of these leavers are on their way."""
    return replace(memory, settled=memory.settled | about)
