"""The catalog: every key is used, every key used exists, every sentence can be filled in."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.ledger import LedgerState
from alerts.model import Channel, EventType, NominationState, Person
from alerts.views import CommandHelp, MailView, Sentence
from cards import text
from cards.dates import Calendar, zone_label
from cards.email import render_mail
from cards.patterns import Entry, Plural
from cards.render import render, summary
from cards.text import ENGLISH, SENTENCES, catalog_of, parameters, render_sentence
from cards.text_en import DATES
from cards.words import Words
from tests.cards import forms, samples
from tests.cards.samples import WORDS

ROOT = Path(__file__).resolve().parent.parent.parent
#: Sentences that the core promises to need; see the contract of `alerts.views.Sentence`.
PROMISED = [
    "refused",
    "already_done",
    "closed",
    "snoozed_until",
    "snooze_not_possible",
    "nomination_sent",
    "nominee_is_owner",
    "nominee_not_possible",
    "nominee_self",
    "owner_assigned",
    "owner_assigned_you",
    "nomination_declined",
    "nomination_expired",
    "approval_late",
    "nomination_rejected",
    "owner_change_refused",
    "owner_by_hand",
    "not_understood",
    "no_such_app",
    "admins_only",
    "scan_started",
    "scan_running",
    "scan_done",
    "graph_unreachable",
    "help_intro",
    "thanks",
    "what_am_i",
    "renewed_found",
    "renewed_not_yet",
    "renewed_gone",
    "digest_answered",
]


class Recorder(dict[str, Entry]):
    """Remembers which keys were looked up."""

    def __init__(self, sentences: Mapping[str, Entry]) -> None:
        super().__init__(sentences)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> Entry:
        self.used.add(key)
        return super().__getitem__(key)


def mails() -> Iterator[MailView]:
    expired = samples.owner_view(samples.item(samples.secret(-2)))
    owner, manager = samples.owner_view(), samples.manager_view()
    for alerts in ((owner,), (manager,), (owner, manager), (expired,), (owner,) * 40):
        yield samples.mail_view(*alerts)
    for nomination in (samples.nominee_view(), samples.approval_view()):
        yield samples.mail_view(nominations=(nomination,), no_teams=True)
    yield samples.mail_view(infos=(Sentence(key="owner_assigned"),), recipient=Person(id="x"))
    yield samples.mail_view(infos=(Sentence(key="alarm.over.mail"),))
    yield samples.mail_view()


def test_every_key_of_the_cards_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(SENTENCES)
    monkeypatch.setitem(text.CATALOGS, "en", replace(ENGLISH, sentences=recorder))
    catalog_of.cache_clear()
    try:
        for view in forms.views().values():
            render(view, WORDS)
            summary(view, WORDS)
        for words in (Words(), Words(org_name="Contoso"), Words(help_text="4711")):
            render(Sentence(key="refused"), words)
        for mail in mails():
            render_mail(mail, WORDS)
        for key in SENTENCES:
            if "." not in key:
                render_codes(key)
    finally:
        catalog_of.cache_clear()

    dotted = {key for key in SENTENCES if "." in key}
    assert sorted(dotted - recorder.used) == []


def render_codes(key: str) -> None:
    for code in (each for each in SENTENCES if each.startswith(f"{key}.")):
        value = code.removeprefix(f"{key}.")
        render_sentence(Sentence(key=key, params={"why": value, "reason": value, "note": "x"}), WORDS)


def test_every_state_event_and_channel_has_words() -> None:
    needed = {f"state.{state}.ledger" for state in LedgerState} | {f"event.{event}" for event in EventType}
    needed |= {f"channel.{channel}" for channel in Channel} | set(PROMISED)

    assert sorted(needed - set(SENTENCES)) == []


def calls() -> Iterator[tuple[str, str]]:
    """(file, key) of every sentence that the core and the bot name."""
    for file in [*(ROOT / "alerts").glob("*.py"), *(ROOT / "bot").glob("*.py"), *(ROOT / "scanner").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            wanted = {"Sentence": "key", "Command": "sentence", "message": "sentence"}.get(name)
            values = [each.value for each in node.keywords if each.arg == wanted] if wanted else []
            if name == "told" and len(node.args) > 1:
                values.append(node.args[1])
            for value in values:
                for constant in ast.walk(value):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield file.name, constant.value


def test_every_sentence_that_the_core_and_the_bot_name_exists() -> None:
    # Parts of f-strings ("scan_") are the beginning of a key.
    unknown = {
        (file, key)
        for file, key in calls()
        if key not in SENTENCES and not (key.endswith("_") and any(each.startswith(key) for each in SENTENCES))
    }

    assert unknown == set()
    assert len(set(calls())) > 20


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_every_sentence_can_be_filled_in(key: str) -> None:
    said = render_sentence(Sentence(key=key, params=dict.fromkeys(parameters(key), "2")), WORDS)

    assert "{" not in said
    assert "**" not in said


@pytest.mark.parametrize("key", sorted(key for key in SENTENCES if "." not in key))
def test_a_sentence_whose_parameters_were_forgotten_is_still_said(key: str) -> None:
    assert "{" not in render_sentence(Sentence(key=key), WORDS)


def test_both_forms_of_a_plural_take_the_same_parameters_but_for_the_number() -> None:
    def named(form: str) -> set[str]:
        return set(text._PARAMETER.findall(form))

    for key, entry in SENTENCES.items():
        if isinstance(entry, Plural):
            assert named(entry.one) | {entry.count} == named(entry.other) | {entry.count}, key


def test_bold_begins_and_ends_in_every_pattern() -> None:
    for key, entry in SENTENCES.items():
        for form in entry.forms() if isinstance(entry, Plural) else (entry,):
            assert form.count("**") % 2 == 0, key


def test_an_unknown_key_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        render_sentence(Sentence(key="no_such_key"), WORDS)


def test_an_unknown_language_is_answered_in_english() -> None:
    assert catalog_of("pt-BR") is ENGLISH
    assert catalog_of("en_GB") is ENGLISH
    assert catalog_of("") is ENGLISH


# ---------------------------------------------------------------- parameters of sentences


def said(key: str, **params: str) -> str:
    return render_sentence(Sentence(key=key, params=params), WORDS)


def test_a_time_is_said_in_words_in_the_given_zone() -> None:
    until = "2027-01-02T13:20:00+00:00"

    assert said("snoozed_until", date=until, zone="Europe/Berlin", why="stage") == (
        "Quiet until Sat 2 January 2027, 14:20 (Berlin). Longer is not possible: the last reminder comes then."
    )
    assert "13:20 (UTC)" in said("snoozed_until", date=until)


def test_what_is_no_time_is_said_as_it_stands() -> None:
    assert said("nomination_sent", names="Eli Novak", when="tomorrow").endswith("by tomorrow at the latest.")
    assert "2027-01-02" in said("snoozed_until", date="2027-01-02")


def test_several_names_are_joined_as_people_do() -> None:
    assert said("nomination_sent", names="Eli\nNoor\nJan", when="Monday").startswith("Eli, Noor and Jan asked.")


def test_a_reason_that_is_known_gets_words_and_another_is_quoted() -> None:
    assert said("snooze_not_possible", why="tooLate") == "I can't stay quiet about this one. It expires too soon."
    assert said("owner_change_refused", person="Eli", app="X", reason="odd").endswith("as owner of X: odd")


def test_an_empty_note_is_not_quoted() -> None:
    assert "words" not in said("nomination_declined", person="Eli", app="X", note="  ")
    assert said("nomination_declined", person="Eli", app="X", note="no time").endswith('Their words: "no time"')


def test_a_refusal_says_the_same_to_everybody() -> None:
    assert said("refused") == said("refused", app="Payroll", person="Ana") == "I can't do that for you here."


def test_help_has_a_sentence_for_every_command() -> None:
    from bot.commands import COMMANDS

    assert all(isinstance(command.help(), CommandHelp) and SENTENCES[command.sentence] for command in COMMANDS)


# ---------------------------------------------------------------- dates


def calendar(zone: str = "Europe/Berlin", now: datetime = samples.NOW) -> Calendar:
    return Calendar(words=DATES, zone=zone, now=now)


def test_the_year_is_said_when_it_is_not_this_one() -> None:
    at = datetime(2027, 1, 2, 13, 20, tzinfo=UTC)

    assert calendar().moment(at) == "Sat 2 January 2027, 14:20 (Berlin)"
    assert calendar().day(at - timedelta(days=3)) == "Wed 30 December"
    assert calendar().short(at) == "Sat 2 Jan 2027"
    assert calendar().full(date(2026, 3, 12)) == "Thu 12 March 2026"


def test_midnight_belongs_to_the_readers_day() -> None:
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)

    assert calendar("Europe/Berlin").day(at) == "Fri 1 January 2027"
    assert calendar("America/New_York").moment(at) == "Thu 31 December, 18:30 (New York)"


def test_summer_time_is_kept() -> None:
    assert calendar().clock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)) == "14:00"


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Europe/Berlin", "Berlin"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT+5", "UTC-5"),
        ("", "UTC"),
        ("Nowhere/Atlantis", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("Europe", "UTC"),
        ("\x00", "UTC"),
    ],
)
def test_a_zone_is_named_by_its_city(zone: str, label: str) -> None:
    assert zone_label(zone) == label


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_can_be_written(zone: str) -> None:
    assert "9999" in calendar(zone).moment(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert calendar(zone).moment(datetime(1, 1, 1, tzinfo=UTC))


def test_every_nomination_state_is_drawn() -> None:
    drawn = forms.views()

    assert all(f"nominee-{state}" in drawn and f"approval-{state}" in drawn for state in NominationState)
