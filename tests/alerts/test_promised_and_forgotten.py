"""One of three owners takes it and does nothing: in the end everybody hears of it, and the fallback too."""

from alerts.model import NoticeKind
from tests.alerts.world import World


async def test_all_three_and_the_fallback_are_told_the_day_before_and_at_expiry(world: World) -> None:
    world.app("invoice", ("ana", "ben", "eli"), world.secret(30.5))
    await world.first()
    await world.press("ana", "acknowledge")
    seen: dict[int, set[str]] = {}
    for left in range(29, -3, -1):
        before = world.told()
        await world.day()
        if fresh := {name for name, number in world.told().items() if number > before.get(name, 0)}:
            seen[left] = fresh

    # ana has it and is reminded; the last stage goes to all; nobody is silent, so no manager hears of it.
    assert seen == {
        14: {"ana"},
        7: {"ana", "ben", "eli"},
        1: {"ana", "ben", "eli", "ada"},
        -1: {"ana", "ben", "eli", "ada"},
    }
    async with world.store.reading() as tx:
        notices = await tx.notices([alert.id for alert in await tx.alerts_of_app("invoice")])
    by_kind = {
        kind: sorted(n.recipient_id for n in notices if n.kind is kind)
        for kind in (NoticeKind.LAST_CALL, NoticeKind.EXPIRED, NoticeKind.ESCALATION)
    }
    everybody = ["ada", "ana", "ben", "eli"]

    assert by_kind == {NoticeKind.LAST_CALL: everybody, NoticeKind.EXPIRED: everybody, NoticeKind.ESCALATION: []}
