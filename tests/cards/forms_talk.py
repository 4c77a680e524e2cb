"""Cards of the conversation: quieting answers, proposals, new owners' rights and odd ends, by name."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import NominationKind, NominationState
from alerts.views import (
    CardState,
    Elsewhere,
    ExplainView,
    HelpView,
    ListKind,
    NominationView,
    Place,
    RenewalFinding,
    Row,
    RowsView,
    Sentence,
    View,
)
from tests.cards.samples import (
    ANA,
    COMMANDS,
    MIA,
    NOOR,
    NOW,
    ZONE,
    app_status_view,
    application,
    approval_view,
    item,
    list_view,
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
    made |= rows_views()
    return made | {
        "owner-renewed-by": owner_view(replace(item(state=CardState.RENEWED), done_by="Eli Novak")),
        "greeting-apps": HelpView(commands=COMMANDS[:5], greeting=True, own=list_view()),
        "list-expired": list_view(ListKind.EXPIRED, days=30),
        "list-expired-none": list_view(ListKind.EXPIRED, lines=(), total=0, days=30),
        **{f"app-{key}": app_status_view(verdict=Sentence(key=key, params=params)) for key, params in VERDICTS.items()},
        "why-alert": ExplainView(about=owner_view(), posted_at=NOW, now=NOW, time_zone=ZONE),
        "why-nominee": ExplainView(about=nominee_view(), posted_at=NOW, now=NOW, time_zone=ZONE),
        "why-approver": ExplainView(about=approval_view(), posted_at=NOW, now=NOW, time_zone=ZONE),
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


VERDICTS = {
    "verdict_expired": {"since": "2026-12-01T08:00:00+00:00"},
    "verdict_all_expired": {"since": "2026-12-01T08:00:00+00:00"},
    "verdict_valid": {"until": "2027-12-01T08:00:00+00:00"},
    "verdict_nothing": {},
}
ROWS = {
    "unreachable": (("row_not_told", {"why": "blocked", "reason": "admin"}), ("row_nobody", {}), ("row_removed", {})),
    "nominations": (("row_asked", {}), ("row_accepted", {}), ("row_approved", {}), ("row_proposed", {})),
    "snoozed": (("row_snoozed", {}),),
    "retired": (("row_retired", {"note": "moves away"}),),
    "excluded": (("row_excluded", {"note": "moves away"}),),
}


def rows_views() -> dict[str, View]:
    """Each list, full and empty."""
    made: dict[str, View] = {}
    for kind, lines in ROWS.items():
        named = {"app": "Invoice Export", "person": "Eli Novak", "nominator": "Mia Tanaka", "why": "uninstalled"}
        times = dict.fromkeys(("until", "since", "date"), "2026-12-11T08:00:00+00:00")
        rows = tuple(
            Row(sentence=Sentence(key=key, params=named | times | params), typed="status x") for key, params in lines
        )
        made[f"rows-{kind}"] = RowsView(kind=kind, rows=rows, total=30, now=NOW, time_zone=ZONE, more=f"{kind} page 2")
        made[f"rows-{kind}-none"] = RowsView(kind=kind, rows=(), total=0, now=NOW, time_zone=ZONE)
    return made
