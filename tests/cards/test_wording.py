"""What the cards say and offer, draft by draft and form by form."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from urllib.parse import urlsplit

import pytest

from alerts.model import Application, ApplicationType, EscalationPath, NominationState, RouteReason
from alerts.views import (
    AlertView,
    CardState,
    DigestMode,
    ListKind,
    NominationRole,
    NominationView,
    RenewalFinding,
    View,
)
from cards.pen import Card
from cards.render import _DRAWERS, render, summary
from cards.words import Words, is_https
from tests.cards import samples
from tests.cards.forms import alert_views, views
from tests.cards.looking import buttons, executes, lines, nodes, of_type, pressed
from tests.cards.samples import BEN, ELI, MIA, WORDS, item, manager_view, owner_view, secret


def titles(card: Card) -> list[str]:
    """Titles of all buttons, those behind "Other answers" included."""
    return [node["title"] for node in nodes(card) if node["type"].startswith("Action.") and "title" in node]


# ---------------------------------------------------------------- owners


def test_an_owner_reads_what_why_and_what_to_do() -> None:
    assert lines(render(owner_view(), WORDS)) == [
        "Invoice Export: client secret expires in 30 days",
        'Sat 2 January 2027, 14:20 (Berlin) · "prod-2025", ID 3f2a81c4…',
        "Then the app can no longer sign in, and what depends on it stops. Last used: yesterday.",
        "Why you: you are one of 3 owners. Also told: Noor Haddad and Jan Kowal.",
        (
            "To do: create a new secret, put it where the app reads it, remove the old one once nothing uses it."
            " I notice the new one by myself."
        ),
        "If you do nothing: I remind you on Sat 19 December.",
        "What is this app? ▾",
        "Steward for Contoso · Questions: IT service desk, 4711",
    ]


def test_an_owner_may_take_it_say_it_is_done_go_there_or_answer_otherwise() -> None:
    card = render(owner_view(), WORDS)

    assert buttons(card) == ["I'll do it", "I renewed it", "Open in Entra", "Other answers"]
    behind = {"Remind me then", "Ask them", "A pipeline renews it", "No longer needed", "Not mine"}
    assert behind <= set(titles(card))


def test_a_snooze_offers_the_granted_lengths_with_their_dates() -> None:
    days = next(node for node in of_type(render(owner_view(), WORDS), "Input.ChoiceSet") if node["id"] == "days")

    assert [choice["title"] for choice in days["choices"]] == [
        "in 7 days, on Thu 10 December",
        "in 14 days, on Thu 17 December",
    ]
    assert days["value"] == "14"


def test_no_snooze_is_offered_where_none_would_be_granted() -> None:
    card = render(owner_view(snooze_days=()), WORDS)

    assert "Remind me then" not in titles(card)


def test_only_what_a_reader_may_press_is_shown() -> None:
    assert buttons(render(owner_view(verbs=()), WORDS)) == ["Open in Entra"]


def test_what_is_this_app_unfolds() -> None:
    card = render(owner_view(), WORDS)
    opener = next(node for node in nodes(card) if node.get("selectAction", {}).get("type") == "Action.ToggleVisibility")
    target = opener["selectAction"]["targetElements"][0]
    folded = next(node for node in nodes(card) if node.get("id") == target)

    assert folded["isVisible"] is False
    assert "Created on Mon 2 May 2022." in lines(card, hidden=True)
    assert "People sign in at invoices.contoso.com." in lines(card, hidden=True)


def test_a_secret_used_by_nobody_known_says_nothing_about_its_use() -> None:
    unknown = replace(secret(), last_used=None)

    assert "Last used" not in " ".join(lines(render(owner_view(item(unknown)), WORDS)))


@pytest.mark.parametrize(
    ("days", "said", "style"),
    [
        (30, "expires in 30 days", "accent"),
        (14, "expires in 14 days", "warning"),
        (7, "expires in 7 days", "attention"),
        (1, "expires in 1 day", "attention"),
        (0, "expires within 24 hours", "attention"),
        (-1, "has expired", "attention"),
    ],
)
def test_the_head_says_how_urgent_it_is_in_words_and_colour(days: int, said: str, style: str) -> None:
    card = render(owner_view(item(secret(days))), WORDS)

    assert lines(card)[0] == f"Invoice Export: client secret {said}"
    assert card["body"][0]["style"] == style


def test_several_of_one_app_are_listed_and_answered_together() -> None:
    several = alert_views()["owner-several"]
    card = render(several, WORDS)

    assert lines(card)[0] == "Invoice Export: 3 secrets or certificates, the first expires in 3 days"
    assert 'Tue 12 January 2027, 14:20 (Berlin) · certificate "CN=travel", ID 77aa00ff…' in lines(card)
    assert "Your answer counts for all of them." in lines(card)
    assert pressed(card, "I'll do it")["data"] == {"alert": f"{1:032x}", "v": 3}


def test_who_took_it_hears_that_the_others_know() -> None:
    said = lines(render(alert_views()["owner-taken"], WORDS))

    assert said[1] == "You have it, Ana. Noor Haddad and Jan Kowal can see that."
    assert said[2] == "I'll remind you on Sat 19 December."
    assert buttons(render(alert_views()["owner-taken"], WORDS))[0] == "Give it back"


def test_the_others_see_who_took_it_and_may_take_over() -> None:
    card = render(alert_views()["owner-taken-by-other"], WORDS)

    assert lines(card)[1] == "Noor Haddad has it, since Thu 3 December. You hear from me again on Sat 19 December."
    assert buttons(card)[0] == "I'll do it instead"
    assert not any(line.startswith("To do") for line in lines(card))


def test_a_snooze_that_the_rules_cut_says_so() -> None:
    views = alert_views()

    longest = "Quiet until Thu 17 December. That is the longest that can be granted at once."
    assert lines(render(views["owner-snoozed-longest"], WORDS))[1] == longest
    assert lines(render(views["owner-snoozed"], WORDS))[1] == "Quiet until Thu 17 December. Then I remind you again."
    assert "Longer is not possible" in lines(render(views["owner-snoozed-capped"], WORDS))[1]


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (RenewalFinding.NOT_YET, "I don't see a new one on this app yet."),
        (RenewalFinding.UNKNOWN, "I could not look"),
    ],
)
def test_after_i_renewed_it_the_card_says_what_was_seen(finding: RenewalFinding, said: str) -> None:
    assert lines(render(owner_view(replace(item(), finding=finding)), WORDS))[1].startswith(said)


def test_a_found_successor_is_named_with_its_end() -> None:
    assert lines(render(alert_views()["owner-found"], WORDS))[1] == (
        'Found it: "prod-2026", ID 55aa55aa…, valid until Fri 3 December 2027. Remove the old one when nothing uses'
        " it any more."
    )


@pytest.mark.parametrize("state", [CardState.RENEWED, CardState.EXCLUDED, CardState.NOT_MINE, CardState.ASSIGNED])
def test_a_closed_card_asks_for_nothing(state: CardState) -> None:
    card = render(owner_view(item(state=state)), WORDS)

    assert buttons(card) == []
    assert of_type(card, "Input.ChoiceSet", "Input.Text") == []


def test_a_shrunk_card_is_one_line_that_points_below() -> None:
    card = render(owner_view(shrunk=True), WORDS)

    assert lines(card)[0] == "Invoice Export: a newer card about it stands further down. Please answer there."
    assert len(lines(card)) == 2
    assert buttons(card) == []


def test_a_card_opened_from_a_digest_leads_back_and_keeps_its_way() -> None:
    card = render(owner_view(digest_id="d" * 32), WORDS)

    assert pressed(card, "Back to the list")["data"] == {"digest": "d" * 32}
    assert pressed(card, "I'll do it")["data"]["digest"] == "d" * 32


def test_an_older_record_is_named_with_its_day() -> None:
    assert "The last scan could not read this app. This is judged by its record of Wed 2 December." in lines(
        render(alert_views()["owner-old-record"], WORDS)
    )


def test_a_last_reminder_is_not_announced_as_if_it_came_in_time() -> None:
    assert "If you do nothing: you hear from me once more, when it has expired." in lines(
        render(alert_views()["owner-last-word"], WORDS)
    )
    assert "If nobody answers: you hear from me once more, when it has stopped." in lines(
        render(alert_views()["manager-last-word"], WORDS)
    )


# ---------------------------------------------------------------- managers and others who are asked


def test_a_manager_is_asked_for_a_name_with_the_proof() -> None:
    assert lines(render(manager_view(), WORDS))[:6] == [
        'Who should look after "Vendor Portal Sync"?',
        (
            "A program your company uses. Its password runs out in 7 days: Thu 10 December, 14:20 (Berlin). Then it stops"
            " working."
        ),
        (
            "Why you: Ben Ortiz looked after it until Thu 12 March 2026 (our record of that day) and is no longer available"
            " as owner. Our records name you as Ben's manager."
        ),
        "What to do: you need not fix anything. Name someone: we ask them first, then an administrator confirms.",
        "If nobody answers: I remind you on Wed 9 December.",
        "Suggested: Eli Novak, who looks after 2 other apps.",
    ]


def test_the_people_picker_suggests_and_takes_several() -> None:
    picker = next(node for node in of_type(render(manager_view(), WORDS), "Input.ChoiceSet"))

    assert picker["id"] == "nominees"
    assert picker["choices"][0] == {"title": "Eli Novak", "value": ELI.id}
    assert picker["choices.data"] == {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
    assert picker["isMultiSelect"] is True
    assert "isRequired" not in picker


def test_a_manager_may_ask_pass_on_or_answer_otherwise() -> None:
    card = render(manager_view(), WORDS)

    assert buttons(card) == ["Ask this person", "Not my team", "Other answers"]
    assert {"I'll take it", "It has been renewed", "No longer needed", "Get help"} <= set(titles(card))


def test_who_has_asked_somebody_waits_and_may_ask_another() -> None:
    card = render(alert_views()["manager-waiting-nominee"], WORDS)

    assert lines(card)[1] == "Eli Novak has been asked. You'll hear by Fri 4 December at the latest."
    assert "Ask this person" not in buttons(card)
    assert "Ask them" in titles(card)


def test_a_declined_nomination_is_shown_to_who_asked() -> None:
    said = lines(render(alert_views()["manager-declined"], WORDS))[1]

    assert said == 'Eli Novak can\'t take it over. Please name somebody else. Their words: "No time."'


def test_a_new_owner_ends_the_managers_part() -> None:
    card = render(alert_views()["manager-assigned"], WORDS)

    assert lines(card)[:2] == [
        '"Vendor Portal Sync" is looked after',
        "Eli Novak looks after it now. There is nothing left for you to do. Thank you.",
    ]


def test_the_fallback_gets_leads_and_no_way_to_pass_it_on() -> None:
    card = render(alert_views()["fallback"], WORDS)

    assert "Service reference: SNOW-4711" in lines(card)
    assert "Not my team" not in titles(card)


@pytest.mark.parametrize(
    ("reason", "path", "asked"),
    [
        (RouteReason.OWNER, EscalationPath.CURRENT_OWNERS, False),
        (RouteReason.ACCEPTED_NOMINEE, EscalationPath.PREVIOUS_OWNER_MANAGER, False),
        (RouteReason.NOMINATOR, EscalationPath.CURRENT_OWNERS, False),
        (RouteReason.NOMINATOR, EscalationPath.PREVIOUS_OWNER_MANAGER, True),
        (RouteReason.PREVIOUS_OWNER, EscalationPath.PREVIOUS_OWNER, True),
        (RouteReason.OWNER_MANAGER, EscalationPath.CURRENT_OWNERS, True),
        (RouteReason.FALLBACK, EscalationPath.UNROUTABLE, True),
        (RouteReason.ADMIN, EscalationPath.UNROUTABLE, False),
    ],
)
def test_every_reader_is_told_why_and_only_outsiders_are_asked_for_a_name(
    reason: RouteReason, path: EscalationPath, asked: bool
) -> None:
    said = lines(render(owner_view(reason=reason, path=path, on_behalf_of=BEN), WORDS))

    assert said[0].startswith("Who should look after") is asked
    assert any(line.startswith("Why you: ") for line in said)


def test_every_reason_has_its_words() -> None:
    for reason in RouteReason:
        assert render(owner_view(reason=reason), WORDS)


# ---------------------------------------------------------------- nominees and approvers


def test_a_nominee_learns_who_asks_what_it_means_and_what_happens_next() -> None:
    assert lines(render(samples.nominee_view(), WORDS))[:6] == [
        'Will you look after "Vendor Portal Sync"?',
        'Mia Tanaka asks you: "You worked on it with Ben last year."',
        "Urgent: its password runs out in 7 days, Thu 10 December, 14:20 (Berlin).",
        (
            "As owner you renew it in time; I remind you 30, 14 and 7 days before. You can then also change its settings and"
            " passwords."
        ),
        "If you accept: an administrator confirms, then I send you the link.",
        "If you decline: no harm, Mia Tanaka is told and can ask somebody else. Please answer by Fri 4 December.",
    ]


def test_a_nominee_accepts_declines_with_a_note_or_writes_to_who_asked() -> None:
    card = render(samples.nominee_view(), WORDS)

    assert buttons(card) == ["Accept", "Decline", "Chat with Mia"]
    assert {node["verb"] for node in executes(card)} == {"accept", "decline"}
    assert pressed(card, "Chat with Mia")["url"] == "https://teams.microsoft.com/l/chat/0/0?users=mia@contoso.com"
    assert pressed(card, "Accept")["data"] == {"nomination": "f" * 32, "v": 2}


def test_an_odd_address_makes_no_chat_link() -> None:
    asker = replace(MIA, user_principal_name="mia@contoso.com&message=<b>")

    assert "Chat with Mia" not in buttons(
        render(samples.nominee_view(nomination=samples.nomination(nominator=asker)), WORDS)
    )


def test_who_accepted_waits_for_an_administrator() -> None:
    said = lines(render(samples.nominee_view(NominationState.ACCEPTED), WORDS))[1]

    assert said.startswith("Thank you, Eli. Waiting for an administrator.")


def test_an_approver_sees_both_people_and_what_it_allows() -> None:
    card = render(samples.approval_view(), WORDS)

    assert lines(card)[0] == 'Make Eli Novak an owner of "Vendor Portal Sync"?'
    assert lines(card)[1].startswith("Mia Tanaka proposes Eli Novak (eli@contoso.com).")
    assert "Eli Novak said yes." in lines(card)
    assert any("An owner can add passwords" in line for line in lines(card))
    assert buttons(card) == ["Approve", "Do not approve", "Open in Entra"]


def test_where_owners_are_added_by_hand_the_steps_stand_on_the_card() -> None:
    said = lines(render(samples.approval_view(by_hand=True), WORDS))

    assert "2. Add eli@contoso.com as an owner." in said


def test_nobody_is_offered_to_approve_their_own_change() -> None:
    card = render(samples.approval_view(by_hand=True, verbs=("refresh",)), WORDS)

    assert executes(card) == []
    assert any(line.startswith("You are part of this change") for line in lines(card))


# ---------------------------------------------------------------- digests and lists


def test_a_digest_sorts_by_when_somebody_is_needed() -> None:
    said = lines(render(samples.digest_view(), WORDS))

    assert said[0] == "14 of your apps expire by Sat 2 January 2027"
    assert said[1] == "4 of 14 in hand."
    assert said[2:8] == [
        "This week and next",
        "Mon 7 Dec · Payroll Feed · client secret\N{NO-BREAK SPACE}›",
        "Thu 10 Dec · Travel Booking · certificate\N{NO-BREAK SPACE}›",
        "Within 14 days",
        "Mon 14 Dec · HR Mirror · client secret · Noor has it\N{NO-BREAK SPACE}›",
        "Wed 16 Dec · Badge Sync · client secret\N{NO-BREAK SPACE}›",
    ]
    assert said[8] == "Later: 10 more, the first on Fri 18 Dec\N{NO-BREAK SPACE}›"
    assert said[9] == "2 probably need nothing: a newer one exists\N{NO-BREAK SPACE}›"


def test_show_all_unfolds_everything_that_is_folded() -> None:
    card = render(samples.digest_view(), WORDS)
    folded = {node["id"] for node in nodes(card) if node.get("isVisible") is False}

    targets: list[Mapping[str, object]] = pressed(card, "Show all 16")["targetElements"]
    assert {target["elementId"] for target in targets} == folded == {"later", "calm"}
    assert all(target["isVisible"] for target in targets)


def test_a_line_of_a_digest_opens_its_alert() -> None:
    rows = [node for node in executes(render(samples.digest_view(), WORDS)) if node["verb"] == "open"]

    assert {"digest": "d" * 32, "alert": f"{10:032x}", "v": 3} in [row["data"] for row in rows]
    assert {"digest": "d" * 32} in [row["data"] for row in rows]


def test_tick_boxes_are_answered_together_and_lead_back() -> None:
    view = samples.digest_view(mode=DigestMode.CHOOSE, verbs=("acknowledge", "assignOwner", "notMine"))
    card = render(view, WORDS)
    ticks = next(node for node in of_type(card, "Input.ChoiceSet") if node["id"] == "alerts")

    assert len(ticks["choices"]) == 16
    assert ticks["choices"][0] == {"title": "Mon 7 Dec · Payroll Feed · client secret", "value": f"{10:032x}"}
    assert buttons(card) == ["I'll do these", "Hand these over", "Other answers", "Back to the list"]
    assert "associatedInputs" not in pressed(card, "I'll do these")


def test_what_the_last_answer_did_stands_on_the_digest() -> None:
    said = lines(render(samples.digest_view(notes=(("digest_answered", {"done": "2", "total": "3"}),)), WORDS))

    assert "2 of 3 answered." in said


def test_several_apps_that_match_can_be_chosen_between() -> None:
    card = render(samples.list_view(ListKind.CHOICES, query="snooze {app} 7", total=10), WORDS)
    typed = [
        node["selectAction"]["data"]["msteams"] for node in nodes(card) if "msteams" in str(node.get("selectAction"))
    ]

    assert typed[0] == {"type": "imBack", "value": f"snooze {samples.application('', 10).object_id} 7"}


def test_the_next_page_is_a_button() -> None:
    button = pressed(render(samples.list_view(), WORDS), "Show more")

    assert button["data"] == {"msteams": {"type": "imBack", "value": "my apps page 2"}}


# ---------------------------------------------------------------- admins


def test_status_accounts_for_everything_and_charts_it() -> None:
    card = render(samples.status_view(), WORDS)
    chart = of_type(card, "Chart.HorizontalBar")[0]

    assert lines(card)[0] == "Steward is well · Thu 3 December, 08:07"
    assert "1,113 credentials due within 30 days or expired, all accounted for" in lines(card)
    assert sum(bar["y"] for bar in chart["data"]) == 1_113
    assert "told 402, held 329, taken 171" in "".join(run["text"] for run in chart["fallback"]["inlines"])


def test_a_problem_is_the_first_thing_an_admin_reads() -> None:
    said = lines(render(views()["status-partial"], WORDS))

    assert said[0].startswith("Steward needs you")
    assert said[1].startswith("The last scan is incomplete: Graph answered 503 on page 6.")


# ---------------------------------------------------------------- notifications and links


def test_notifications_name_the_app_and_the_date() -> None:
    assert summary(owner_view(), WORDS) == "Invoice Export needs a new client secret by Sat 2 January 2027"
    assert summary(manager_view(), WORDS) == (
        "Please name who looks after Vendor Portal Sync; it stops on Thu 10 December"
    )
    assert summary(samples.nominee_view(), WORDS) == (
        "Will you look after Vendor Portal Sync? Please answer by Fri 4 December"
    )
    assert summary(samples.approval_view(role=NominationRole.APPROVER), WORDS).startswith("Vendor Portal Sync waits")
    assert summary(samples.digest_view(), WORDS).endswith("the first on Mon 7 December")


def link(application: Application, **settings: str) -> str:
    return str(pressed(render(owner_view(application=application), Words(**settings)), "Open in Entra")["url"])


def test_the_link_leads_to_the_apps_credentials_in_the_clouds_own_portal() -> None:
    app = samples.application()

    assert link(app) == (
        "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/"
        f"{app.app_id}/isMSAApp~/false"
    )
    assert link(app, portal_url="https://entra.microsoft.us/").startswith("https://entra.microsoft.us/#view/")
    assert f"/SignOn/objectId/{app.object_id}/" in link(replace(app, type=ApplicationType.ENTERPRISE_APP))


def test_an_own_page_for_renewing_gets_quoted_ids() -> None:
    app = replace(samples.application(), app_id="a/../b?c=d#e")

    assert link(app, renew_url="https://it.contoso.com/renew?app={app_id}&object={object_id}") == (
        f"https://it.contoso.com/renew?app=a%2F..%2Fb%3Fc%3Dd%23e&object={app.object_id}"
    )


@pytest.mark.parametrize("url", ["http://it.contoso.com/{app_id}", "javascript:alert(1)", "https://", "https://a b"])
def test_anything_but_https_is_not_linked_to(url: str) -> None:
    assert urlsplit(link(samples.application(), renew_url=url)).hostname == "entra.microsoft.com"


def test_is_https() -> None:
    assert is_https("https://help.contoso.com/x")
    assert not is_https("https://[bad")
    assert not is_https("")


def test_the_footer_leads_to_the_help_page() -> None:
    footer = render(owner_view(), WORDS)["body"][-1]

    assert footer["selectAction"] == {"type": "Action.OpenUrl", "url": WORDS.help_url}
    assert "selectAction" not in render(owner_view(), Words(help_url="http://x"))["body"][-1]


def test_a_digest_of_two_weeks_ends_on_sunday() -> None:
    sunday = datetime(2026, 12, 13, 22, 0, tzinfo=UTC)
    row = samples.digest_items()[0]
    late = replace(row, item=replace(row.item, credential=replace(secret(), end=sunday), days_left=10))
    monday = replace(row, item=replace(row.item, credential=replace(secret(), end=sunday + timedelta(hours=2))))

    said = lines(render(samples.digest_view(items=(late, monday)), WORDS))
    assert said[1:5] == [
        "This week and next",
        "Sun 13 Dec · Payroll Feed · client secret\N{NO-BREAK SPACE}›",
        "Within 14 days",
        "Mon 14 Dec · Payroll Feed · client secret\N{NO-BREAK SPACE}›",
    ]


def test_every_kind_of_view_has_a_drawer() -> None:
    own = {AlertView, NominationView}

    assert set(get_args(View)) == own | set(_DRAWERS)
