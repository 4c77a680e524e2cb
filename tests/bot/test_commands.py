"""What people type and what Steward understands."""

import pytest

from alerts.model import Role
from alerts.views import HelpView, Sentence
from bot import commands, phrases
from tests.bot.channel import ADA, ANA
from tests.bot.house import Desk

APP = "0f8fad5b-d9cb-469f-a165-70867728950e"


async def asked(text, person=ANA):
    desk = Desk()
    view = await commands.answer(desk, person, text)
    return (desk.asked[0] if desk.asked else None), view


UNDERSTOOD = [
    ("my apps", ("my_apps", ANA, 1)),
    ("My  Apps.", ("my_apps", ANA, 1)),
    ("<at>Steward</at> my apps", ("my_apps", ANA, 1)),
    ('<p><at id="0">Steward Bot</at>&nbsp;<b>MY APPS</b></p>', ("my_apps", ANA, 1)),
    ("/my apps", ("my_apps", ANA, 1)),
    ("my\u00a0apps\u200b", ("my_apps", ANA, 1)),
    ("my apps page 3", ("my_apps", ANA, 3)),
    ("status Payroll Feed", ("app_status", ANA, "Payroll Feed")),
    ("STATUS 'Payroll Feed'?", ("app_status", ANA, "Payroll Feed")),
    ("status \u201ePayroll Feed\u201c", ("app_status", ANA, "Payroll Feed")),
    ("status", ("my_apps", ANA, 1)),
    (f"status {APP}", ("app_status", ANA, APP)),
    ("status <script>alert(1)</script>", ("app_status", ANA, "<script>alert(1)</script>")),
    ("snooze Payroll Feed 7", ("snooze", ANA, "Payroll Feed", 7)),
    ("snooze Payroll Feed for 7 days", ("snooze", ANA, "Payroll Feed", 7)),
    ("snooze Payroll Feed 2 weeks", ("snooze", ANA, "Payroll Feed", 14)),
    ("snooze Payroll Feed, 3d", ("snooze", ANA, "Payroll Feed", 3)),
    ("snooze App 365 7", ("snooze", ANA, "App 365", 7)),
    ("snooze Payroll 99999", None),
    ("snooze Payroll 9999", ("snooze", ANA, "Payroll", 3650)),
    ("snooze Payroll 0", None),
    ("snooze Payroll", None),
    ("snooze 7", None),
    ("snooze", None),
    ("assign Payroll Feed to Eli Novak", ("assign", ANA, "Payroll Feed", "Eli Novak")),
    ("assign Payroll Feed -> eli@contoso.com", ("assign", ANA, "Payroll Feed", "eli@contoso.com")),
    ("assign Payroll Feed eli@contoso.com", ("assign", ANA, "Payroll Feed", "eli@contoso.com")),
    (f"assign Payroll Feed {APP}", ("assign", ANA, "Payroll Feed", APP)),
    ('assign "Gate to Hell" Eli Novak', ("assign", ANA, "Gate to Hell", "Eli Novak")),
    ('assign "Gate to Hell" to "Eli Novak"', ("assign", ANA, "Gate to Hell", "Eli Novak")),
    ("assign Gate to Hell to Eli", ("assign", ANA, "Gate to Hell", "Eli")),
    ("assign Payroll Eli", ("assign", ANA, "Payroll", "Eli")),
    ("assign Payroll Feed Eli Novak", ("assign", ANA, "Payroll Feed Eli", "Novak")),
    ("assign Payroll", None),
    ("assign", None),
]


@pytest.mark.parametrize(("text", "wanted"), UNDERSTOOD)
async def test_a_line_is_understood(text, wanted):
    got, view = await asked(text)

    assert got == wanted
    if wanted is None:
        assert isinstance(view, Sentence)
        assert view.key == "command_usage"


GERMAN_AND_FRENCH = [
    ("Meine Apps", ("my_apps", ANA, 1)),
    ("meine Apps Seite 2", ("my_apps", ANA, 2)),
    ("Mes applications.", ("my_apps", ANA, 1)),
    ("Stand Payroll Feed", ("app_status", ANA, "Payroll Feed")),
    ("État « Payroll Feed »", ("app_status", ANA, "Payroll Feed")),
    ("später Payroll Feed für 2 Wochen", ("snooze", ANA, "Payroll Feed", 14)),
    ("später Payroll Feed 7 Tage", ("snooze", ANA, "Payroll Feed", 7)),
    ("reporter Payroll Feed pendant 7 jours", ("snooze", ANA, "Payroll Feed", 7)),
    ("reporter Payroll Feed 2 semaines", ("snooze", ANA, "Payroll Feed", 14)),
    ("übergeben Payroll Feed an Eli Novak", ("assign", ANA, "Payroll Feed", "Eli Novak")),
    ("confier Payroll Feed à Eli Novak", ("assign", ANA, "Payroll Feed", "Eli Novak")),
    ("später", None),
    ("ablaufend in 2 Wochen", ("expiring", ADA, 14, 1)),
    ("échéances sous 10 jours page 2", ("expiring", ADA, 10, 2)),
    ("ohne Besitzer", ("ownerless", ADA, 1)),
    ("Verlauf Payroll Feed", ("history", ADA, "Payroll Feed")),
    ("Prüfen!", ("scan", ADA)),
    ("analyser", ("scan", ADA)),
]


@pytest.mark.parametrize(("text", "wanted"), GERMAN_AND_FRENCH)
async def test_a_line_is_understood_in_german_and_french_whatever_the_reader_speaks(text, wanted):
    got, _ = await asked(text, wanted[1] if wanted else ANA)

    assert got == wanted


ADMIN = [
    ("status", ("status", ADA)),
    ("expiring", ("expiring", ADA, 30, 1)),
    ("expiring 60", ("expiring", ADA, 60, 1)),
    ("expiring in 2 weeks", ("expiring", ADA, 14, 1)),
    ("expiring 60 page 2", ("expiring", ADA, 60, 2)),
    ("expiring page 2", ("expiring", ADA, 30, 2)),
    ("expiring 0", ("expiring", ADA, 0, 1)),
    ("expiring soon", None),
    ("ownerless", ("ownerless", ADA, 1)),
    ("Ownerless page 4", ("ownerless", ADA, 4)),
    ("history Payroll Feed", ("history", ADA, "Payroll Feed")),
    ("history", None),
    ("go pilot", ("go", ADA, "pilot")),
    ("Go ALL", ("go", ADA, "on")),
    ("los alle", ("go", ADA, "on")),
    ("go", None),
    ("go home", None),
    ("pause wrong names on the cards", ("pause", ADA, None, "wrong names on the cards")),
    ("pause 4 wrong names", ("pause", ADA, 4, "wrong names")),
    ("pause 4h: wrong names", ("pause", ADA, 4, "wrong names")),
    ("pause 2 days wrong names", ("pause", ADA, 48, "wrong names")),
    ("pause 365 is down", ("pause", ADA, 365, "is down")),
    ("pause", None),
    ("pause 4", None),
    ("pause 0 why", None),
    ("resume", ("resume", ADA)),
    ("recall 20261203T060000Z-0a1b2c3d", ("recall", ADA, "20261203T060000Z-0a1b2c3d")),
    ("recall", ("recall", ADA, "")),
    ("preview", ("preview", ADA, 1)),
    ("Vorschau", ("preview", ADA, 1)),
    ("preview page 3", ("preview", ADA, 3)),
    ("preview of what", None),
    ("scan", ("scan", ADA)),
    ("Scan now!", ("scan", ADA)),
]


@pytest.mark.parametrize(("text", "wanted"), ADMIN)
async def test_admins_ask_more(text, wanted):
    got, _ = await asked(text, ADA)

    assert got == wanted


@pytest.mark.parametrize(
    "text",
    ["expiring", "ownerless", "history Payroll", "scan", "go all", "pause x", "resume", "recall", "preview"],
)
async def test_everybody_else_is_told_that_it_is_for_admins(text):
    got, view = await asked(text)

    assert got is None
    assert view == Sentence(key="admins_only")


EVERYBODYS = ["help", "my apps", "why", "status", "snooze", "assign"]
ONLY_ADMINS = {"scan", "exclude", "include", "unsnooze", "go", "pause", "resume", "recall", "preview"}


def test_help_lists_what_a_role_may_use():
    names = {role: [command.name for command in commands.help_view(role).commands] for role in Role}

    assert names[Role.MEMBER] == EVERYBODYS
    assert names[Role.ADMIN] == [command.name for command in commands.COMMANDS]
    assert names[Role.SUPPORT] == [name for name in names[Role.ADMIN] if name not in ONLY_ADMINS]


@pytest.mark.parametrize("text", ["help", "HELP", "?", "hello", "", "   ", "<at>Steward</at>"])
async def test_help_and_nothing_at_all_are_answered_with_help(text):
    _, view = await asked(text)

    assert isinstance(view, HelpView)
    assert not view.greeting


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("statis Payroll", "status <app>"),
        ("mi apps please", "my apps"),
        ("snoze x 3", "snooze <app> <days>"),
        ("hepl", "help"),
    ],
)
async def test_an_unknown_word_is_answered_with_the_nearest_command(text, nearest):
    got, view = await asked(text)

    assert got is None
    assert view == Sentence(key="unknown_command_nearest", params={"nearest": nearest})


async def test_the_nearest_command_is_one_that_the_asker_may_use():
    _, member = await asked("ownerles")
    _, admin = await asked("ownerles", ADA)

    assert member == Sentence(key="unknown_command")
    assert admin == Sentence(key="unknown_command_nearest", params={"nearest": "ownerless"})


AADSTS = (
    "AADSTS7000222: The provided client secret keys for app '0f8fad5b-d9cb-469f-a165-70867728950e' are expired. "
    "Trace ID: 11111111-1111-1111-1111-111111111111 Correlation ID: 22222222-2222-2222-2222-222222222222"
)


@pytest.mark.parametrize(
    "text",
    [
        AADSTS,
        APP,
        APP.upper(),
        f"AADSTS700016: Application with identifier '{APP}' was not found in the directory",
        f"error AADSTS700027 {APP}",
    ],
)
async def test_a_pasted_error_is_answered_with_the_app_it_names(text):
    got, _ = await asked(text)

    assert got is not None
    assert got[:3] == ("app_status", ANA, APP)


@pytest.mark.parametrize("text", ["x" * 100_000, "\u202estatus", "%s {0}", "\x00", "<at>" * 3000, "a " * 5000])
async def test_strange_lines_are_answered_quickly_and_calmly(text):
    _, view = await asked(text)

    assert view is not None


def test_names_and_aliases_are_unique_and_lower_case():
    names = [name for command in commands.COMMANDS for name in command.names]

    assert len(names) == len(set(names))
    assert names == [name.lower() for name in names]


def test_every_usage_begins_with_the_name_and_is_understood_as_that_command():
    for command in commands.COMMANDS:
        assert command.usage.startswith(command.name)
        found = commands.find(phrases.clean(command.usage)) if command.takes_rest else commands.find(command.name)
        assert found is not None
        assert found[0] is command


FOR_ADMINS = [
    ("expired", ("expired", ADA, 30, 1)),
    ("expired 7 page 2", ("expired", ADA, 7, 2)),
    ("unreachable", ("unreachable", ADA, 1)),
    ("nominations page 3", ("nominations", ADA, 3)),
    ("Snoozed", ("snoozed", ADA, 1)),
    ("retired", ("retired", ADA, 1)),
    ("excluded", ("excluded", ADA, 1)),
    ("last scan", ("last_scan", ADA)),
    ("letzte Prüfung", ("last_scan", ADA)),
    ("exclude Payroll Feed until 2027-03-31 moves away", ("exclude", ADA, "Payroll Feed", "2027-03-31", "moves away")),
    ('exclude "Gate until Hell" until 1.4.2027 gone', ("exclude", ADA, "Gate until Hell", "2027-04-01", "gone")),
    ("exclude Payroll until 1st March 2027: gone", ("exclude", ADA, "Payroll", "2027-03-01", "gone")),
    ("ausnehmen Payroll bis zum 1. März 2027 zieht um", ("exclude", ADA, "Payroll", "2027-03-01", "zieht um")),
    ("exclure Payroll jusqu'au 1er août 2027 fermeture", ("exclude", ADA, "Payroll", "2027-08-01", "fermeture")),
    ("exclude Payroll until 2027-03-31", None),
    ("exclude Payroll until 3/4/2027 gone", None),
    ("exclude Payroll", None),
    ("include Payroll Feed", ("include", ADA, "Payroll Feed")),
    ("unsnooze 'Payroll Feed'", ("unsnooze", ADA, "Payroll Feed")),
    ("unsnooze", None),
    ("snoozed Payroll", None),
]


@pytest.mark.parametrize(("text", "wanted"), FOR_ADMINS)
async def test_what_admins_ask_is_understood(text, wanted):
    got, view = await asked(text, ADA)

    assert got == wanted
    if wanted is None:
        assert isinstance(view, Sentence)
        assert view.key == "command_usage"


@pytest.mark.parametrize("text", [text for text, wanted in FOR_ADMINS if wanted])
async def test_others_are_told_that_only_admins_ask_that(text):
    got, view = await asked(text, ANA)

    assert (got, view) == (None, Sentence(key="admins_only"))


async def test_a_day_that_does_not_exist_is_said():
    assert (await asked("exclude Payroll until 2027-02-31 gone", ADA))[1] == Sentence(key="exclude_no_date")


SMALL_TALK = [
    ("Who are you?", "what_am_i"),
    ("what is this", "what_am_i"),
    ("wer bist du?", "what_am_i"),
    ("Is this phishing?", "is_phishing"),
    ("is this a scam?!", "is_phishing"),
    ("thanks!", "thanks"),
    ("Merci beaucoup", "thanks"),
    ("STOP", "stop_answer"),
    ("unsubscribe", "stop_answer"),
]


@pytest.mark.parametrize(("text", "key"), SMALL_TALK)
async def test_small_talk_gets_an_answer(text, key):
    assert (await asked(text))[1] == Sentence(key=key)


@pytest.mark.parametrize("text", ["hi", "Hello!", ""])
async def test_a_greeting_shows_what_can_be_asked(text):
    assert isinstance((await asked(text))[1], HelpView)


async def test_help_and_menu_leave_small_talk_out():
    view = commands.help_view(Role.ADMIN)
    assert [c.usage for c in view.commands] == [c.usage for c in commands.COMMANDS]
