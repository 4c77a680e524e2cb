"""What a waiting message says now, and whether it still has anything to say."""

from dataclasses import dataclass

from alerts.gate import taken_back
from alerts.model import (
    MAIL_ONLY,
    Channel,
    Delivery,
    DeliveryPurpose,
    Nomination,
    NominationState,
    Notice,
    Person,
    PostedCard,
)
from alerts.ports import Transaction
from alerts.questions import QuestionState, question_view, read_question
from alerts.viewing import Viewer, stranger
from alerts.views import MailView, NominationRole, Sentence, View
from alerts.wanted import still_wanted

#: What a nomination's card waits for, by its purpose; answered, it need not be shown any more.
AWAITED = {DeliveryPurpose.NOMINEE: NominationState.ASKED, DeliveryPurpose.APPROVAL: NominationState.ACCEPTED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A message as it is to be sent."""

    person: Person
    view: View | MailView
    #: The posted card that it replaces.
    card: PostedCard | None
    #: (id, version) of what it was made from.
    versions: frozenset[tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class Preparer:
    """Turns rows of the outbox into what they say as of now."""

    viewer: Viewer

    async def prepare(self, tx: Transaction, delivery: Delivery) -> Prepared | None:
        """None when it need not be said any more."""
        card = await tx.card(delivery.card_id) if delivery.card_id else None
        said = await self._said(tx, delivery, card)
        if said is None:
            return None
        person, view = said
        return Prepared(person=person, view=view, card=card, versions=await self.versions(tx, delivery))

    @staticmethod
    async def versions(tx: Transaction, delivery: Delivery) -> frozenset[tuple[str, int]]:
        """What a message is made from: a card that was overtaken while it was sent is brought up to date."""
        made = {(alert.id, alert.version) for alert in (await tx.alerts(delivery.alert_ids)).values()}
        if delivery.nomination_id:
            nomination = await tx.nomination(delivery.nomination_id)
            made |= {(nomination.id, nomination.version)} if nomination else set()
        return frozenset(made)

    async def why_not(self, tx: Transaction, delivery: Delivery, *, lock: bool = False) -> str:
        """'' when the message is still wanted, else the reason.

        With `lock` an answer that is being given waits until this transaction ends: it is seen, or it comes later.
        """
        if delivery.purpose in AWAITED:
            nomination = await tx.nomination(delivery.nomination_id, lock=lock)
            return _nomination_over(nomination, delivery.purpose)
        if not delivery.notice_ids:
            return ""
        if await taken_back(tx, delivery):
            return "takenBack"
        alerts = await tx.alerts(delivery.alert_ids, lock=lock)
        places = {r.alert_id: r for r in await tx.recipients(list(alerts)) if r.person.id == delivery.recipient_id}
        carried: dict[str, list[Notice]] = {}
        for notice in await notices_of(tx, delivery):
            carried.setdefault(notice.alert_id, []).append(notice)
        now, policy = self.viewer.clock(), self.viewer.policy
        wanted = any(
            still_wanted(alert, places.get(alert.id), carried.get(alert.id, ()), delivery.created_at, now, policy)
            for alert in alerts.values()
        )
        return "" if wanted else "answered"

    async def _said(
        self, tx: Transaction, delivery: Delivery, card: PostedCard | None
    ) -> tuple[Person, View | MailView] | None:
        people = await tx.people([delivery.recipient_id])
        person = people.get(delivery.recipient_id, stranger(delivery.recipient_id))
        if delivery.purpose is DeliveryPurpose.UPDATE:
            view = await self._now_shown(tx, card) if card else None
            return (person, view) if view else None
        if await self.why_not(tx, delivery):
            return None
        if delivery.channel is Channel.EMAIL:
            mail = await self.viewer.mail(tx, delivery, await self._no_teams(tx, delivery.recipient_id))
            empty = not (mail.alerts or mail.nominations or mail.infos)
            return None if empty else (mail.recipient, mail)
        if delivery.purpose is DeliveryPurpose.HELD:
            return person, await self.viewer.held(tx, delivery.recipient_id)
        if delivery.purpose is DeliveryPurpose.ALERT:
            alert_view = await self.viewer.alert(tx, delivery.alert_ids, delivery.recipient_id)
            return (alert_view.recipient, alert_view) if alert_view else None
        if delivery.purpose is DeliveryPurpose.QUESTION:
            question = await read_question(tx, delivery.nomination_id)
            if question is None or question.state is not QuestionState.OPEN:
                return None
            return person, await question_view(tx, question, delivery.recipient_id, self.viewer, self.viewer.clock())
        if delivery.purpose in (DeliveryPurpose.DIGEST, DeliveryPurpose.HANDOVER):
            digest = await self.viewer.digest(tx, delivery.id, delivery.alert_ids, delivery.recipient_id)
            return (digest.recipient, digest) if digest.items else None
        if delivery.purpose is DeliveryPurpose.INFO:
            return person, Sentence(key=delivery.sentence, params=delivery.params)
        return await self._nomination(tx, delivery, person)

    async def _now_shown(self, tx: Transaction, card: PostedCard) -> View | None:
        if card.purpose is not DeliveryPurpose.QUESTION:
            return await self.viewer.of_card(tx, card)
        question = await read_question(tx, card.nomination_id)
        if question is None:
            return None
        return await question_view(tx, question, card.recipient_id, self.viewer, self.viewer.clock())

    async def _nomination(self, tx: Transaction, delivery: Delivery, person: Person) -> tuple[Person, View] | None:
        nomination = await tx.nomination(delivery.nomination_id)
        if nomination is None:
            return None
        approver = delivery.purpose is DeliveryPurpose.APPROVAL
        role = NominationRole.APPROVER if approver else NominationRole.NOMINEE
        view = await self.viewer.nomination(tx, nomination, delivery.recipient_id, role)
        return (view.recipient if view.recipient.id == person.id else person), view

    @staticmethod
    async def _no_teams(tx: Transaction, person_id: str) -> bool:
        if person_id.startswith(MAIL_ONLY):
            return True
        known = (await tx.conversations([person_id])).get(person_id)
        return known is not None and known.dead_reason != ""


def _nomination_over(nomination: Nomination | None, purpose: DeliveryPurpose) -> str:
    """'' while the person is still asked."""
    if nomination is None:
        return "gone"
    # Accepted, with nothing to approve: the admins get the steps by hand.
    by_hand = (
        purpose is DeliveryPurpose.APPROVAL
        and nomination.state is NominationState.APPROVED
        and nomination.approver is None
    )
    return "" if by_hand or nomination.state is AWAITED[purpose] else nomination.state.value


async def notices_of(tx: Transaction, delivery: Delivery) -> list[Notice]:
    """The notices that a message carries."""
    carried = set(delivery.notice_ids)
    return [notice for notice in await tx.notices(delivery.alert_ids) if notice.id in carried] if carried else []
