"""Every card in every form is one that Teams takes: elements, ids, verbs, data, size."""

import inspect
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

import pytest
from microsoft_teams.cards import core as teams
from playwright.sync_api import Page
from pydantic import BaseModel

from alerts.model import EventType, Person, Verb
from alerts.views import (
    AlertView,
    AppLine,
    DigestItem,
    DigestMode,
    ExplainView,
    HelpView,
    ListKind,
    NominationRole,
    NominationView,
    Outcome,
    Row,
    RowsView,
    ScanView,
    Sentence,
    SoFar,
    StatusReport,
    View,
)
from cards.pen import BUDGET, size
from cards.render import render, summary
from cards.text import CATALOGS
from cards.wording import speaks_to_owner
from tests.cards import forms, samples
from tests.cards.looking import buttons, executes, lines, nodes, of_type

VIEWS = forms.views()
NAMES = sorted(VIEWS)
PEOPLE = ("Ana", "Ben", "Mia", "Eli", "Tom", "Ada", "Noor", "Jan")
#: What a manager or a nominee never meets in the first five lines.
JARGON = {
    "en": ("tenant", "credential", "service principal", "graph", "app registration"),
    "de": ("mandant", "anmeldeinformation", "dienstprinzipal", "graph", "app-registrierung", "geheimnis", "tenant"),
    "fr": ("locataire", " tenant", "principal de service", "graph", "inscription d'application", "secret client"),
}


def card_of(name: str) -> dict[str, Any]:
    return render(VIEWS[name], samples.WORDS, teams_user_id=samples.TEAMS_USER)


def model_of(type_name: str) -> type[BaseModel]:
    """The class of microsoft-teams-cards for a type's name."""
    for _, model in inspect.getmembers(teams, inspect.isclass):
        if not issubclass(model, BaseModel):
            continue
        kind = model.model_fields.get("type")
        if kind is not None and get_origin(kind.annotation) is Literal and get_args(kind.annotation) == (type_name,):
            return model
    raise AssertionError(f"Teams knows no {type_name}")


MODELS = {kind: model_of(kind) for kind in {node["type"] for name in NAMES for node in nodes(card_of(name))}}

_PARSE = """(json) => {
  const { AdaptiveCard, SerializationContext, Versions } = window.AdaptiveCards;
  const context = new SerializationContext(Versions.v1_5);
  const card = new AdaptiveCard();
  card.parse(json, context);
  const said = [];
  for (let i = 0; i < context.eventCount; i++) said.push(context.getEventAt(i).message);
  for (const event of card.validateProperties().validationEvents) said.push(event.message);
  return said;
}"""


#: People pickers: Teams takes choices.data in cards of version 1.5, and needs no choices beside it.
PICKER = {
    'Property "choices.data" is supported in version 1.6, but you are using version 1.5.',
    "An Input.ChoiceSet must have at least one choice defined.",
}


def for_the_parser(card: dict[str, Any]) -> Any:
    # Its pattern for `lang` remembers where it stopped and refuses every other card (a global RegExp).
    return without_charts({name: value for name, value in card.items() if name != "lang"})


@pytest.mark.browser
def test_microsofts_own_parser_finds_nothing_to_remark(card_page: Page) -> None:
    said = {name: set(card_page.evaluate(_PARSE, for_the_parser(card_of(name)))) for name in NAMES}

    assert {name: remarks - PICKER for name, remarks in said.items() if remarks - PICKER} == {}


@pytest.mark.browser
def test_the_parser_does_remark_on_a_wrong_card(card_page: Page) -> None:
    card = card_of("owner")
    card["body"].append({"type": "Input.Text", "id": "note"})
    card["actions"].append({"type": "Action.Execute", "title": "x", "style": 7})
    card["body"].append({"type": "TextBlock", "size": "Gigantic", "text": "x"})

    assert len(card_page.evaluate(_PARSE, card)) >= 2


def without_charts(node: Any) -> Any:
    """As a client of version 1.5 without Teams' extensions sees it: the fallback in place of a chart."""
    if isinstance(node, list):
        return [without_charts(child) for child in node]
    if isinstance(node, dict):
        if str(node.get("type", "")).startswith("Chart."):
            return without_charts(node["fallback"])
        return {name: without_charts(child) for name, child in node.items()}
    return node


@pytest.mark.parametrize("name", NAMES)
def test_teams_knows_every_element_and_every_property(name: str) -> None:
    for node in nodes(card_of(name)):
        # The documentation writes "Full", the package "full"; Teams takes both.
        known = {**node, "msteams": {"width": "full"}} if "msteams" in node else dict(node)
        parsed = MODELS[node["type"]].model_validate(known)
        unknown = set(parsed.model_extra or {}) - {"$schema"}
        assert unknown == set(), node["type"]


@pytest.mark.parametrize("name", NAMES)
def test_names_stand_only_where_no_renderer_reads_markdown(name: str) -> None:
    """All text is in TextRuns; a TextBlock or a FactSet would interpret it."""
    assert of_type(card_of(name), "TextBlock", "FactSet") == []


@pytest.mark.parametrize("name", NAMES)
def test_no_input_id_stands_twice(name: str) -> None:
    ids = [node["id"] for node in nodes(card_of(name)) if node["type"].startswith("Input.")]

    assert len(ids) == len(set(ids))
    assert set(ids) <= {"days", "nominees", "note", "alerts"}


@pytest.mark.parametrize("name", NAMES)
def test_only_verbs_that_the_view_allows_are_offered(name: str) -> None:
    view = VIEWS[name]
    # Lists and digests let people look; looking is authorised by itself.
    allowed = {"refresh", "open", *getattr(view, "verbs", ())}

    assert {node["verb"] for node in executes(card_of(name))} <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_buttons_carry_opaque_ids_and_the_fallback_carries_the_same(name: str) -> None:
    for node in executes(card_of(name)):
        assert set(node["data"]) <= {"alert", "v", "nomination", "digest", "question"}
        assert all(isinstance(value, int) or value.isalnum() for value in node["data"].values())
        if "title" in node:
            fallback = node["fallback"]
            assert fallback["type"] == "Action.Submit"
            assert fallback["data"] == {**node["data"], "verb": node["verb"]}
            assert fallback["title"] == node["title"]


@pytest.mark.parametrize("name", NAMES)
def test_three_buttons_and_other_answers_at_most(name: str) -> None:
    titles = [title for title in buttons(card_of(name)) if title not in ("Other answers", "Back to the list", "More")]

    assert len(titles) <= 3
    assert all(0 < len(title) <= 40 for title in titles)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_says_who_sent_it(name: str) -> None:
    card = card_of(name)

    assert lines(card)[-1] == "Steward for Contoso · Questions: IT service desk, 4711"
    assert card["version"] == "1.5"
    assert card["msteams"] == {"width": "Full"}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_refreshes_for_its_reader_alone_and_only_if_that_is_allowed(name: str) -> None:
    view = VIEWS[name]
    refresh = card_of(name).get("refresh")
    if refresh is None:
        assert "refresh" not in getattr(view, "verbs", ())
        return

    assert refresh["userIds"] == [samples.TEAMS_USER]
    assert refresh["action"]["verb"] == "refresh"
    assert "refresh" not in render(view, samples.WORDS)


@pytest.mark.parametrize("name", NAMES)
def test_the_notification_names_no_person_and_is_never_empty(name: str) -> None:
    text = summary(VIEWS[name], samples.WORDS)

    assert text.strip()
    if not name.startswith("sentence"):
        assert not any(person in text.split() for person in PEOPLE)


def layman(view: View) -> bool:
    """Whether the reader need not know what an app registration is."""
    if isinstance(view, NominationView):
        return view.role is NominationRole.NOMINEE
    return isinstance(view, AlertView) and not speaks_to_owner(view)


@pytest.mark.parametrize("language", sorted(JARGON))
@pytest.mark.parametrize("name", [name for name in NAMES if layman(VIEWS[name])])
def test_managers_and_nominees_meet_no_jargon_in_the_first_lines(name: str, language: str) -> None:
    card = render(VIEWS[name], replace(samples.WORDS, language=language))
    first = " ".join(lines(card)[:5]).lower()

    assert [word for word in JARGON[language] if word in first] == []


LONG = "Ω" * 300


def crowd(number: int) -> tuple[Person, ...]:
    return tuple(samples.person(f"p{index}", f"{index} {LONG}") for index in range(number))


def stretched() -> dict[str, View]:
    """The longest that can be: 100 owners, 100 credentials, 200 alerts, long names everywhere."""
    app = replace(samples.application(LONG), notes=LONG * 5, reply_hosts=(LONG,) * 50)
    people = crowd(100)
    items = tuple(samples.item(samples.secret(30, LONG), number=number) for number in range(100))
    rows = tuple(DigestItem(application=app, item=item) for item in items * 2)
    apps = tuple(
        AppLine(
            application=app,
            credential=item.credential,
            days_left=30,
            owners=people,
            state="delivered",
            alert_id="a" * 32,
        )
        for item in items
    )
    records = tuple(samples.record(item.credential, people) for item in items)
    events = tuple(samples.event(EventType.NOTIFICATION_SENT, 3, LONG) for _ in range(100))
    spells = tuple(replace(spell, owners=(LONG,) * 100) for spell in samples.history_view().spells * 50)
    long_nomination = samples.nomination(application=app, note=LONG, nominee=people[0], nominator=people[1])
    return {
        "owner": samples.owner_view(*items, application=app, also_told=people, owner_count=100),
        "manager": samples.manager_view(
            application=app, suggestions=tuple((person, 3) for person in people[:3]), on_behalf_of=people[0],
            leads=(("notes", LONG), ("notificationEmails", LONG)),
        ),
        "nominee": samples.nominee_view(nomination=long_nomination),
        "approval": samples.approval_view(nomination=long_nomination, by_hand=True),
        "digest": samples.digest_view(items=rows),
        "digest-all": samples.digest_view(items=rows, show_all=True),
        "digest-choose": samples.digest_view(items=rows, mode=DigestMode.CHOOSE),
        "list": samples.list_view(lines=apps, total=12_000),
        "expiring": samples.list_view(ListKind.EXPIRING, lines=apps, total=12_000),
        "choices": samples.list_view(ListKind.CHOICES, lines=apps, query="status"),
        "app": samples.app_status_view(
            application=app, records=records, states={}, told=tuple((p, samples.NOW, "teams") for p in people)
        ),
        "history": samples.history_view(application=app, spells=spells, events=events),
        "alarm": replace(samples.alarm_view("scanPartial"), params=dict.fromkeys(("errors", "at", "difference"), LONG) | {"count": "2"}),
        "so-far": samples.manager_view(
            application=app,
            so_far=tuple(SoFar(person=each, at=samples.NOW, outcome=outcome) for each in people for outcome in Outcome),
        ),
        "hold": samples.held_view(by_department=tuple((f"{number} {LONG}", 9) for number in range(8))),
        "preview": samples.preview_view(
            shown=tuple(
                replace(samples.preview_view().shown[0], person=each, application=app) for each in people
            ),
            ahead=tuple((samples.NOW, 1_000, 2_000) for _ in range(400)),
        ),
        "rows": RowsView(
            kind="unreachable",
            total=12_000,
            now=samples.NOW,
            time_zone=samples.ZONE,
            rows=tuple(
                Row(
                    sentence=Sentence(key="row_not_told", params=dict.fromkeys(("person", "app", "why", "reason"), LONG)),
                    typed=f"status {'a' * 36}",
                )
                for _ in range(200)
            ),
        ),
        "why": ExplainView(
            about=samples.owner_view(*items, application=app, also_told=people),
            posted_at=samples.NOW, now=samples.NOW, time_zone=samples.ZONE,
        ),
        "question": replace(forms.questions()["question-leavers"], people=people, count=100),
        "scan": ScanView(run=samples.run(errors=(LONG,) * 100), time_zone=samples.ZONE),
    }  # fmt: skip


@pytest.mark.parametrize("language", sorted(CATALOGS))
@pytest.mark.parametrize("name", sorted(stretched()))
def test_the_longest_names_and_lists_stay_within_the_budget(name: str, language: str) -> None:
    words = replace(samples.WORDS, language=language, help_text=LONG, org_name=LONG)
    card = render(stretched()[name], words, teams_user_id=samples.TEAMS_USER)

    assert size(card) <= BUDGET == 25_000


def test_every_kind_of_view_is_stretched() -> None:
    unstretched = {Sentence, StatusReport, HelpView}

    assert {type(view) for view in stretched().values()} | unstretched == set(get_args(View))


@pytest.mark.parametrize("language", sorted(CATALOGS))
@pytest.mark.parametrize("name", NAMES)
def test_every_form_stays_within_the_budget(name: str, language: str) -> None:
    card = render(VIEWS[name], replace(samples.WORDS, language=language), teams_user_id=samples.TEAMS_USER)

    assert size(card) <= BUDGET


def test_what_does_not_fit_is_counted() -> None:
    card = render(stretched()["digest"], samples.WORDS)
    rows = [node for node in executes(card) if node["verb"] == Verb.OPEN and "alert" in node["data"]]

    left_out = next(line for line in lines(card, hidden=True) if "do not fit here" in line)
    assert 5 <= len(rows) < 200
    assert left_out.startswith(f"and {200 - len(rows)} more")
