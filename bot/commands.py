"""The command table: everything that can be typed to Steward, who may, and what it calls.

`help`, the command menu of the Teams app and the docs are made from this table; what is not in it does not exist.
"""

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from typing import Protocol

from alerts.model import Role
from alerts.sending import Sending
from alerts.views import AppListView, CommandHelp, HelpView, Sentence, View
from bot import phrases
from cards.text import CATALOGS


class Desk(Protocol):
    """What commands ask of the core (alerts/desk.py); each decides itself who may see what."""

    async def role_of(self, person_id: str) -> Role: ...
    async def status(self, person_id: str) -> View: ...
    async def expiring(self, person_id: str, days: int, page: int) -> View: ...
    async def ownerless(self, person_id: str, page: int) -> View: ...
    async def my_apps(self, person_id: str, page: int) -> View: ...
    async def expired(self, person_id: str, days: int, page: int) -> View: ...
    async def unreachable(self, person_id: str, page: int) -> View: ...
    async def nominations(self, person_id: str, page: int) -> View: ...
    async def snoozed(self, person_id: str, page: int) -> View: ...
    async def retired(self, person_id: str, page: int) -> View: ...
    async def excluded(self, person_id: str, page: int) -> View: ...
    async def last_scan(self, person_id: str) -> View: ...
    async def why(self, person_id: str) -> View: ...
    async def exclude(self, person_id: str, query: str, until: date, reason: str) -> View: ...
    async def include(self, person_id: str, query: str) -> View: ...
    async def unsnooze(self, person_id: str, query: str) -> View: ...
    async def app_status(self, person_id: str, query: str, *, asked: str = "") -> View: ...
    async def history(self, person_id: str, query: str) -> View: ...
    async def snooze(self, person_id: str, query: str, days: int) -> View: ...
    async def assign(self, person_id: str, query: str, person_text: str) -> View: ...
    async def scan(self, person_id: str) -> View: ...
    @property
    def sending(self) -> "SendingDesk | None": ...
    async def greet(self, person_id: str) -> View | None:
        """What to say at first contact, None when it was said already."""


class SendingDesk(Protocol):
    """What admins decide about sending (alerts/sending_desk.py)."""

    async def go(self, person_id: str, whom: Sending) -> View: ...
    async def pause(self, person_id: str, hours: int | None, reason: str) -> View: ...
    async def resume(self, person_id: str) -> View: ...
    async def recall(self, person_id: str, text: str) -> View: ...
    async def preview(self, person_id: str, page: int) -> View: ...


class Audience(StrEnum):
    """Who may use a command."""

    EVERYONE = "everyone"
    #: Reads only: admins and support.
    READERS = "readers"
    ADMINS = "admins"

    def includes(self, role: Role) -> bool:
        match self:
            case Audience.EVERYONE:
                return True
            case Audience.READERS:
                return role in (Role.ADMIN, Role.SUPPORT)
            case Audience.ADMINS:
                return role is Role.ADMIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One use of a command."""

    desk: Desk
    person_id: str
    role: Role
    #: What stands behind the command's name.
    rest: str
    #: The command, for answers about its use.
    command: "Command"

    def usage(self) -> Sentence:
        return Sentence(key="command_usage", params={"usage": self.command.usage})


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    #: As typed and as it stands in the Teams menu.
    name: str
    usage: str
    #: Key in cards/text.py of the one sentence that explains it.
    sentence: str
    run: Callable[[Asked], Awaitable[View]]
    audience: Audience = Audience.EVERYONE
    #: False: the name must be all that is typed; more is not this command.
    takes_rest: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The name, and what else may be typed for it in any language that Steward speaks."""
        other = (catalog.typed.get(self.name, ()) for catalog in CATALOGS.values())
        return tuple(dict.fromkeys([self.name, *chain.from_iterable(other)]))

    def help(self) -> CommandHelp:
        return CommandHelp(
            name=self.name,
            usage=self.usage,
            sentence=self.sentence,
            admin_only=self.audience is not Audience.EVERYONE,
        )


DEFAULT_DAYS = 30


def help_view(role: Role, *, greeting: bool = False, own: AppListView | None = None) -> HelpView:
    """The commands that this role may use."""
    usable = tuple(command.help() for command in COMMANDS if command.audience.includes(role))
    return HelpView(commands=usable, greeting=greeting, own=own)


async def _help(asked: Asked) -> View:
    return help_view(asked.role)


async def _my_apps(asked: Asked) -> View:
    rest, page = phrases.split_page(asked.rest)
    return await asked.desk.my_apps(asked.person_id, page) if not rest else asked.usage()


async def _status(asked: Asked) -> View:
    """Without an app: the tenant's state for those who may read it, one's own apps for everybody else."""
    if asked.rest:
        return await asked.desk.app_status(asked.person_id, phrases.unquote(asked.rest))
    if Audience.READERS.includes(asked.role):
        return await asked.desk.status(asked.person_id)
    return await asked.desk.my_apps(asked.person_id, 1)


async def _snooze(asked: Asked) -> View:
    cut = phrases.split_days(asked.rest)
    if not cut.rest or not cut.days:
        return asked.usage()
    return await asked.desk.snooze(asked.person_id, cut.rest, cut.days)


async def _assign(asked: Asked) -> View:
    cut = phrases.split_person(asked.rest)
    return await asked.desk.assign(asked.person_id, *cut) if cut else asked.usage()


async def _expiring(asked: Asked) -> View:
    rest, page = phrases.split_page(asked.rest)
    cut = phrases.split_days(rest)
    if cut.rest and cut.rest.lower() not in phrases.WITHIN:
        return asked.usage()
    return await asked.desk.expiring(asked.person_id, DEFAULT_DAYS if cut.days is None else cut.days, page)


async def _ownerless(asked: Asked) -> View:
    rest, page = phrases.split_page(asked.rest)
    return await asked.desk.ownerless(asked.person_id, page) if not rest else asked.usage()


async def _history(asked: Asked) -> View:
    if not asked.rest:
        return asked.usage()
    return await asked.desk.history(asked.person_id, phrases.unquote(asked.rest))


#: What follows `go`, in the languages that Steward speaks.
_WHOM = {
    **dict.fromkeys(("pilot", "pilote"), Sending.PILOT),
    **dict.fromkeys(("all", "everybody", "everyone", "alle", "tous", "toutes"), Sending.ON),
}


async def _go(asked: Asked) -> View:
    whom = _WHOM.get(asked.rest.casefold())
    if whom is None or asked.desk.sending is None:
        return asked.usage()
    return await asked.desk.sending.go(asked.person_id, whom)


async def _pause(asked: Asked) -> View:
    hours, reason = phrases.split_hours(asked.rest)
    if not reason or hours == 0 or asked.desk.sending is None:
        return asked.usage()
    return await asked.desk.sending.pause(asked.person_id, hours, reason)


async def _resume(asked: Asked) -> View:
    return asked.usage() if asked.desk.sending is None else await asked.desk.sending.resume(asked.person_id)


async def _preview(asked: Asked) -> View:
    rest, page = phrases.split_page(asked.rest)
    if rest or asked.desk.sending is None:
        return asked.usage()
    return await asked.desk.sending.preview(asked.person_id, page)


async def _recall(asked: Asked) -> View:
    if asked.desk.sending is None:
        return asked.usage()
    return await asked.desk.sending.recall(asked.person_id, phrases.unquote(asked.rest))


async def _expired(asked: Asked) -> View:
    rest, page = phrases.split_page(asked.rest)
    cut = phrases.split_days(rest)
    if cut.rest and cut.rest.lower() not in phrases.WITHIN:
        return asked.usage()
    return await asked.desk.expired(asked.person_id, DEFAULT_DAYS if cut.days is None else cut.days, page)


def _paged(ask: Callable[[Asked], Callable[[str, int], Awaitable[View]]]) -> Callable[[Asked], Awaitable[View]]:
    """A list with nothing behind its name but a page."""

    async def run(asked: Asked) -> View:
        rest, page = phrases.split_page(asked.rest)
        return await ask(asked)(asked.person_id, page) if not rest else asked.usage()

    return run


def _about_app(ask: Callable[[Asked], Callable[[str, str], Awaitable[View]]]) -> Callable[[Asked], Awaitable[View]]:
    """A command about one app, with nothing behind the app."""

    async def run(asked: Asked) -> View:
        return await ask(asked)(asked.person_id, phrases.unquote(asked.rest)) if asked.rest else asked.usage()

    return run


def _said(key: str) -> Callable[[Asked], Awaitable[View]]:
    """Always the same sentence."""

    async def run(asked: Asked) -> View:  # noqa: ARG001 - whoever asks
        return Sentence(key=key)

    return run


async def _exclude(asked: Asked) -> View:
    cut = phrases.split_until(asked.rest)
    if cut is None or not cut.app or not cut.reason:
        return asked.usage()
    if cut.day is None:
        return Sentence(key="exclude_no_date")
    return await asked.desk.exclude(asked.person_id, cut.app, cut.day, cut.reason)


async def _last_scan(asked: Asked) -> View:
    return await asked.desk.last_scan(asked.person_id)


async def _why(asked: Asked) -> View:
    return await asked.desk.why(asked.person_id)


async def _scan(asked: Asked) -> View:
    return await asked.desk.scan(asked.person_id)


#: In the order of `help` and of the Teams menu, which shows at most twelve.
COMMANDS = (
    Command(name="help", usage="help", sentence="help_help", run=_help),
    Command(
        name="my apps",
        usage="my apps",
        sentence="help_my_apps",
        run=_my_apps,
        takes_rest=True,
    ),
    Command(name="why", usage="why", sentence="help_why", run=_why),
    Command(name="status", usage="status <app>", sentence="help_status", run=_status, takes_rest=True),
    Command(
        name="snooze",
        usage="snooze <app> <days>",
        sentence="help_snooze",
        run=_snooze,
        takes_rest=True,
    ),
    Command(
        name="assign",
        usage="assign <app> to <person>",
        sentence="help_assign",
        run=_assign,
        takes_rest=True,
    ),
    Command(
        name="expiring",
        usage="expiring [days]",
        sentence="help_expiring",
        run=_expiring,
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="ownerless",
        usage="ownerless",
        sentence="help_ownerless",
        run=_ownerless,
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="history",
        usage="history <app>",
        sentence="help_history",
        run=_history,
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="expired",
        usage="expired [days]",
        sentence="help_expired",
        run=_expired,
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="unreachable",
        usage="unreachable",
        sentence="help_unreachable",
        run=_paged(lambda asked: asked.desk.unreachable),
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="nominations",
        usage="nominations",
        sentence="help_nominations",
        run=_paged(lambda asked: asked.desk.nominations),
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="snoozed",
        usage="snoozed",
        sentence="help_snoozed",
        run=_paged(lambda asked: asked.desk.snoozed),
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="retired",
        usage="retired",
        sentence="help_retired",
        run=_paged(lambda asked: asked.desk.retired),
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="excluded",
        usage="excluded",
        sentence="help_excluded",
        run=_paged(lambda asked: asked.desk.excluded),
        takes_rest=True,
        audience=Audience.READERS,
    ),
    Command(
        name="last scan",
        usage="last scan",
        sentence="help_last_scan",
        run=_last_scan,
        audience=Audience.READERS,
    ),
    Command(
        name="scan",
        usage="scan",
        sentence="help_scan",
        run=_scan,
        audience=Audience.ADMINS,
    ),
    Command(name="go", usage="go pilot|all", sentence="help_go", run=_go, takes_rest=True, audience=Audience.ADMINS),
    Command(
        name="pause",
        usage="pause [hours] <reason>",
        sentence="help_pause",
        run=_pause,
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
    Command(name="resume", usage="resume", sentence="help_resume", run=_resume, audience=Audience.ADMINS),
    Command(
        name="recall",
        usage="recall <run>",
        sentence="help_recall",
        run=_recall,
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
    Command(
        name="exclude",
        usage="exclude <app> until <date> <reason>",
        sentence="help_exclude",
        run=_exclude,
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
    Command(
        name="include",
        usage="include <app>",
        sentence="help_include",
        run=_about_app(lambda asked: asked.desk.include),
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
    Command(
        name="unsnooze",
        usage="unsnooze <app>",
        sentence="help_unsnooze",
        run=_about_app(lambda asked: asked.desk.unsnooze),
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
    Command(
        name="preview",
        usage="preview",
        sentence="help_preview",
        run=_preview,
        takes_rest=True,
        audience=Audience.ADMINS,
    ),
)

#: What people say besides; help, menu and docs leave it out.
SMALL_TALK = (
    Command(name="who are you", usage="who are you", sentence="help_help", run=_said("what_am_i")),
    Command(name="is this phishing", usage="is this phishing", sentence="help_help", run=_said("is_phishing")),
    Command(name="thanks", usage="thanks", sentence="help_help", run=_said("thanks")),
    Command(name="stop", usage="stop", sentence="help_help", run=_said("stop_answer")),
)

#: Every name and alias -> its command, longest first, so that "my apps" is not read as "my".
_BY_NAME: Mapping[str, Command] = dict(
    sorted(
        ((name, command) for command in (*COMMANDS, *SMALL_TALK) for name in command.names),
        key=lambda pair: -len(pair[0]),
    )
)


def find(text: str) -> tuple[Command, str] | None:
    """(command, what follows its name) of a cleaned line, None when it begins with no command."""
    lowered = text.lower()
    for name, command in _BY_NAME.items():
        if lowered == name:
            return command, ""
        if command.takes_rest and lowered.startswith(name + " "):
            return command, text[len(name) :].strip()
    return None


def nearest(text: str, role: Role) -> str | None:
    """The usage of the most similar command that this role may use, None when none is similar."""
    names = {name: command for name, command in _BY_NAME.items() if command.audience.includes(role)}
    words = text.casefold().split()
    for typed in (" ".join(words[:2]), *words[:1]):
        if close := difflib.get_close_matches(typed, names, n=1, cutoff=0.6):
            return names[close[0]].usage
    return None


async def answer(desk: Desk, person_id: str, text: str) -> View:
    """What Steward says to a typed line."""
    line = phrases.clean(text)
    role = await desk.role_of(person_id)
    found = find(line) if line else (COMMANDS[0], "")
    if found is None:
        return await _unknown(desk, person_id, role, line)
    command, rest = found
    if not command.audience.includes(role):
        return Sentence(key="admins_only")
    return await command.run(Asked(desk=desk, person_id=person_id, role=role, rest=rest, command=command))


async def _unknown(desk: Desk, person_id: str, role: Role, line: str) -> View:
    """A pasted error text or app id is answered with that app, anything else with the nearest command."""
    if app := phrases.mentioned_app(line):
        return await desk.app_status(person_id, app, asked=line)
    close = nearest(line, role)
    if close is None:
        return Sentence(key="unknown_command")
    return Sentence(key="unknown_command_nearest", params={"nearest": close})
