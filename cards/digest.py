"""Many alerts for one person on one card (draft D), and its form with tick boxes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from alerts.model import RouteReason, Verb
from alerts.views import OF_APP, CardState, DigestItem, DigestMode, DigestView, Sentence
from cards.answers import days_input, item_data, note_input, people_picker
from cards.pen import Card, Element, Look, Pen, action_set, block, container, fitting, header, row, toggle
from cards.safe import Limit, Safe, clean
from cards.text import Piece, sentence_pieces
from cards.things import thing, urgency
from cards.wording import CLOSED, UNTAKEN, Line, short_state

#: Ids of what "Show all" unfolds.
LATER, CALM = "later", "calm"


@dataclass(kw_only=True)
class Groups:
    """The items by when they need somebody."""

    expired: list[DigestItem] = field(default_factory=list)
    weeks: list[DigestItem] = field(default_factory=list)
    fortnight: list[DigestItem] = field(default_factory=list)
    later: list[DigestItem] = field(default_factory=list)
    calm: list[DigestItem] = field(default_factory=list)
    closed: list[DigestItem] = field(default_factory=list)

    @property
    def live(self) -> list[DigestItem]:
        """Those that somebody must do something about."""
        return [*self.expired, *self.weeks, *self.fortnight, *self.later]


def grouped(items: Iterable[DigestItem], pen: Pen) -> Groups:
    """Each item in the first group that fits."""
    groups = Groups()
    today = pen.calendar.today()
    next_sunday = today + timedelta(days=13 - today.weekday())
    for item in items:
        end = item.item.credential.end
        day = pen.calendar.date_of(end) if end else today
        if item.item.state in CLOSED:
            groups.closed.append(item)
        elif item.item.state is CardState.SUPERSEDED:
            groups.calm.append(item)
        elif item.item.days_left < 0:
            groups.expired.append(item)
        elif day <= next_sunday:
            groups.weeks.append(item)
        elif day <= today + timedelta(days=14):
            groups.fortnight.append(item)
        else:
            groups.later.append(item)
    return groups


def draw(view: DigestView, pen: Pen, teams_user_id: str = "") -> Card:
    """The list, or the tick boxes; as many lines as fit."""
    groups = grouped(view.items, pen)
    one = _choose if view.mode is DigestMode.CHOOSE else _list
    return fitting(lambda most: one(view, groups, pen, most, teams_user_id), len(view.items))


# ---------------------------------------------------------------- the list


def _list(view: DigestView, groups: Groups, pen: Pen, most: int, teams_user_id: str) -> Card:
    rows = _Rows(view, pen, most)
    body = [*_head(view, groups, pen, _title(view, groups, pen))]
    for name, items in (("expired", groups.expired), ("weeks", groups.weeks), ("fortnight", groups.fortnight)):
        if items:
            body += [pen.line(f"digest.{name}", look=Look(spacing="Medium")), *rows.of(items)]
    folded = []
    if groups.later:
        alone = view.show_all or not (groups.expired or groups.weeks or groups.fortnight)
        body += _foldable(LATER, _later_line(groups, pen), rows.of(groups.later), folded=not alone)
        folded += [] if alone else [LATER]
    if calm := groups.calm + groups.closed:
        body += _foldable(CALM, _calm_line(groups, pen), rows.of(calm), folded=not view.show_all)
        folded += [] if view.show_all else [CALM]
    if rows.left_out:
        body.append(pen.line("digest.cut", count=rows.left_out))
    body += [block(line) for line in remarks(view, groups, pen)]
    return pen.card(
        body,
        _list_buttons(view, groups, pen, folded),
        summary=summary(view, pen),
        refresh={"digest": view.digest_id},
        teams_user_id=teams_user_id,
    )


class _Rows:
    """Draws rows until their number is used up."""

    def __init__(self, view: DigestView, pen: Pen, most: int) -> None:
        self._view, self._pen, self._room = view, pen, most
        self.left_out = 0

    def of(self, items: Sequence[DigestItem]) -> list[Element]:
        shown = items[: max(self._room, 0)]
        self._room -= len(shown)
        self.left_out += len(items) - len(shown)
        return [element for item in shown for element in (self._row(item), *_leads(item, self._pen))]

    def _row(self, item: DigestItem) -> Element:
        # No fallback here: renderers look for one on buttons only.
        data = item_data(item.item, self._view.digest_id)
        opened = {"type": "Action.Execute", "verb": str(Verb.OPEN), "data": data}
        return row(row_line(item, self._pen), opened)


def _leads(item: DigestItem, pen: Pen) -> list[Element]:
    """What may help to find out whose it is, in one line under its app."""
    found = []
    for name, value in item.leads:
        key = f"lead.{name}"
        text = Safe(clean(value, Limit.ADDRESS))
        known = key in pen.catalog.sentences
        found.append(
            pen.text(key, value=text)
            if known
            else pen.text("lead.other", label=Safe(clean(name, Limit.ADDRESS)), value=text)
        )
    if not found:
        return []
    return [pen.line("digest.leads", leads=Safe(" · ".join(found)), look=Look(subtle=True))]


def row_line(item: DigestItem, pen: Pen) -> Line:
    """Mon 7 Dec · Payroll Feed · client secret · Noor has it"""
    params: dict[str, object] = {
        "date": _day(item, pen),
        "app": pen.app(item.application.display_name),
        "thing": thing(pen, item.item.credential),
    }
    state = short_state(item.item, pen)
    return pen.pieces("digest.row.state", state=state, **params) if state else pen.pieces("digest.row", **params)


def _day(item: DigestItem, pen: Pen) -> Safe:
    end = item.item.credential.end
    return Safe(pen.calendar.short(end)) if end else Safe("")


def _foldable(name: str, line: Line, rows: list[Element], *, folded: bool) -> list[Element]:
    """A heading whose rows a tap unfolds."""
    if not rows:
        return [block(line, Look(spacing="Medium"))]
    heading = row(line, toggle([name]))
    return [heading | {"spacing": "Medium"}, container(rows, id=name, **({"isVisible": False} if folded else {}))]


def _later_line(groups: Groups, pen: Pen) -> Line:
    if not (groups.expired or groups.weeks or groups.fortnight):
        return pen.pieces("digest.later")
    return pen.pieces("digest.later.more", count=len(groups.later), date=_day(groups.later[0], pen))


def _calm_line(groups: Groups, pen: Pen) -> Line:
    if groups.calm:
        return pen.pieces("digest.calm", count=len(groups.calm))
    return pen.pieces("digest.closed", count=len(groups.closed))


def title_line(groups: Groups, pen: Pen) -> Line:
    """14 of your apps expire by 2 January"""
    live = groups.live
    count = len({item.application.object_id for item in live})
    ends = [item.item.credential.end for item in live if item.item.credential.end]
    if not live:
        return pen.pieces("digest.title.done")
    if not ends or max(ends) <= pen.calendar.now:
        return pen.pieces("digest.title.past", count=count)
    return pen.pieces("digest.title", count=count, date=pen.calendar.day(max(ends)))


def _title(view: DigestView, groups: Groups, pen: Pen) -> Line:
    if view.leaver is None or not groups.live:
        return title_line(groups, pen)
    count = len({item.application.object_id for item in groups.live})
    return pen.pieces("digest.title.handover", count=count)


def _head(view: DigestView, groups: Groups, pen: Pen, title: Line) -> list[Element]:
    days = min((item.item.days_left for item in groups.live if item.item.state in UNTAKEN), default=None)
    style = "good" if not groups.live else "emphasis" if days is None else urgency(days)
    head: list[Element] = [header(block(title, Look(size="Large", bold=True)), style)]
    head += [block(_note(key, params, pen)) for key, params in view.notes]
    total = [item for item in view.items if item.item.state is not CardState.SUPERSEDED]
    done = [item for item in total if item.item.state not in UNTAKEN]
    if done and groups.live:
        head.append(pen.line("digest.in_hand", done=len(done), total=len(total)))
    return head


def _note(key: str, params: Mapping[str, str], pen: Pen) -> Line:
    """What an answer to several came to; what is about one app begins with its name."""
    said = sentence_pieces(Sentence(key=key, params=params), pen.words)
    app = params.get(OF_APP, "")
    return (Piece(pen.app(app), True), Piece(": "), *said) if app else said


def remarks(view: DigestView, groups: Groups, pen: Pen) -> list[Line]:
    """Why you, how to answer, what happens otherwise."""
    own = view.reason in (RouteReason.OWNER, RouteReason.ACCEPTED_NOMINEE)
    lines = [pen.pieces("digest.why.owner" if own else "digest.why.other")]
    if view.leaver is not None:
        person = pen.person(view.leaver)
        manager = view.reason is RouteReason.PREVIOUS_OWNER_MANAGER
        lines = [pen.pieces("digest.why.handover" if manager else "digest.why.handover.other", person=person)]
    if groups.live:
        lines += [pen.pieces("digest.nothing"), pen.pieces("digest.tap")]
    return lines


def _list_buttons(view: DigestView, groups: Groups, pen: Pen, folded: Sequence[str]) -> list[Element]:
    buttons = []
    if groups.live:
        buttons.append(pen.button("digest.several", Verb.OPEN, {"digest": view.digest_id}, style="positive"))
    if folded:
        shown = [{"elementId": name, "isVisible": True} for name in folded]
        title = pen.inert("digest.all", count=len(view.items))
        buttons.append({"type": "Action.ToggleVisibility", "title": title, "targetElements": shown})
    return buttons


# ---------------------------------------------------------------- tick boxes


def _choose(view: DigestView, groups: Groups, pen: Pen, most: int, teams_user_id: str) -> Card:
    offered = groups.live + groups.calm
    choices = [_choice(item, pen) for item in offered[:most]]
    body = [*_head(view, groups, pen, pen.pieces("digest.title.choose")), pen.line("digest.tick")]
    if choices:
        # The label is read to those who cannot see the title.
        label = pen.inert("digest.tick")
        body.append(
            {
                "type": "Input.ChoiceSet",
                "id": "alerts",
                "label": label,
                "style": "expanded",
                "isMultiSelect": True,
                "wrap": True,
                "choices": choices,
            }
        )
        del body[-2]
    if len(offered) > most:
        body.append(pen.line("digest.cut", count=len(offered) - most))
    return pen.card(
        body,
        _choose_buttons(view, pen) if choices else [_back(view, pen)],
        summary=summary(view, pen),
        teams_user_id=teams_user_id,
    )


def _choice(item: DigestItem, pen: Pen) -> Element:
    title = pen.inert(
        "digest.choice",
        date=_day(item, pen),
        app=pen.app_title(item.application.display_name),
        thing=thing(pen, item.item.credential),
    )
    return {"title": title, "value": item.item.alert_id}


def _back(view: DigestView, pen: Pen) -> Element:
    return pen.button("button.back", Verb.REFRESH, {"digest": view.digest_id})


def _choose_buttons(view: DigestView, pen: Pen) -> list[Element]:
    data: dict[str, Any] = {"digest": view.digest_id}
    buttons = []
    if Verb.ACKNOWLEDGE in view.verbs:
        buttons.append(pen.button("digest.acknowledge", Verb.ACKNOWLEDGE, data, inputs=True, style="positive"))
    if Verb.ASSIGN_OWNER in view.verbs:
        ask = pen.button("verb.assignOwner", Verb.ASSIGN_OWNER, data, inputs=True)
        body = [people_picker(pen, ()), note_input(pen)]
        card = {"type": "AdaptiveCard", "body": body, "actions": [ask]}
        buttons.append({"type": "Action.ShowCard", "title": pen.inert("digest.assign"), "card": card})
    others: list[Element] = []
    if Verb.SNOOZE in view.verbs and view.snooze_days:
        others += [
            days_input(pen, view.snooze_days),
            action_set([pen.button("verb.snooze", Verb.SNOOZE, data, inputs=True)]),
        ]
    rest = [verb for verb in (Verb.RETIRE, Verb.NOT_MINE) if verb in view.verbs]
    if rest:
        others.append(action_set([pen.button(f"verb.{verb}", verb, data, inputs=True) for verb in rest]))
    if others:
        card = {"type": "AdaptiveCard", "body": others}
        buttons.append({"type": "Action.ShowCard", "title": pen.inert("button.other"), "card": card})
    return [*buttons, _back(view, pen)]


def summary(view: DigestView, pen: Pen) -> str:
    live = grouped(view.items, pen).live
    ends = [item.item.credential.end for item in live if item.item.credential.end]
    if not ends:
        return pen.inert("summary.digest.done")
    count = len({item.application.object_id for item in live})
    return pen.inert("summary.digest", count=count, date=pen.calendar.day(min(ends)))
