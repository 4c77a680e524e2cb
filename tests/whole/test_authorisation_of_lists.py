"""Who may what on cards about many apps and on questions to the admins: every verb by every kind of person."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerts.model import Verb
from alerts.questions import Question, ask_admins
from alerts.views import DigestView
from tests.alerts.world import World, sqlite_url
from tests.bot.channel import Authority
from tests.bot.house import house
from tests.whole.test_authorisation import ACTORS, CARD, OTHER_TENANT, REFUSED, Tenant
from tests.whole.test_authorisation import authority as authority

MESSAGE = "application/vnd.microsoft.activity.message"
EVERYBODY = (*ACTORS, "abe", "kim")


@pytest.fixture
async def tenant(tmp_path: Path, authority: Authority) -> AsyncIterator[Tenant]:
    """kim, whose manager is mia, owned two apps and has left: mia holds the handover card."""
    async with World(sqlite_url(tmp_path)) as world, house(authority, core=world) as bot:
        made = Tenant(world, bot)
        world.person("kim", manager="mia")
        for number in (1, 2):
            world.app(f"kims {number}", ("kim",), world.secret(100.5, key_id=f"kim{number}"))
        await made.set_up()
        await world.day()
        world.disable("kim")
        for _ in range(3):
            await world.day()
        yield made


def handover(tenant: Tenant) -> DigestView:
    return next(view for view in tenant.world.inbox.cards["mia"] if isinstance(view, DigestView) and view.leaver)


#: verb -> inputs beside the ticked alerts, in an order in which mia can press all of them.
ON_LISTS: dict[str, dict[str, str]] = {
    "open": {},
    "refresh": {},
    "acknowledge": {},
    "snooze": {"days": "3"},
    "assignOwner": {"nominees": "tom"},
    "retire": {},
    "notMine": {},
}


async def test_a_list_is_answered_by_whom_it_was_sent_to_and_by_nobody_else(tenant: Tenant) -> None:
    card = handover(tenant)
    ticked = ",".join(item.item.alert_id for item in card.items)
    data = {"digest": card.digest_id, "v": 1}
    for verb, inputs in ON_LISTS.items():
        before = await tenant.mark()
        for actor in EVERYBODY:
            for given in ({**data, "alerts": ticked, **inputs}, {**data, "alert": card.items[0].item.alert_id}):
                if actor != "mia":
                    assert await tenant.press(actor, verb, given) == (200, MESSAGE, REFUSED), (actor, verb)
        assert (await tenant.press("mia", verb, {**data, "alerts": ticked}, tenant=OTHER_TENANT))[0] == 403
        assert await tenant.mark() == before, verb
        assert await tenant.press("mia", verb, {**data, "alerts": ticked, **inputs}) == (200, CARD, "card"), verb


async def test_what_is_ticked_beyond_the_list_is_refused_by_itself(tenant: Tenant) -> None:
    card = handover(tenant)
    foreign = tenant.alerts["invoice"]
    before = await tenant.mark()
    await tenant.press("mia", "acknowledge", {"digest": card.digest_id, "alerts": foreign, "v": 1})
    await tenant.press("mia", "open", {"digest": card.digest_id, "alert": foreign, "v": 1})
    assert await tenant.mark() == before
    async with tenant.world.store.reading() as tx:
        assert (await tx.alerts([foreign]))[foreign].answer is None


async def test_only_admins_see_and_answer_a_question_and_the_first_answer_counts(tenant: Tenant) -> None:
    async with tenant.world.store.transaction() as tx:
        question = Question(id="q1", kind="leavers", asked_at=tenant.world.now, people=("kim",), of=10)
        await ask_admins(tx, question, [], tenant.world.now, mail=False)
    data = {"question": "q1", "v": 1}
    before = await tenant.mark()
    for verb in Verb:
        for actor in EVERYBODY:
            if actor not in ("ada", "abe") or verb not in (Verb.APPROVE, Verb.REJECT, Verb.REFRESH):
                assert await tenant.press(actor, verb, data) == (200, MESSAGE, REFUSED), (actor, verb)
    assert (await tenant.press("ada", "approve", data, tenant=OTHER_TENANT))[0] == 403
    assert await tenant.mark() == before
    for actor, pressed in (("abe", "refresh"), ("ada", "approve"), ("abe", "reject")):
        assert await tenant.press(actor, pressed, data) == (200, CARD, "card")
    events, audit = await tenant.mark()
    assert (events, audit) == (before[0], before[1] + 1)
