"""Whatever somebody types or sends as a pressed button: an answer, never a 500, and no markup from a name.

The edge and the handler with the real core behind them, on apps and people with hostile names. So many inputs for each
command and verb as STEWARD_HOSTILE_INPUTS says; few by default.
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.model import Verb
from bot.commands import COMMANDS
from service.logs import JsonLines
from tests.alerts.world import World
from tests.bot.channel import TENANT, Authority, Channel
from tests.bot.house import House, house

MANY = int(os.environ.get("STEWARD_HOSTILE_INPUTS", "10"))
NAMES = [
    "[Reset now](https://evil.example/)",
    "![x](https://evil.example/p.png)",
    "<script>alert(1)</script>",
    "<at>ana</at> <b>bold</b>",
    "{{DATE(2026-01-01T00:00:00Z)}} ${secret}",
    "=cmd|' /C calc'!A0 \" | union *",
    "%s {0} \u202e\u2066 \x00 \ud800",
    '\n{"level": "ERROR", "message": "forged"}\r\n',
    "a" * 300,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 20,
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(NAMES),
    st.sampled_from(["", " ", "0", "-1", "9" * 40, "a0", "a1 p0", "until 2026-99-99 x", "a0 until 9999-12-31 why"]),
)
VALUES: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
INPUTS = ("days", "nominees", "note", "alerts", "until", "reason", "keep")
VERBS = [verb.value for verb in Verb]


class Lines(logging.Handler):
    """Every record as the service logs it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.count = 0
        self.bad: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.count += 1
        try:
            whole = "\n" not in line and set(json.loads(line)) <= {"at", "level", "room", "message", "error"}
        except ValueError:
            whole = False
        if not whole:
            self.bad.append(line)


def harmless(answer: Any) -> None:
    """No text block says what a name would have to escape; no picture or link leads where a name points."""
    if isinstance(answer, dict):
        if answer.get("type") == "TextBlock":
            assert not re.search(r"(?<!\\)\]\(https://evil|<script|<at>", answer.get("text", "")), answer
        for name in ("url", "iconUrl", "backgroundImage"):
            assert "evil.example" not in str(answer.get(name, "")), answer
        for value in answer.values():
            harmless(value)
    elif isinstance(answer, list):
        for value in answer:
            harmless(value)


class Stage:
    """The house with the real core, in a loop of its own: Hypothesis calls it again and again."""

    def __init__(self, authority: Authority, url: str) -> None:
        self.authority, self.url, self.number = authority, url, 0
        self.loop = asyncio.new_event_loop()
        self.lines = Lines()

    def __enter__(self) -> Self:
        root = logging.getLogger()
        root.addHandler(self.lines)
        self.level = root.level
        root.setLevel(logging.INFO)
        self.loop.run_until_complete(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.lines)
        logging.getLogger().setLevel(self.level)
        self.loop.run_until_complete(self._close())
        self.loop.close()

    async def _open(self) -> None:
        self.world = World(self.url)
        for number, name in enumerate(NAMES):
            self.world.person(f"p{number}", manager="mia")
            app = self.world.app(f"a{number}", (f"p{number}", "ana"), self.world.secret(20.5))
            clean = name.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
            self.world.apps[app.object_id] = replace(app, display_name=clean)
        await self.world.__aenter__()
        await self.world.first()
        async with self.world.store.reading() as tx:
            self.alerts = [alert.id for alert in await tx.alerts_unclosed()]
        self._house = house(self.authority, per_minute=10**9, core=self.world)
        self.bot: House = await self._house.__aenter__()

    async def _close(self) -> None:
        await self._house.__aexit__(None, None, None)
        await self.world.__aexit__(None, None, None)

    @property
    def channel(self) -> Channel:
        return self.bot.channel

    def ask(self, person: str, activity: dict[str, Any]) -> tuple[int, Any]:
        """What is answered, and at once or later said in the chat; checked for what no answer may be.

        Each time in a chat of its own: Teams takes 60 messages in 30 s of one, and a reply does not wait for more.
        """
        unique = self.unique()
        conversation = {"id": f"a:{person}:{unique}", "conversationType": "personal", "tenantId": TENANT}
        sender = {"id": f"29:{person}", "aadObjectId": person, "name": "[x](https://evil.example/)"}
        whole = {**activity, "id": unique, "from": sender, "conversation": conversation}

        async def asked() -> tuple[int, Any]:
            status, answer = await self.bot.post(whole)
            await self.bot.settle()
            return status, answer

        status, answer = self.loop.run_until_complete(asked())
        said = self.bot.said()
        self.channel.requests.clear()
        assert status in ((200, 202) if _is_json(whole) else (200, 202, 400)), (status, whole)
        for each in (answer, *said):
            harmless(each)
            assert "went wrong" not in json.dumps(each), whole
        assert self.lines.bad == []
        return status, said or answer

    def unique(self) -> str:
        self.number += 1
        return f"n{self.number}"


def _is_json(value: object) -> bool:
    """Half a character and no number are no JSON: the edge refuses such a body."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module")
def stage(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(authority, f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'steward.db'}") as ready:
        yield ready


PEOPLE = st.sampled_from(["ana", "ada", "p0", "p3", "tom", "nobody"])
QUIET = settings(
    max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_whatever_follows_a_command_is_answered(stage: Stage, command: str) -> None:
    @QUIET
    @given(person=PEOPLE, rest=TEXTS)
    def ask(person: str, rest: str) -> None:
        status, said = stage.ask(person, stage.channel.activity(text=f"{command} {rest}"))
        assert said or status == 400

    ask()


def test_whatever_is_typed_is_answered(stage: Stage) -> None:
    @QUIET
    @given(person=PEOPLE, text=TEXTS.filter(str.strip))
    def ask(person: str, text: str) -> None:
        stage.ask(person, stage.channel.activity(text=text))

    ask()


@pytest.mark.parametrize("verb", [*VERBS, "unheard of"])
def test_whatever_comes_with_a_button_is_answered(stage: Stage, verb: str) -> None:
    ids = st.sampled_from([*stage.alerts, "unknown", "", "\u202e"])
    data = st.fixed_dictionaries(
        {},
        optional={
            "alert": ids | VALUES,
            "digest": ids | VALUES,
            "nomination": ids | VALUES,
            "question": ids | VALUES,
            "v": VALUES,
            **dict.fromkeys(INPUTS, VALUES | ids),
        },
    )

    @QUIET
    @given(person=PEOPLE, data=data | VALUES)
    def press(person: str, data: Any) -> None:
        stage.ask(person, stage.channel.invoke(verb, data if data is not None else {"x": None}))

    press()


def test_lines_were_logged_and_each_is_one_object(stage: Stage) -> None:
    assert stage.lines.count > 0
    assert stage.lines.bad == []
