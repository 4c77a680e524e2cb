"""Cards of the conversation: quieting answers, proposals, new owners' rights and odd ends, by name."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import NominationKind, NominationState
from alerts.views import CardState, Elsewhere, NominationView, Place, RenewalFinding, View
from tests.cards.samples import (
    ANA,
    MIA,
    NOOR,
    NOW,
    application,
    approval_view,
    item,
    nomination,
    nominee_view,
    owner_view,
    secret,
    taken,
)


def proposal(state: NominationState, **changes: object) -> NominationView:
    """Somebody who owns nothing says that an app is no longer needed."""
    made = nomination(state, kind=NominationKind.RETIRE, nominee=MIA, note="The portal closes in March.")
    return approval_view(state, nomination=made, privileged=False, **changes)


def talk_views() -> dict[str, View]:
    quieted = (CardState.RETIRED, CardState.AUTOMATIC)
    made: dict[str, View] = {}
    for state in quieted:
        made[f"owner-{state}"] = owner_view(taken(state, ANA), verbs=("acknowledge", "release", "refresh"))
        made[f"owner-{state}-other"] = owner_view(taken(state, NOOR), verbs=("acknowledge", "refresh"))
    asked = nomination(NominationState.ACCEPTED, kind=NominationKind.RETIRE, nominee=MIA)
    direct = nomination(NominationState.APPROVED, approver=None, privileged=False)
    rights = nomination(NominationState.ACCEPTED, privileges=("Mail.ReadWrite", "Global Administrator"))
    for place in Place:
        found = Elsewhere(place=place, application=application("HR Mirror", 7), credential=secret(700, "hr-2026"))
        finding = replace(item(secret(7)), finding=RenewalFinding.ELSEWHERE)
        made[f"owner-elsewhere-{place}"] = owner_view(finding, elsewhere=found)
    return made | {
        "owner-looks-again": owner_view(
            replace(item(secret(7)), finding=RenewalFinding.NOT_YET), looks_until=NOW + timedelta(hours=1)
        ),
        "owner-proposed": owner_view(item(state=CardState.RETIRE_PROPOSED), nomination=asked),
        "owner-waiting-owner-direct": owner_view(item(state=CardState.WAITING_OWNER), nomination=direct),
        "retire-asked": proposal(NominationState.ACCEPTED),
        "retire-involved": proposal(NominationState.ACCEPTED, verbs=("refresh",), recipient=MIA),
        "retire-unused": proposal(NominationState.ACCEPTED, item=item(replace(secret(9), last_used=None))),
        **{f"retire-{state}": proposal(state) for state in NominationState if state is not NominationState.ASKED},
        "approval-privileged": approval_view(nomination=rights),
        "approval-harmless": approval_view(
            nomination=nomination(NominationState.ACCEPTED, privileged=False), privileged=False
        ),
        "approval-direct": approval_view(NominationState.APPROVED, nomination=direct, privileged=False, by_hand=True),
        "approval-nominee-gone": approval_view(
            NominationState.REFUSED, nomination=nomination(NominationState.REFUSED, failure="nomineeGone")
        ),
        "nominee-privileged": nominee_view(nomination=nomination(privileges=("Mail.ReadWrite",))),
        "nominee-direct": nominee_view(NominationState.APPROVED, nomination=direct),
    }
