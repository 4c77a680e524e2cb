"""Letting go over the wire: the whole product in its practice tenant, held as production is by default."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.store import open_store
from tests.whole.serving import Serving, eventually, serving_in
from tests.whole.test_truth import app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: What production has by default.
HELD = {"SENDING": "hold", "PILOT_DEPARTMENTS": "Finance"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with serving_in(tmp_path, apps=120, **HELD) as steward:
        yield steward


def posted(serving: Serving) -> Counter[str]:
    """Conversation -> activities posted to it so far, as the Bot Connector saw them."""
    seen: Any = serving.practice.call("GET", "/control/requests?since=0")
    return Counter(
        one["path"].split("/conversations/")[1].split("/")[0]
        for one in seen["requests"]
        if one["service"] == "connector" and one["method"] == "POST" and one["path"].endswith("/activities")
        and one["status"] < 300
    )  # fmt: skip


def address(mail: dict[str, Any]) -> str:
    return ",".join(mail["to"])


def updated(serving: Serving) -> int:
    """Posted cards that were replaced so far."""
    seen: Any = serving.practice.call("GET", "/control/requests?since=0")
    return len({one["path"] for one in seen["requests"] if one["service"] == "connector" and one["method"] == "PUT"})


def said(serving: Serving, name: str) -> list[str]:
    """All that the bot wrote to somebody, oldest first, as it stands now."""
    messages = serving.call("GET", f"/practice/as/{name}/chat")["messages"]
    return [json.dumps(message, ensure_ascii=False) for message in messages]


async def sent(serving: Serving, run_id: str) -> Counter[str]:
    """Person -> cards of this run that have arrived."""
    store = await open_store(f"sqlite+aiosqlite:///{(serving.state_dir / 'steward.db').as_posix()}")
    async with store.reading() as tx:
        deliveries = await tx.deliveries_of_run(run_id)
    await store.close()
    return Counter(d.recipient_id for d in deliveries if d.channel == "teams" and d.state == "sent")


def typed(serving: Serving, text: str, answer: str) -> str:
    """An admin types to the bot; the first message after it that holds `answer`."""
    before = len(said(serving, "ada"))
    serving.call("POST", "/practice/as/ada/message", {"text": text})
    return str(eventually(lambda: next((each for each in said(serving, "ada")[before:] if answer in each), "")))


def quiet(serving: Serving) -> Counter[str]:
    """What was posted, once nothing more comes."""
    last: list[Counter[str]] = [Counter()]
    alike = [0]

    def same() -> bool:
        now = posted(serving)
        alike[0] = alike[0] + 1 if now == last[0] else 0
        last[0] = now
        return bool(now) and alike[0] >= 4

    eventually(same)
    return last[0]


async def test_held_seen_in_a_preview_let_go_and_taken_back(serving: Serving, tmp_path: Path) -> None:
    eventually(lambda: any("would be told" in each for each in said(serving, "ada")))
    held = quiet(serving)
    # One card to the one admin, and not a word to anybody else, by e-mail neither.
    assert [1] == list(held.values())
    addresses = {address(mail) for mail in serving.call("GET", "/practice/mail")["mail"]}
    assert len(addresses) == 1

    sheet = tmp_path / "preview.csv"
    arguments = ("preview", "--days", "0", "--json", "--csv", str(sheet))
    seen = app(serving.state_dir, *arguments, SENDING="hold", PRACTICE_APPS="120")
    with sheet.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == seen["notices"] == len(seen["lines"]) > seen["people"] > 10
    assert {line["held"] for line in seen["lines"]} == {"hold"}
    assert [1] == list(posted(serving).values())
    assert '"preview page 2"' in typed(serving, "preview", "would be told today")

    answer = typed(serving, "go all", "From now on everybody is told")
    assert f"By this {seen['people']} people are told" in answer
    eventually(lambda: len(posted(serving)) > seen["people"] * 0.8)
    everybody = quiet(serving)
    ada = next(iter(held))
    told = {chat: number for chat, number in everybody.items() if chat != ada}
    run = re.search(r"recall (\d{8}T\d{6}Z-[0-9a-f]{8})", answer)
    assert run
    cards_sent = await sent(serving, run[1])
    # One card each, but for those who cannot be reached in Teams; nobody is greeted beside it.
    assert {1} == set(cards_sent.values())
    assert len(cards_sent) <= len(told) + 1
    assert {1} == set(told.values())
    assert seen["people"] * 0.8 <= len(cards_sent) <= seen["people"]
    mails = Counter(
        address(mail) for mail in serving.call("GET", "/practice/mail")["mail"] if address(mail) not in addresses
    )
    assert {1} == set(mails.values())
    assert {line["person_mail"] for line in seen["lines"]} >= set(mails)

    before = updated(serving)
    taken = typed(serving, f"recall {run[1][-8:]}", "Recalled:")
    cards = int(re.search(r"Recalled: (\d+) cards", taken)[1])  # type: ignore[index]
    assert cards == len(cards_sent)
    eventually(lambda: updated(serving) >= before + cards)
    assert any("has been taken back" in each for each in said(serving, "ana"))
