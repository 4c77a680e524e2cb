"""Pure: from wanted notices to rows of the outbox: one card per person and app, a digest, one e-mail."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.model import (
    MAIL_ONLY,
    Alert,
    Channel,
    Delivery,
    DeliveryPurpose,
    Notice,
    NoticeKind,
    Person,
    Policy,
    PostedCard,
    RouteReason,
)
from alerts.sending import Gate
from alerts.stages import alert_type
from alerts.wanted import Wanted


def new_id() -> str:
    """128 random bits in hex."""
    return secrets.token_hex(16)


def notice_of(wanted: Wanted, alert: Alert, run_id: str, now: datetime, policy: Policy) -> Notice:
    """The notice's row; its type is that of the stage crossed, whatever day brings it back."""
    return Notice(
        id=new_id(),
        alert_id=alert.id,
        stage=wanted.stage,
        recipient_id=wanted.recipient.person.id,
        kind=wanted.kind,
        run_id=run_id,
        created_at=now,
        path=alert.path,
        reason=wanted.recipient.reason,
        alert_type=alert_type(alert.credential, alert.stage, policy),
        about=wanted.about,
    )


def message(
    purpose: DeliveryPurpose,
    recipient_id: str,
    now: datetime,
    *,
    channel: Channel = Channel.TEAMS,
    run_id: str = "",
    notice_ids: Iterable[str] = (),
    alert_ids: Iterable[str] = (),
    nomination_id: str = "",
    card_id: str = "",
    sentence: str = "",
    params: Mapping[str, str] | None = None,
) -> Delivery:
    """One row of the outbox, due at once."""
    return Delivery(
        id=new_id(),
        purpose=purpose,
        channel=channel,
        recipient_id=recipient_id,
        run_id=run_id,
        notice_ids=tuple(notice_ids),
        alert_ids=tuple(alert_ids),
        nomination_id=nomination_id,
        card_id=card_id,
        sentence=sentence,
        params=params or {},
        created_at=now,
        not_before=now,
    )


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """How one run's notices become messages."""

    policy: Policy
    now: datetime
    run_id: str
    #: True in the first run of a tenant: two or more apps make a digest.
    first_run: bool
    #: Whether e-mail can be sent at all.
    mail: bool
    #: What holds messages, or lets them go at their hour.
    gate: Gate
    #: People whose messages come out of hold: they get one card, whatever has gathered.
    one_card: frozenset[str] = frozenset()

    def deliveries(
        self,
        notices: Sequence[Notice],
        alerts: Mapping[str, Alert],
        people: Mapping[str, Person],
        open_alerts: Mapping[tuple[str, str], Sequence[str]],
    ) -> list[Delivery]:
        """Messages that carry these notices, held or due at their hour.

        Args:
            notices: those that were really inserted.
            alerts: alert id -> alert, at least those of the notices.
            people: recipients by id.
            open_alerts: (recipient id, app's object id) -> all alerts that the card about this app shows.
        """
        made = self.unsifted(by_recipient(notices), alerts, people, open_alerts)
        return self.gate.sift(made, alerts, people, self.now)

    def unsifted(
        self,
        notices: Mapping[str, Sequence[Notice]],
        alerts: Mapping[str, Alert],
        people: Mapping[str, Person],
        open_alerts: Mapping[tuple[str, str], Sequence[str]],
    ) -> list[Delivery]:
        """The same before `gate.sift`, which must see all of a decision; `notices` may be those of some people."""
        made: list[Delivery] = []
        for person_id, own in notices.items():
            if not person_id.startswith(MAIL_ONLY):
                made.extend(self._teams(person_id, own, alerts, open_alerts))
            person = people.get(person_id)
            if self.mail and person is not None and (person.mail or person.user_principal_name):
                made.append(
                    message(
                        DeliveryPurpose.ALERT,
                        person_id,
                        self.now,
                        channel=Channel.EMAIL,
                        run_id=self.run_id,
                        notice_ids=[notice.id for notice in own],
                        alert_ids=dict.fromkeys(notice.alert_id for notice in own),
                    )
                )
        return made

    def _teams(
        self,
        person_id: str,
        own: Sequence[Notice],
        alerts: Mapping[str, Alert],
        open_alerts: Mapping[tuple[str, str], Sequence[str]],
    ) -> list[Delivery]:
        handovers = self._handovers(person_id, own)
        own = [notice for notice in own if notice.kind is not NoticeKind.HANDOVER]
        return handovers + self._of_apps(person_id, own, alerts, open_alerts)

    def _handovers(self, person_id: str, own: Sequence[Notice]) -> list[Delivery]:
        """One card for each leaver, with all of the leaver's apps."""
        by_leaver: dict[str, list[Notice]] = defaultdict(list)
        for notice in own:
            if notice.kind is NoticeKind.HANDOVER:
                by_leaver[notice.about].append(notice)
        return [
            message(
                DeliveryPurpose.HANDOVER,
                person_id,
                self.now,
                run_id=self.run_id,
                notice_ids=[notice.id for notice in group],
                alert_ids=dict.fromkeys(notice.alert_id for notice in group),
            )
            for group in by_leaver.values()
        ]

    def _of_apps(
        self,
        person_id: str,
        own: Sequence[Notice],
        alerts: Mapping[str, Alert],
        open_alerts: Mapping[tuple[str, str], Sequence[str]],
    ) -> list[Delivery]:
        by_app: dict[str, list[Notice]] = defaultdict(list)
        for notice in own:
            by_app[alerts[notice.alert_id].application.object_id].append(notice)
        many = len(own) > self.policy.digest_after or self.first_run or person_id in self.one_card
        if many and len(by_app) > 1:
            return [self._digest(person_id, own)]
        # What leads nowhere else reaches the fallback as one digest a run, with what is known of each app.
        nowhere = {app: group for app, group in by_app.items() if all(_unroutable(notice) for notice in group)}
        if len(nowhere) > 1:
            digest = self._digest(person_id, [notice for group in nowhere.values() for notice in group])
            rest = {app: group for app, group in by_app.items() if app not in nowhere}
            return [digest, *self._cards(person_id, rest, open_alerts)]
        return self._cards(person_id, by_app, open_alerts)

    def _digest(self, person_id: str, own: Sequence[Notice]) -> Delivery:
        return message(
            DeliveryPurpose.DIGEST,
            person_id,
            self.now,
            run_id=self.run_id,
            notice_ids=[notice.id for notice in own],
            alert_ids=dict.fromkeys(notice.alert_id for notice in own),
        )

    def _cards(
        self,
        person_id: str,
        by_app: Mapping[str, Sequence[Notice]],
        open_alerts: Mapping[tuple[str, str], Sequence[str]],
    ) -> list[Delivery]:
        return [
            message(
                DeliveryPurpose.ALERT,
                person_id,
                self.now,
                run_id=self.run_id,
                notice_ids=[notice.id for notice in group],
                alert_ids=dict.fromkeys(
                    [notice.alert_id for notice in group] + list(open_alerts.get((person_id, object_id), ()))
                ),
            )
            for object_id, group in by_app.items()
        ]


def by_recipient(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    """Person id -> their notices."""
    found: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        found[notice.recipient_id].append(notice)
    return found


def _unroutable(notice: Notice) -> bool:
    return notice.reason is RouteReason.FALLBACK


def card_updates(cards: Iterable[PostedCard], now: datetime, *, run_id: str = "") -> list[Delivery]:
    """One row per posted card that must be brought up to date."""
    return [
        message(
            DeliveryPurpose.UPDATE,
            card.recipient_id,
            now,
            run_id=run_id,
            alert_ids=card.alert_ids,
            nomination_id=card.nomination_id,
            card_id=card.id,
        )
        for card in cards
    ]
