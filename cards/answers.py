"""The buttons under an alert, and "Other answers": only what the view says this person may press."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from alerts.model import Person, Verb
from alerts.views import AlertItem, AlertView, CardState
from cards.pen import Element, Look, Pen, action_set
from cards.safe import Limit, inert
from cards.wording import CLOSED, UNTAKEN
from cards.words import is_https

#: Where Teams looks people up; Source: learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/people-picker
PEOPLE = {"type": "Data.Query", "dataset": "graph.microsoft.com/users"}
MOST_BUTTONS = 3


def data_of(view: AlertView) -> dict[str, Any]:
    """Opaque ids of the card's most urgent alert; the core answers for all alerts of the card."""
    return item_data(view.items[0], view.digest_id)


def item_data(item: AlertItem, digest_id: str = "") -> dict[str, Any]:
    data: dict[str, Any] = {"alert": item.alert_id, "v": item.version}
    return data | ({"digest": digest_id} if digest_id else {})


def people_picker(pen: Pen, suggestions: Sequence[Person], label: str = "input.nominees") -> Element:
    """Several may be asked. Not required: a required input would block every other button of the card."""
    return {
        "type": "Input.ChoiceSet",
        "id": "nominees",
        "label": pen.inert(label),
        "placeholder": pen.inert("input.nominees.hint"),
        "isMultiSelect": True,
        "choices": [{"title": inert(person.name, Limit.PERSON), "value": person.id} for person in suggestions],
        "choices.data": dict(PEOPLE),
    }


def note_input(pen: Pen) -> Element:
    return {
        "type": "Input.Text",
        "id": "note",
        "label": pen.inert("input.note"),
        "placeholder": pen.inert("input.note.hint"),
        "isMultiline": True,
        "maxLength": 500,
    }


def days_input(pen: Pen, days: Sequence[int]) -> Element:
    """Lengths that will be granted, each with its date; the longest is chosen."""
    choices = []
    for count in days:
        date = pen.calendar.day(pen.calendar.now + timedelta(days=count))
        choices.append({"title": pen.inert("input.days.choice", count=count, date=date), "value": str(count)})
    return {
        "type": "Input.ChoiceSet",
        "id": "days",
        "label": pen.inert("input.days"),
        "style": "expanded",
        "value": str(days[-1]),
        "choices": choices,
    }


def alert_buttons(view: AlertView, pen: Pen) -> list[Element]:
    """Under an owner's card: two answers, the way to Entra, and all the rest."""
    if view.items[0].state in CLOSED:
        return _back(view, pen)
    data, verbs = data_of(view), view.verbs
    order = (Verb.ACKNOWLEDGE, Verb.RELEASE, Verb.RENEWED)
    main = [verb for verb in order if verb in verbs][: MOST_BUTTONS - 1]
    buttons = [_plain(pen, verb, data, view) for verb in main]
    buttons.append(pen.link("button.entra", pen.words.renew_link(view.application)))
    rest = [verb for verb in (*order, Verb.AUTOMATIC, Verb.RETIRE, Verb.NOT_MINE) if verb in verbs and verb not in main]
    picker = _hand_over(view, pen, data, "input.nominees.someone")
    body = [*_remind(view, pen, data), *picker, *_rest(pen, data, rest, view)]
    return [*buttons, *_other(pen, body), *_back(view, pen)]


def manager_buttons(view: AlertView, pen: Pen) -> list[Element]:
    """Under the card of somebody who is asked for a name; the picker itself stands in the card while it is open."""
    state = view.items[0].state
    if state in CLOSED:
        return _back(view, pen)
    data, verbs = data_of(view), view.verbs
    buttons, picker = [], []
    if state not in UNTAKEN:
        picker = _hand_over(view, pen, data, "input.nominees.else")
    elif Verb.ASSIGN_OWNER in verbs:
        buttons.append(pen.button("verb.assignOwner.manager", Verb.ASSIGN_OWNER, data, inputs=True, style="positive"))
    order = (Verb.NOT_MINE, Verb.RELEASE, Verb.ACKNOWLEDGE)
    main = [verb for verb in order if verb in verbs][: 1 if Verb.NOT_MINE in verbs else 2]
    buttons += [_manager(pen, verb, data, view) for verb in main]
    rest = [verb for verb in (*order, Verb.RENEWED, Verb.RETIRE) if verb in verbs and verb not in main]
    body = [*_remind(view, pen, data), *picker, *_rest(pen, data, rest, view, manager=True)]
    if is_https(pen.words.help_url):
        body.append(action_set([pen.link("button.help", pen.words.help_url)]))
    return [*buttons, *_other(pen, body), *_back(view, pen)]


# ---------------------------------------------------------------- pieces


def _plain(pen: Pen, verb: Verb, data: Mapping[str, Any], view: AlertView) -> Element:
    key = f"verb.{verb}"
    style = "positive" if verb is Verb.ACKNOWLEDGE and view.items[0].state in UNTAKEN else ""
    if verb is Verb.ACKNOWLEDGE and view.items[0].state is CardState.TAKEN_BY_OTHER:
        key = "verb.acknowledge.instead"
    if verb is Verb.RELEASE and view.items[0].state is CardState.SNOOZED:
        key = "verb.release.snoozed"
    return pen.button(key, verb, data, inputs=verb in (Verb.NOT_MINE, Verb.RETIRE), style=style)


def _manager(pen: Pen, verb: Verb, data: Mapping[str, Any], view: AlertView) -> Element:
    if verb is Verb.RELEASE:
        return _plain(pen, verb, data, view)
    return pen.button(f"verb.{verb}.manager", verb, data, inputs=verb in (Verb.NOT_MINE, Verb.RETIRE))


def _other(pen: Pen, body: list[Element]) -> list[Element]:
    if not body:
        return []
    card = {"type": "AdaptiveCard", "body": body}
    return [{"type": "Action.ShowCard", "title": pen.inert("button.other"), "card": card}]


def _back(view: AlertView, pen: Pen) -> list[Element]:
    if not view.digest_id:
        return []
    return [pen.button("button.back", Verb.REFRESH, {"digest": view.digest_id})]


def _remind(view: AlertView, pen: Pen, data: Mapping[str, Any]) -> list[Element]:
    if Verb.SNOOZE not in view.verbs or not view.snooze_days:
        return []
    return [days_input(pen, view.snooze_days), action_set([pen.button("verb.snooze", Verb.SNOOZE, data, inputs=True)])]


def _hand_over(view: AlertView, pen: Pen, data: Mapping[str, Any], label: str) -> list[Element]:
    if Verb.ASSIGN_OWNER not in view.verbs:
        return []
    picker = people_picker(pen, [person for person, _ in view.suggestions], label)
    ask = pen.button("verb.assignOwner", Verb.ASSIGN_OWNER, data, inputs=True)
    return [picker, note_input(pen), action_set([ask])]


def _rest(
    pen: Pen, data: Mapping[str, Any], verbs: Sequence[Verb], view: AlertView, *, manager: bool = False
) -> list[Element]:
    if not verbs:
        return []
    draw = _manager if manager else _plain
    return [
        pen.line("other.rest", look=Look(subtle=True, size="Small")),
        action_set([draw(pen, verb, data, view) for verb in verbs]),
    ]
