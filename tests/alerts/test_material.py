"""What a decision keeps of a tenant: nothing twice, and of ownerless apps those whose former owners are all gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.leavers import Orphan
from alerts.material import Material
from alerts.model import (
    Alert,
    Application,
    ApplicationType,
    Channel,
    Credential,
    CredentialRecord,
    CredentialType,
    Delivery,
    DeliveryPurpose,
    EscalationPath,
    Notice,
    NoticeKind,
    Person,
    PreviousOwner,
    Recipient,
    RouteReason,
)

NOW = datetime(2031, 4, 30, 12, tzinfo=UTC)
MIA = Person(id="mia", display_name="Mia", account_enabled=True)
BEN = Person(id="ben", display_name="Ben", account_enabled=False)
SHOP = Application(object_id="shop", app_id="a-shop", display_name="Shop", type=ApplicationType.APP_REGISTRATION)
KEY = Credential(key_id="k1", type=CredentialType.CLIENT_SECRET, end=NOW + timedelta(days=20))
RECORD = CredentialRecord(run_id="run", scan_date=NOW, tenant_id="t", application=SHOP, credential=KEY, days_left=20)


def material() -> Material:
    made = Material(fallback=(), people={"mia": MIA, "ben": BEN})
    made.records[RECORD.key] = RECORD
    return made


def test_an_alert_that_is_as_it_was_holds_the_objects_of_the_scan() -> None:
    stored = Alert(
        id="a1", tenant_id="t", application=replace(SHOP), credential=replace(KEY), opened_at=NOW, changed_at=NOW
    )
    shared = material().shared_alert(stored)
    assert shared == stored
    assert shared.application is SHOP
    assert shared.credential is KEY


def test_what_differs_from_the_scan_stays_as_it_was_stored() -> None:
    stored = Alert(
        id="a1",
        tenant_id="t",
        application=replace(SHOP, display_name="Old shop"),
        credential=replace(KEY, end=NOW),
        opened_at=NOW,
        changed_at=NOW,
    )
    assert material().shared_alert(stored) == stored
    before = Recipient(alert_id="a1", person=replace(MIA, display_name="Mia B."), reason=RouteReason.OWNER)
    assert material().shared_recipient(before, "a1") == before


def test_a_recipient_holds_the_people_of_the_scan() -> None:
    stored = Recipient(alert_id="a1", person=replace(MIA), reason=RouteReason.OWNER_MANAGER, on_behalf_of=replace(BEN))
    shared = material().shared_recipient(stored, "a1")
    assert shared == stored
    assert shared.person is MIA
    assert shared.on_behalf_of is BEN


def test_an_orphan_is_kept_unless_a_former_owner_is_there_and_the_gone_are_noted_of_all() -> None:
    gone, kept = Person(id="zoe"), material()
    kept.watched_since = NOW
    past = [PreviousOwner(person=person, seen=NOW) for person in (MIA, BEN, gone)]
    kept.orphaned(Orphan(record=RECORD, owners=(past[0], past[2])))
    assert (kept.orphans, kept.gone) == ([], {"zoe"})
    left = Orphan(record=RECORD, owners=(past[1],))
    kept.orphaned(left)
    kept.orphaned(None)
    assert (kept.orphans, kept.gone) == ([left], {"zoe"})


def test_who_departed_before_departures_were_watched_is_noted_and_not_kept() -> None:
    kept, gone = material(), Person(id="zoe")
    orphan = Orphan(record=RECORD, owners=(PreviousOwner(person=gone, seen=NOW),))

    for since in (None, NOW + timedelta(seconds=1)):
        kept.watched_since = since
        kept.orphaned(orphan)

    assert (kept.orphans, kept.gone) == ([], {"zoe"})


def test_rows_about_one_alert_hold_one_copy_of_its_id_and_of_the_moment() -> None:
    kept = material()

    def copy(text: str) -> str:
        return "".join(list(text))

    stored = Alert(
        id="alert-1",
        tenant_id="t",
        application=SHOP,
        credential=KEY,
        opened_at=NOW,
        changed_at=NOW + timedelta(0),
        owner_ids=(copy("person-1"),),
    )
    notice = Notice(
        id="notice-1",
        alert_id=copy("alert-1"),
        stage=30,
        recipient_id=copy("person-1"),
        kind=NoticeKind.STAGE,
        run_id="run",
        created_at=NOW + timedelta(0),
        path=EscalationPath.CURRENT_OWNERS,
        reason=RouteReason.OWNER,
        alert_type="FirstAlert",
    )
    message = Delivery(
        id="delivery-1",
        purpose=DeliveryPurpose.ALERT,
        channel=Channel.TEAMS,
        recipient_id=copy("person-1"),
        notice_ids=(copy("notice-1"),),
        alert_ids=(copy("alert-1"),),
        created_at=NOW,
        not_before=NOW,
    )
    alert, told, sent = kept.shared_alert(stored), kept.shared_notice(notice), kept.shared_delivery(message)

    assert (alert, told, sent) == (stored, notice, message)
    assert told.alert_id is sent.alert_ids[0] is alert.id
    assert told.id is sent.notice_ids[0]
    assert alert.owner_ids is not None
    assert alert.owner_ids[0] is told.recipient_id is sent.recipient_id
    assert alert.opened_at is alert.changed_at is told.created_at
