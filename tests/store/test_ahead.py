"""What is read ahead is what each question by itself would find."""

from dataclasses import replace
from typing import Any

from alerts.model import Conversation
from store.store import SqlStore
from tests.store.makers import ANA, NOW, alert, card, nomination, notice

HOSTILE = "p\x00\ud800\x1a0041"


async def _press(tx: Any, who: str) -> list[Any]:
    return [
        await tx.answer_given("key"),
        await tx.values(("role.admins", "role.support")),
        await tx.people([who]),
        await tx.card_by_activity("activity", who),
    ]


async def _card(tx: Any, who: str) -> list[Any]:
    return [
        await tx.notices(["alert-1"]),
        await tx.nominations_of_app(alert().application.object_id),
        await tx.conversations(sorted({who, "told"})),
    ]


async def test_what_is_read_ahead_is_what_is_asked_for(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([replace(alert("alert-1"), version=1)])
        await tx.save_answer_given("key", f"answer {HOSTILE}", NOW)
        await tx.set_value("role.admins", f"ada,{HOSTILE}")
        await tx.save_people([replace(ANA, id=HOSTILE, display_name=HOSTILE), replace(ANA, id="told")])
        await tx.save_conversations(
            [
                Conversation(person_id=who, conversation_id=f"a:{who}", service_url="https://x/")
                for who in (HOSTILE, "told")
            ]
        )
        await tx.add_notices(
            [notice("n1", "alert-1", recipient_id="told"), notice("n2", "alert-1", recipient_id=HOSTILE)]
        )
        await tx.save_nomination(nomination("nomination-1"))
        await tx.save_card(card("card-1", activity_id="activity", recipient_id=HOSTILE))
    for who in (HOSTILE, "told", "nobody"):
        async with store.reading() as tx:
            plain = [*await _press(tx, who), *await _card(tx, who)]
        async with store.reading() as tx:
            await tx.look_ahead_of_press("key", ("role.admins", "role.support"), who, "activity")
            await tx.look_ahead_of_card("alert-1", alert().application.object_id, who)
            ahead = [*await _press(tx, who), *await _card(tx, who)]
            again = [*await _press(tx, who), *await _card(tx, who)]
        assert ahead == plain == again


async def test_what_was_read_ahead_answers_only_the_first_who_asks(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.look_ahead_of_press("key", ("role.admins", "role.support"), "ana", "activity")
        assert await tx.answer_given("key") is None
        await tx.save_answer_given("key", "answer", NOW)
        assert await tx.answer_given("key") == "answer"
