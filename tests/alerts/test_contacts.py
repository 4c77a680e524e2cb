"""Nobody who owns or owned an app can be asked: the contact that was named, else the fallback, with what is known."""

from pathlib import Path

import pytest

from alerts.model import EscalationPath, RouteReason
from alerts.views import DigestView
from service.contacts_file import read_contacts
from tests.alerts.world import World

APP = "11111111-2222-4333-8444-555555555555"
TOM = "99999999-2222-4333-8444-555555555555"


async def test_a_contact_is_asked_before_the_fallback_and_may_say_that_it_is_not_theirs(world: World) -> None:
    world.contact_rows = [("APP-orphan", "tom")]
    world.app("orphan", (), world.secret(29.5), service_management_reference="SNOW-1")
    decision = await world.first()
    card = world.card("tom")

    assert world.told() == {"tom": 1}
    assert (card.reason, card.leads) == (RouteReason.CONTACT, (("serviceManagementReference", "SNOW-1"),))
    assert next(iter(decision.records)).path == EscalationPath.UNROUTABLE
    await world.press("tom", "notMine")
    assert world.told() == {"tom": 1, "ada": 1}


async def test_a_contact_whose_account_is_disabled_is_passed_over(world: World) -> None:
    world.contact_rows = [("app-orphan", "tom")]
    world.disable("tom")
    world.app("orphan", (), world.secret(29.5))
    await world.first()

    assert world.told() == {"ada": 1}


async def test_a_contact_outside_the_directory_is_told_by_mail_alone(world: World) -> None:
    world.contact_rows = [("app-orphan", "vendor@elsewhere.example")]
    world.app("orphan", (), world.secret(29.5))
    await world.first()

    assert world.told() == {}
    assert [(mail.recipient.mail, mail.no_teams) for mail in world.mailbox.mails] == [
        ("vendor@elsewhere.example", True)
    ]
    assert await world.states() == {"delivered": 1}


async def test_what_leads_nowhere_reaches_the_fallback_as_one_digest_with_its_leads(world: World) -> None:
    world.app("seed", ("tom",), world.secret(20.5, key_id="seed"))
    await world.first()
    world.app("one", (), world.secret(29.5, key_id="k1"), notes="Ask the invoice team.")
    world.app("two", (), world.secret(25.5, key_id="k2"), notification_emails=("sso@x.example",))
    world.app("own", ("ada",), world.secret(25.5, key_id="k3"))
    await world.day()
    digests = [view for view in world.inbox.cards["ada"] if isinstance(view, DigestView)]

    assert [[item.application.object_id for item in view.items] for view in digests] == [["two", "one"]]
    assert [item.leads for item in digests[0].items] == [
        (("notificationEmails", "sso@x.example"),),
        (("notes", "Ask the invoice team."),),
    ]
    assert world.told() == {"tom": 1, "ada": 2}


async def test_a_history_that_could_not_be_asked_leads_to_the_fallback_with_that_reason(world: World) -> None:
    world.app("orphan", (), world.secret(29.5))
    world.now = world.now
    await world.scan(history_failed="throttled")
    await world.worker.drain()

    assert (world.card("ada").reason, world.card("ada").why) == (RouteReason.FALLBACK, "historyFailed")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            f"app id,contact\n{APP},{TOM}\n\n# note\n{APP.upper()}, a@x.example \n",
            [(APP, TOM), (APP.upper(), "a@x.example")],
        ),
        (f"\ufeff{APP},{TOM}\n", [(APP, TOM)]),
        ("", []),
    ],
)
def test_the_file_is_read_by_rows(tmp_path: Path, text: str, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(text, encoding="utf-8")

    assert read_contacts(path) == rows


@pytest.mark.parametrize("row", [f"{APP}", f"{APP},", f"{APP},tom", f"{APP},a b@x.example", f"nonsense,{TOM}"])
def test_a_row_that_is_none_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(f"app,contact\n{row}\n", encoding="utf-8")

    with pytest.raises(ValueError, match="row 2"):
        read_contacts(path)
