"""A card turns green without a daily scan: the whole product in its practice tenant, as a stranger starts it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.whole.serving import Serving, eventually, serving_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with serving_in(tmp_path, DELTA_MINUTES="1") as steward:
        yield steward


def renew(serving: Serving, alert: Any) -> None:
    where = {"object_id": alert.application.object_id, "key_id": alert.credential.key_id}
    serving.call("POST", "/practice/entra/renew", where)


async def test_renewed_in_entra_is_green_on_the_card_before_the_next_scan(serving: Serving) -> None:
    await asyncio.to_thread(eventually, lambda: serving.cards("ana", "Invoice Export"))
    alerts = await serving.alerts()
    renew(serving, alerts["Invoice Export"])
    # The first look comes by itself; it has no link yet and looks at every app that has an alert.
    before = serving.cards("ana", "Invoice Export")
    await asyncio.to_thread(eventually, lambda: serving.cards("ana", "Invoice Export") != before)
    assert "Invoice Export" not in await serving.alerts()

    # From then on the changes alone are asked for.
    others = [alert for name, alert in alerts.items() if name not in ("", "Invoice Export")][:3]
    for alert in others:
        if alert.application.type == "appRegistration":
            renew(serving, alert)
    mark, _ = serving.asked(0)
    looked = serving.call("POST", "/practice/look")
    mark, paths = serving.asked(mark)

    # A renewed app's other due credentials are superseded by the new one.
    found = looked["found"]
    assert found.pop("removed") == sum(alert.application.type == "appRegistration" for alert in others)
    assert found.keys() <= {"superseded"}
    # Who renewed the first one is asked by the clock, whatever else is asked.
    paths = [path for path in paths if "/auditLogs/" not in path]
    assert Counter(paths) == {"/v1.0/applications/delta": 1, "/v1.0/servicePrincipals/delta": 1}
    after = await serving.alerts()
    assert after[""] == 1
    assert not {alert.id for alert in others if alert.application.type == "appRegistration"} & {
        alert.id for name, alert in after.items() if name
    }
    assert serving.call("POST", "/practice/look")["found"] == {}

    # The next day's scan agrees: nothing of these comes back.
    run = serving.call("POST", "/practice/next-day")["run"]
    again = await serving.alerts()
    assert run["status"] == "succeeded"
    assert "Invoice Export" not in again
    assert 'steward_delta_polls_total{outcome="startedAnew",type="appRegistration"} 1.0' in serving.metrics()
