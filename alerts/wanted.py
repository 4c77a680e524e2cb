"""Pure: who must now be told what about one alert, and whether a message that waits is still wanted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.last_call import is_last_call
from alerts.model import (
    ANSWERABLE,
    Alert,
    AlertState,
    AnswerKind,
    CredentialUsage,
    Notice,
    NoticeKind,
    Policy,
    Recipient,
    RouteReason,
)
from alerts.stages import days_left, last_stage, snooze_covers

#: (stage, recipient id, kind) of a notice -> when it was last put on its way.
Told = Mapping[tuple[int, str, NoticeKind], datetime]

#: Notices that tell the stage at which they are given, too: who got one needs no other about that stage.
_TELL_THE_STAGE = (NoticeKind.STAGE, NoticeKind.ESCALATION, NoticeKind.LAST_CALL)


#: Told beside the route, because those on it did not answer.
_ESCALATED = (RouteReason.SILENCE, RouteReason.NOMINATION_EXPIRED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One notice that must go out: to whom, about which stage, of which kind."""

    recipient: Recipient
    #: Days before expiry; 0 for kind expired.
    stage: int
    kind: NoticeKind
    #: HANDOVER: id of the leaver.
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is stored about one alert before it is judged."""

    alert: Alert | None = None
    #: person id -> place on the route.
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    #: Every notice so far that was said or waits to be said.
    told: Told = field(default_factory=dict)
    #: Whether somebody is asked to take the app over.
    nominated: bool = False
    #: New owners: whoever was off this alert may be asked again.
    owners_changed: bool = False

    @property
    def off(self) -> dict[str, str]:
        """person id -> why they are off this alert."""
        if self.owners_changed:
            return {}
        return {i: place.off_reason for i, place in self.recipients.items() if place.off_reason}


def wanted_notice(
    alert: Alert, recipient: Recipient, told: Told, now: datetime, policy: Policy
) -> tuple[int, NoticeKind] | None:
    """(stage, kind) of the notice this person must get now, None for none."""
    credential, person_id = alert.credential, recipient.person.id
    if not recipient.on_route or credential.end is None:
        return None
    own = {(stage, kind) for stage, who, kind in told if who == person_id}
    if alert.state is AlertState.SUPERSEDED:
        return _calm_notice(alert, recipient, {stage for stage, kind in own if kind in _TELL_THE_STAGE}, now, policy)
    if alert.state is not AlertState.OPEN or _answered(alert, AnswerKind.RETIRED):
        return None
    kinds = {kind for _, kind in own}
    if credential.end <= now:
        return None if NoticeKind.EXPIRED in kinds else (0, NoticeKind.EXPIRED)
    stage = alert.stage
    if stage is None:
        return None
    if is_last_call(alert, now, policy) and NoticeKind.LAST_CALL not in kinds:
        return stage, NoticeKind.LAST_CALL
    if recipient.reason in _ESCALATED and not kinds & {NoticeKind.ESCALATION, NoticeKind.LAST_CALL}:
        return stage, NoticeKind.ESCALATION
    if _quiet(alert, recipient, stage, now, policy):
        return None
    stages = {given for given, kind in own if kind in _TELL_THE_STAGE}
    if stage not in stages:
        return stage, NoticeKind.STAGE
    if recipient.snoozed_until is not None:
        # The snooze has ended within the same stage: the card comes back, named by today's days.
        left = days_left(credential.end, now)
        return None if left in stages else (left, NoticeKind.STAGE)
    return None


def _answered(alert: Alert, kind: AnswerKind) -> bool:
    return alert.answer is not None and alert.answer.kind is kind


def _quiet(alert: Alert, recipient: Recipient, stage: int, now: datetime, policy: Policy) -> bool:
    """Whether this person is left in peace at this stage: by a snooze, or by somebody's answer."""
    if recipient.snoozed_until is not None and snooze_covers(
        alert.credential, recipient.snoozed_until, stage, now, policy
    ):
        return True
    if stage == last_stage(alert.credential, policy):
        return False
    taken = _answered(alert, AnswerKind.ACKNOWLEDGED) and alert.answer is not None
    by_other = taken and alert.answer is not None and alert.answer.by.id != recipient.person.id
    return by_other or _answered(alert, AnswerKind.AUTOMATIC)


def _calm_notice(
    alert: Alert, recipient: Recipient, told: set[int], now: datetime, policy: Policy
) -> tuple[int, NoticeKind] | None:
    """Superseded: at the first crossed stage and at the last, the last not if known unused since."""
    credential, stage, newer = alert.credential, alert.stage, alert.successor
    if stage is None or stage in told or credential.usage is CredentialUsage.SAML_INACTIVE or recipient.beside:
        return None
    if credential.end is not None and credential.end <= now:
        return None
    if _answered(alert, AnswerKind.RETIRED) or _quiet(alert, recipient, stage, now, policy):
        return None
    if told and stage != last_stage(credential, policy):
        return None
    unused_since = (
        newer is not None
        and newer.start is not None
        and credential.last_used is not None
        and credential.last_used < newer.start
    )
    return None if told and unused_since else (stage, NoticeKind.STAGE)


def still_wanted(
    alert: Alert,
    place: Recipient | None,
    notices: Iterable[Notice],
    decided_at: datetime,
    now: datetime,
    policy: Policy,
) -> bool:
    """Whether a message that waits must still be sent to this person about this alert: answers win over it.

    Args:
        alert: as it stands now.
        place: the person's place on its route now, None without one.
        notices: those of this alert that the message carries.
        decided_at: when the message was decided.
        now: the moment of the claim.
        policy: the rules as set.
    """
    if alert.state not in ANSWERABLE or place is None or not place.on_route:
        return False
    if _answered(alert, AnswerKind.RETIRED):
        return False
    kinds = {notice.kind for notice in notices}
    if kinds & {NoticeKind.LAST_CALL, NoticeKind.EXPIRED, NoticeKind.HANDOVER}:
        return True
    if place.snoozed_until is not None and place.snoozed_until > now:
        return False
    answer = alert.answer
    if answer is None or answer.at < decided_at or answer.by.id == place.person.id:
        return True
    if NoticeKind.ESCALATION in kinds:
        # Somebody answered after all: the manager need not hear of a silence that is over.
        return False
    # The last stage goes to everybody, whoever has it.
    return alert.stage == last_stage(alert.credential, policy)


__all__ = ["Standing", "Told", "Wanted", "still_wanted", "wanted_notice"]
