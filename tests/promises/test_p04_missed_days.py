"""P4: missed days give one message at the tightest stage passed, never a burst."""

from datetime import timedelta

import pytest

from tests.alerts.world import START, World


@pytest.mark.parametrize(
    ("scans", "stages"),
    [
        pytest.param([31, 12], [14], id="scanner down from day 31 to day 12"),
        pytest.param([31, 6], [7], id="scanner down from day 31 to day 6"),
        pytest.param([3], [7], id="first seen at day 3"),
        pytest.param([5], [7], id="added with 5 days left"),
        pytest.param([31, 30, 29, 14, 13, 7, 6], [30, 14, 7], id="no day missed"),
    ],
)
async def test_after_a_gap_only_the_tightest_stage_passed_is_told_once(
    world: World, scans: list[int], stages: list[int]
) -> None:
    end = START + timedelta(days=60.5)
    secret = world.secret(60.5)
    assert secret.end == end
    world.app("invoice", ("ana",), secret)
    for left in scans:
        world.now = end - timedelta(days=left, hours=12)
        await world.day(0)
        await world.day(0)

    async with world.store.reading() as tx:
        alerts = await tx.alerts_of_app("invoice")
        notices = await tx.notices([alert.id for alert in alerts])
    own = [notice.stage for notice in notices if notice.recipient_id == "ana"]
    assert stages == own
    assert len(stages) == world.told()["ana"]
