"""Every kind of card in every form, by name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from alerts.model import (
    HISTORY_FAILED,
    EscalationPath,
    EventType,
    NominationState,
    RouteReason,
    RunStatus,
)
from alerts.problems import ProblemKind
from alerts.views import (
    AlertView,
    CardState,
    DigestItem,
    DigestMode,
    HelpView,
    ListKind,
    Outcome,
    OwnershipSpell,
    QuestionView,
    RenewalFinding,
    ScanView,
    Sentence,
    SoFar,
    View,
)
from tests.cards.forms_talk import talk_views
from tests.cards.samples import (
    ADA,
    ANA,
    BEN,
    COMMANDS,
    ELI,
    MANAGER_VERBS,
    MIA,
    NOOR,
    NOW,
    ZONE,
    alarm_view,
    app_status_view,
    application,
    approval_view,
    certificate,
    digest_items,
    digest_view,
    event,
    held_view,
    history_view,
    item,
    list_view,
    manager_view,
    nomination,
    nominee_view,
    owner_view,
    preview_view,
    record,
    run,
    saml,
    saml_application,
    secret,
    status_view,
    taken,
)


def questions() -> dict[str, QuestionView]:
    """What an admin is asked."""
    asked = QuestionView(
        question_id="e" * 32,
        kind="leavers",
        asked_at=NOW,
        people=(ANA, BEN, ELI),
        count=14,
        of=280,
        answer="",
        answered_by=None,
        time_zone=ZONE,
        now=NOW,
        verbs=("approve", "reject", "refresh"),
    )
    return {
        "question-leavers": asked,
        "question-leavers-yes": replace(asked, answer="yes", answered_by=ADA, verbs=("refresh",)),
        "question-leavers-no": replace(asked, answer="no", answered_by=ADA, verbs=("refresh",)),
    }


def _told_besides() -> dict[str, AlertView]:
    """Cards of silence and of the last call: each says what happened so far."""
    told = tuple(
        SoFar(person=person, at=NOW - timedelta(days=9 - number), outcome=outcome)
        for number, (person, outcome) in enumerate(
            ((ANA, Outcome.SILENT), (NOOR, Outcome.SILENT), (BEN, Outcome.NOT_MINE), (ELI, Outcome.NO_TEAMS))
        )
    )
    nobody = {"on_behalf_of": None, "proof": None, "suggestions": (), "recipient": ADA}
    return {
        "silence-manager": manager_view(reason=RouteReason.SILENCE, on_behalf_of=ANA, proof=None, so_far=told),
        "silence-fallback": manager_view(reason=RouteReason.SILENCE, so_far=told[:1], **nobody),
        "last-call": manager_view(item(secret(1)), reason=RouteReason.LAST_CALL, so_far=told, last_call=True, **nobody),
        "nomination-expired": manager_view(reason=RouteReason.NOMINATION_EXPIRED, so_far=told[:1], **nobody),
        "last-call-owner": owner_view(item(secret(1)), last_call=True),
        "snooze-ended": owner_view(item(secret(20)), snooze_ended=NOW),
        "history-failed": manager_view(
            reason=RouteReason.FALLBACK, path=EscalationPath.UNROUTABLE, why=HISTORY_FAILED, **nobody
        ),
        "nobody-reached": manager_view(
            reason=RouteReason.OWNER_MANAGER,
            on_behalf_of=ANA,
            proof=None,
            so_far=(
                SoFar(person=ANA, at=NOW, outcome=Outcome.UNREACHABLE),
                SoFar(person=BEN, at=NOW, outcome=Outcome.GONE),
            ),
        ),
    }


def alert_views() -> dict[str, AlertView]:
    """Owners' cards and managers' cards in all forms."""
    released = ("release", "renewed", "snooze", "assignOwner", "notMine", "refresh")
    asked = nomination(nominator=ANA)
    several = (item(secret(3)), item(secret(30, "", "99887766"), number=2), item(certificate(40), number=3))
    newer = secret(365, "prod-2026", "55aa55aa")
    snoozed = replace(item(state=CardState.SNOOZED), snoozed_until=NOW + timedelta(days=14))
    return {
        "owner": owner_view(),
        "owner-14-days": owner_view(item(certificate(12)), owner_count=1, also_told=()),
        "owner-urgent": owner_view(item(secret(0))),
        "owner-saml": owner_view(item(saml(6)), application=saml_application()),
        "owner-several": owner_view(*several),
        "owner-taken": owner_view(taken(CardState.TAKEN_BY_YOU, ANA), verbs=released),
        "owner-taken-by-other": owner_view(taken(CardState.TAKEN_BY_OTHER, NOOR)),
        "owner-snoozed": owner_view(snoozed, verbs=("acknowledge", *released), snooze_latest=None),
        "owner-snoozed-longest": owner_view(snoozed, verbs=("acknowledge", *released)),
        "owner-waiting-nominee": owner_view(item(state=CardState.WAITING_NOMINEE), nomination=asked),
        "owner-declined": owner_view(
            nomination=nomination(NominationState.DECLINED, nominator=ANA, answer_note="I leave next week.")
        ),
        "owner-not-yet": owner_view(replace(item(), finding=RenewalFinding.NOT_YET)),
        "owner-found": owner_view(
            replace(item(state=CardState.SUPERSEDED), successor=newer, finding=RenewalFinding.FOUND)
        ),
        "owner-superseded": owner_view(replace(item(state=CardState.SUPERSEDED), successor=newer)),
        "owner-renewed": owner_view(item(state=CardState.RENEWED), verbs=("refresh",), next_reminder=None),
        "owner-expired": owner_view(item(secret(-2), CardState.EXPIRED), next_reminder=None, snooze_days=()),
        "owner-not-due": owner_view(item(state=CardState.NOT_DUE), verbs=("refresh",), next_reminder=None),
        "manager-not-due": manager_view(item(secret(7), CardState.NOT_DUE), verbs=("refresh",)),
        "owner-excluded": owner_view(item(state=CardState.EXCLUDED), verbs=("refresh",)),
        "owner-not-mine": owner_view(item(state=CardState.NOT_MINE), verbs=("refresh",)),
        "owner-old-record": owner_view(as_of=datetime(2026, 12, 2, 5, 0, tzinfo=UTC)),
        "owner-from-digest": owner_view(digest_id="d" * 32),
        **_rarer(),
        "owner-shrunk": owner_view(shrunk=True),
        "admin": owner_view(reason=RouteReason.ADMIN, recipient=ADA),
        "accepted-nominee": owner_view(reason=RouteReason.ACCEPTED_NOMINEE, recipient=ELI),
        "manager": manager_view(),
        "manager-saml": manager_view(item(saml(7)), application=saml_application()),
        "manager-waiting-nominee": manager_view(
            item(secret(7), CardState.WAITING_NOMINEE), nomination=nomination(), verbs=MANAGER_VERBS
        ),
        "manager-waiting-approval": manager_view(
            item(secret(7), CardState.WAITING_APPROVAL), nomination=nomination(NominationState.ACCEPTED)
        ),
        "manager-waiting-owner": manager_view(
            item(secret(7), CardState.WAITING_OWNER), nomination=nomination(NominationState.APPROVED)
        ),
        "manager-assigned": manager_view(
            item(secret(7), CardState.ASSIGNED), nomination=nomination(NominationState.ASSIGNED), verbs=("refresh",)
        ),
        "manager-declined": manager_view(nomination=nomination(NominationState.DECLINED, answer_note="No time.")),
        "manager-rejected": manager_view(nomination=nomination(NominationState.REJECTED, failure="Ask Tom.")),
        "manager-refused": manager_view(nomination=nomination(NominationState.REFUSED, failure="gone")),
        "manager-expired": manager_view(item(secret(-1), CardState.EXPIRED)),
        "manager-taken": manager_view(taken(CardState.TAKEN_BY_YOU, MIA, secret(7)), verbs=("release", "assignOwner")),
        "manager-renewed": manager_view(item(secret(7), CardState.RENEWED), verbs=("refresh",)),
        "previous-owner": manager_view(
            reason=RouteReason.PREVIOUS_OWNER, path=EscalationPath.PREVIOUS_OWNER, on_behalf_of=None, recipient=BEN
        ),
        "owner-manager": manager_view(reason=RouteReason.OWNER_MANAGER, on_behalf_of=ANA, proof=None),
        **_told_besides(),
        "nominator": manager_view(
            item(secret(7), CardState.WAITING_OWNER),
            reason=RouteReason.NOMINATOR,
            nomination=nomination(NominationState.APPROVED),
        ),
        "fallback": manager_view(
            reason=RouteReason.FALLBACK,
            path=EscalationPath.UNROUTABLE,
            recipient=ADA,
            on_behalf_of=None,
            proof=None,
            suggestions=(),
            leads=(
                ("serviceManagementReference", "SNOW-4711"),
                ("notificationEmails", "sso@contoso.com"),
                ("notes", "Ask the invoice team."),
            ),
            verbs=("acknowledge", "renewed", "assignOwner", "refresh"),
        ),
    }


def _rarer() -> dict[str, AlertView]:
    """Forms that few people meet."""
    newer = secret(365, "prod-2026", "55aa55aa")
    capped = replace(item(state=CardState.SNOOZED), snoozed_until=NOW + timedelta(days=9))
    late = datetime(2026, 12, 26, 13, 20, tzinfo=UTC)
    bare = replace(
        application(),
        created=None,
        sign_in_audience="",
        reply_hosts=(),
        notes="",
        service_management_reference="",
        app_id="",
    )
    older = replace(secret(20), last_used=NOW - timedelta(days=9))
    long_ago = replace(secret(20), last_used=NOW - timedelta(days=400))
    return {
        "owner-found-unnamed": owner_view(replace(item(state=CardState.SUPERSEDED), finding=RenewalFinding.FOUND)),
        "owner-gone": owner_view(replace(item(state=CardState.RENEWED), finding=RenewalFinding.GONE), verbs=()),
        "owner-unknown": owner_view(replace(item(), finding=RenewalFinding.UNKNOWN)),
        "owner-superseded-unnamed": owner_view(item(state=CardState.SUPERSEDED)),
        "owner-expired-certificate": owner_view(item(certificate(-2), CardState.EXPIRED), owner_count=0),
        "owner-expired-saml": owner_view(item(saml(-2), CardState.EXPIRED)),
        "owner-assigned": owner_view(item(state=CardState.ASSIGNED), nomination=nomination(NominationState.ASSIGNED)),
        "owner-assigned-you": owner_view(
            item(state=CardState.ASSIGNED), nomination=nomination(NominationState.ASSIGNED), recipient=ELI
        ),
        "owner-mixed": owner_view(
            item(secret(3)),
            *(replace(item(secret(9), state, 5), taken_by=NOOR, snoozed_until=late) for state in CardState),
        ),
        "owner-snoozed-capped": owner_view(
            replace(capped, snoozed_until=late), snooze_latest=late, verbs=("release", "refresh")
        ),
        "owner-taken-alone": owner_view(taken(CardState.TAKEN_BY_YOU, ANA), also_told=(), next_reminder=None),
        "owner-taken-by-other-for-good": owner_view(taken(CardState.TAKEN_BY_OTHER, NOOR), next_reminder=None),
        "owner-asked-by-other": owner_view(item(state=CardState.WAITING_NOMINEE), nomination=nomination()),
        "owner-unanswered": owner_view(nomination=nomination(NominationState.EXPIRED, nominator=ANA)),
        "owner-unknown-app": owner_view(
            item(replace(secret(20), last_used=None)), application=bare, leads=(("ticket", "4711"),), verbs=("refresh",)
        ),
        "owner-used-days-ago": owner_view(
            item(older),
            application=replace(
                application(),
                federated=("github-main (token.actions.githubusercontent.com)", "aks-prod (oidc.example)"),
            ),
        ),
        **{
            f"owner-for-{audience}": owner_view(application=replace(application(), sign_in_audience=audience))
            for audience in ("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
        },
        "owner-used-long-ago": owner_view(item(long_ago)),
        "owner-used-today": owner_view(item(replace(secret(20), last_used=NOW))),
        "owner-found-endless": owner_view(
            replace(item(state=CardState.SUPERSEDED), finding=RenewalFinding.FOUND, successor=replace(newer, end=None))
        ),
        "manager-certificate": manager_view(item(certificate(0))),
        "owner-last-word": owner_view(next_reminder=secret().end),
        "manager-last-word": manager_view(next_reminder=secret(7).end),
        "manager-undated": manager_view(proof=None),
        "previous-owner-undated": manager_view(reason=RouteReason.PREVIOUS_OWNER, on_behalf_of=None, proof=None),
        "contact": manager_view(reason=RouteReason.CONTACT, path=EscalationPath.UNROUTABLE, on_behalf_of=None),
    }


def views() -> dict[str, View]:
    """Every kind of card in every form, by name."""
    made: dict[str, View] = dict(alert_views()) | talk_views()
    made |= questions()
    made |= {f"nominee-{state}": nominee_view(state) for state in NominationState}
    made |= {f"approval-{state}": approval_view(state) for state in NominationState}
    made |= {
        "nominee-long-before": nominee_view(item=item(secret(25)), nomination=nomination(note="")),
        "nominee-past": nominee_view(item=item(secret(-1))),
        "approval-refused-gone": approval_view(
            NominationState.REFUSED, nomination=nomination(NominationState.REFUSED, failure="gone")
        ),
        "approval-refused-right": approval_view(
            NominationState.REFUSED, nomination=nomination(NominationState.REFUSED, failure="notAllowed")
        ),
        "nominee-nothing-due": nominee_view(item=None, needs_approval=False),
        "approval-by-hand": approval_view(by_hand=True),
        "approval-involved": approval_view(by_hand=True, verbs=("refresh",), recipient=MIA),
        "approval-self": approval_view(nomination=nomination(NominationState.ACCEPTED, nominator=ELI)),
        "approval-refused-known": approval_view(
            NominationState.REFUSED, nomination=nomination(NominationState.REFUSED, failure="tooManyOwners")
        ),
        "digest": digest_view(),
        "digest-all": digest_view(show_all=True),
        "digest-choose": digest_view(
            mode=DigestMode.CHOOSE,
            verbs=("acknowledge", "snooze", "assignOwner", "notMine", "retire"),
            snooze_days=(7,),
        ),
        "digest-answered": digest_view(
            notes=(
                ("digest_answered", {"done": "2", "total": "3"}),
                ("nominee_not_possible", {"name": "Guest Account"}),
            )
        ),
        "digest-states": digest_view(
            show_all=True,
            items=tuple(
                DigestItem(application=application(state, 50), item=replace(item(secret(9), state), taken_by=NOOR))
                for state in CardState
            ),
        ),
        "digest-many": digest_view(items=digest_items() * 4),
        "digest-later-only": digest_view(items=digest_items()[6:12]),
        "digest-done": digest_view(
            items=tuple(replace(row, item=replace(row.item, state=CardState.RENEWED)) for row in digest_items()[:3])
        ),
        "digest-expired": digest_view(
            reason=RouteReason.PREVIOUS_OWNER_MANAGER,
            items=(DigestItem(application=application(), item=item(secret(-3), CardState.EXPIRED)), *digest_items()),
        ),
        "digest-leads": digest_view(
            reason=RouteReason.FALLBACK,
            recipient=ADA,
            items=tuple(
                replace(row, leads=(("serviceManagementReference", "SNOW-4711"), ("notes", "Ask the invoice team.")))
                for row in digest_items()[:3]
            ),
        ),
        "handover": digest_view(reason=RouteReason.PREVIOUS_OWNER_MANAGER, leaver=BEN, recipient=MIA),
        "handover-fallback": digest_view(reason=RouteReason.FALLBACK, leaver=BEN, recipient=ADA),
        "digest-past": digest_view(
            items=(DigestItem(application=application(), item=item(secret(-3), CardState.EXPIRED)),)
        ),
        "status": status_view(),
        "status-partial": status_view(
            last_run=run(RunStatus.PARTIAL, run_id="later", applications=5_994, enterprise_applications=0),
            problems=(
                Sentence(key="scan_partial", params={"errors": "Graph answered 503 on page 6"}),
                Sentence(key="ledger_differs", params={"difference": "3"}),
            ),
            difference=3,
        ),
        "status-failed": status_view(
            last_run=run(RunStatus.FAILED, run_id="later"),
            next_scan=None,
            sending="hold",
            problems=(Sentence(key="scan_failed", params={"errors": "no token"}),),
        ),
        "status-odd-states": status_view(
            ledger={"pending": 3, "read": 2, "retired": 1, "expired": 1, "held": 1}, due=8, urgent=0, not_told=0
        ),
        "status-paused": status_view(sending="paused"),
        "status-first-day": status_view(
            last_run=None,
            last_good_run=None,
            due=0,
            ledger={},
            urgent=0,
            not_told=0,
            approvals=0,
            ownerless_due=0,
            ownerless_total=0,
            federated_applications=0,
            sending="on",
        ),
        "list-my-apps": list_view(),
        "list-expiring": list_view(ListKind.EXPIRING),
        "list-ownerless": list_view(ListKind.OWNERLESS, more=""),
        "list-choices": list_view(ListKind.CHOICES, query="status", total=10, more=""),
        "list-many": list_view(lines=list_view().lines * 6, total=60),
        "list-none": list_view(lines=(), total=0, more=""),
        "list-none-expiring": list_view(ListKind.EXPIRING, lines=(), total=0, more=""),
        "list-none-ownerless": list_view(ListKind.OWNERLESS, lines=(), total=0, more=""),
        "app-status": app_status_view(),
        "app-status-nobody": app_status_view(records=(record(secret(90), ()),), states={}, told=(), alert_id=""),
        "app-status-many": app_status_view(records=tuple(record(secret(day)) for day in range(80)), states={}),
        "app-status-federated": app_status_view(
            application=replace(
                application(),
                federated=tuple(f"deploy-{name} (token.actions.githubusercontent.com)" for name in "abcde"),
            )
        ),
        "app-status-empty": app_status_view(records=(), states={}, told=(), alert_id=""),
        "history": history_view(),
        "history-long": history_view(
            events=tuple(event(type_, number) for number, type_ in enumerate(EventType)) * 4,
            spells=(OwnershipSpell(first=date(2025, 1, 7), last=date(2026, 3, 12), owners=("A", "B", "C", "D", "E")),),
        ),
        "history-empty": history_view(spells=(), events=()),
        "hold": held_view(),
        "hold-pilot": held_view(sending="pilot", people=412, urgent=0, by_path=(("currentOwners", 412),)),
        "hold-brake": held_view(sending="on", braked=612, most=200, people=612, by_department=(("", 612),)),
        "hold-paused": held_view(paused=True, paused_until=NOW + timedelta(hours=4)),
        "hold-paused-open": held_view(paused=True, people=1, by_department=()),
        "preview": preview_view(),
        "preview-last-page": preview_view(first=1_201, more="", ahead=()),
        "preview-reasons": preview_view(
            shown=tuple(replace(preview_view().shown[1], reason=reason) for reason in RouteReason)
        ),
        "preview-nobody": preview_view(people=0, notices=0, held=0, by_path=(), shown=(), more="", sending="on"),
        "preview-no-scan": preview_view(as_of=None, people=0, by_path=(), shown=(), more="", ahead=()),
        "hold-none": held_view(people=0, notices=0, urgent=0, by_path=(), by_department=(), sending="on"),
        "help": HelpView(commands=COMMANDS),
        "greeting": HelpView(commands=COMMANDS[:5], greeting=True),
        "scan": ScanView(run=run(), time_zone=ZONE),
        "scan-quiet": ScanView(run=run(notices_queued=0), time_zone=ZONE),
        "scan-partial": ScanView(
            run=run(RunStatus.PARTIAL, quarantined=2, errors=("Graph answered 503 on page 6",)), time_zone=ZONE
        ),
        "scan-failed": ScanView(run=run(RunStatus.FAILED, errors=("No token from Entra",)), time_zone=ZONE),
        **{f"alarm-{kind}": alarm_view(kind) for kind in ProblemKind},
        "alarm-over": alarm_view(ProblemKind.SCAN_PARTIAL, over_at=NOW),
        "alarm-old": alarm_view(ProblemKind.SCAN_PARTIAL, since=NOW - timedelta(days=2)),
        "sentence": Sentence(key="refused"),
        "sentence-note": Sentence(
            key="nomination_declined",
            params={"person": "Eli Novak", "app": "Vendor Portal Sync", "note": "I leave next week."},
        ),
    }
    return made
