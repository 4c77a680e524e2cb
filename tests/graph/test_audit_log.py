"""Who changed an app's credentials, from Entra's audit log; what has nothing to do with them is passed over."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.errors import GraphError
from graph.audit_log import GraphAuditLog
from graph.reader import INTERACTIVE
from tests.graph.scripted import Bench, error, page

LOG = "/auditLogs/directoryAudits"
SINCE, UNTIL = datetime(2031, 5, 1, tzinfo=UTC), datetime(2031, 5, 2, tzinfo=UTC)
SECRETS = "Update application \u2013 Certificates and secrets management"


def entry(activity: str, hour: int, user: str = "", app: str = "") -> dict[str, Any]:
    by = {"user": {"displayName": user} if user else None, "app": {"displayName": app} if app else None}
    return {
        "activityDisplayName": activity,
        "activityDateTime": f"2031-05-01T{hour:02}:00:00.1234567Z",
        "initiatedBy": by,
    }


async def ask(bench: Bench) -> str:
    return await GraphAuditLog(bench.reader(INTERACTIVE)).who_changed("app-1", SINCE, UNTIL)


async def test_the_last_one_who_changed_credentials_is_named(bench: Bench) -> None:
    bench.graph.script = {
        LOG: [
            page(
                entry("Add owner to application", 9, "Tom"),
                entry("Add service principal credentials", 7, app="Pipeline"),
                entry(SECRETS, 8, "Eli Novak"),
            )
        ]
    }
    assert await ask(bench) == "Eli Novak"
    asked = bench.graph.paths()[0]
    assert "targetResources/any(t:t/id eq 'app-1')" in asked
    assert "activityDateTime ge 2031-05-01T00:00:00Z and activityDateTime le 2031-05-02T00:00:00Z" in asked


@pytest.mark.parametrize("odd", [{}, {"activityDisplayName": 5}, entry(SECRETS, 8), entry("Add owner", 8, "Tom")])
async def test_nothing_that_tells_is_nobody(bench: Bench, odd: dict[str, Any]) -> None:
    bench.graph.script = {LOG: [page(odd)]}
    assert await ask(bench) == ""


async def test_without_the_right_it_is_an_error(bench: Bench) -> None:
    bench.graph.script = {LOG: [error(403, "Authentication_RequestFromUnsupportedUserRole")]}
    with pytest.raises(GraphError):
        await ask(bench)
