"""The beta's report on last use: believable, the same every time, in pages, and limited as Graph's is."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from sandbox import changes
from sandbox.graph_reports import last_use
from sandbox.graph_throttle import Throttle
from sandbox.refused import Refused
from sandbox.tenant import TwinCredential
from tests.sandbox.twins import Twins

REPORT = "/../beta/reports/appCredentialSignInActivities"
MIDNIGHT = datetime(2031, 5, 1, tzinfo=UTC)


def credentials(days_left: float) -> list[TwinCredential]:
    end = MIDNIGHT + timedelta(days=days_left)
    start = end - timedelta(days=365)
    return [TwinCredential(key_id=f"key-{number}", start=start, end=end) for number in range(1000)]


def test_most_living_credentials_are_used_and_few_of_the_expired_ones():
    living = [last_use(each, MIDNIGHT) for each in credentials(20)]
    expired = [last_use(each, MIDNIGHT) for each in credentials(-20)]

    assert 600 < sum(at is not None for at in living) < 850
    assert 50 < sum(at is not None for at in expired) < 150


@pytest.mark.parametrize("days_left", [360, 20, 0.5, -20])
def test_nothing_is_used_before_it_began_or_after_it_ended(days_left):
    for credential in credentials(days_left):
        at = last_use(credential, MIDNIGHT)
        assert credential.start is not None
        assert credential.end is not None
        assert at is None or credential.start <= at <= min(MIDNIGHT, credential.end)


def test_what_is_used_daily_is_used_again_the_next_day():
    today = {each.key_id: last_use(each, MIDNIGHT) for each in credentials(20)}
    tomorrow = {each.key_id: last_use(each, MIDNIGHT + timedelta(days=1)) for each in credentials(20)}

    moved = [key for key, at in today.items() if at is not None and tomorrow[key] == at + timedelta(days=1)]
    assert 400 < len(moved)
    later = {key: at for key, at in tomorrow.items() if at is not None}
    assert all(later[key] >= at for key, at in today.items() if at is not None)


def test_the_report_comes_in_pages_and_can_be_asked_for_one_key(twins):
    listed, path = [], REPORT + "?$top=200"
    while path:
        answer = twins.get(path).json()
        listed += answer["value"]
        path = (
            "/.." + answer["@odata.nextLink"].removeprefix(twins.state.urls["graph"])
            if "@odata.nextLink" in answer
            else ""
        )
    (one,) = twins.get(f"{REPORT}?$filter=keyId eq '{listed[0]['keyId']}'").json()["value"]

    keys = {each.key_id for app in twins.state.tenant.apps.values() for each in app.credentials}
    assert len(listed) > 100
    assert {each["keyId"] for each in listed} < keys
    assert len({each["id"] for each in listed}) == len(listed)
    assert one == listed[0]


def test_the_sixth_report_in_ten_seconds_must_wait():
    now = 0.0
    throttle = Throttle(lambda: now)
    for _ in range(5):
        throttle.check_report()

    with pytest.raises(Refused) as raised:
        throttle.check_report()
    now = float(raised.value.headers["Retry-After"])
    throttle.check_report()

    assert raised.value.status == 429


def test_the_audit_log_names_who_renewed(twins: Twins) -> None:
    state = twins.state
    app = state.tenant.app_named("Invoice Export")
    owner = state.tenant.counting_owners(app)[0]
    changes.renew(state, app.object_id, app.credentials[0].key_id, by=owner.id)
    now = state.now()
    span = f"activityDateTime ge {now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ} and activityDateTime le "
    condition = f"targetResources/any(t:t/id eq '{app.object_id}') and {span}{now:%Y-%m-%dT23:59:59Z}"
    entries = twins.get(f"/auditLogs/directoryAudits?$filter={quote(condition)}&$top=50").json()["value"]

    assert [entry["initiatedBy"]["user"]["displayName"] for entry in entries] == [owner.display_name] * 2
    assert twins.get("/auditLogs/directoryAudits").status_code == 400
