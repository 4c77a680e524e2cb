"""A page decoded at once and the same page item by item: the same nouns, whatever stands in it."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import Application, ApplicationType, Credential, CredentialType, Person, PersonKind, Quarantine
from alerts.ports import AppPage
from graph.items import ItemPage, Maker, decode_items, loose_item
from graph.wire import Page, Unreadable, decode_page

DATES = st.one_of(
    st.none(),
    st.datetimes().map(lambda date: date.isoformat() + "Z"),
    st.sampled_from(
        [
            "2031-05-01T12:00:00Z",
            "2031-05-01T12:00:00.1234567Z",
            "2031-12-31T23:59:59.9999999Z",
            "2031-05-01T12:00:00",
            "2031-05-01T12:00:00+02:00",
            "2031-05-01T12:00:00z",
            "2031-05-01",
            "9999-12-31T23:59:59.9999999Z",
            "9999-12-31T23:59:59Z",
            "9998-12-31T23:59:59-05:00",
            "10000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "",
            "soon",
        ]
    ),
)
WORDS = st.one_of(st.none(), st.text(max_size=8))
IDENTIFIERS = st.one_of(st.none(), st.sampled_from(["AAECAwQFBgcICQoLDA0ODxAREhM=", "AA==", "00" * 20, "é"]))
#: What stands where Graph promises text or a date.
JUNK = st.sampled_from([7, True, ["x"], {"a": 1}])


def credentials(junk: bool) -> st.SearchStrategy[Any]:
    other = JUNK if junk else st.nothing()
    return st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "keyId": WORDS | st.sampled_from(["K", "k"]) | other,
                "displayName": WORDS | other,
                "startDateTime": DATES | other,
                "endDateTime": DATES | other,
                "customKeyIdentifier": IDENTIFIERS | other,
                "usage": st.sampled_from([None, "Sign", "Verify", "sign"]) | other,
                "key": st.just("AAAA"),
            },
        ),
        max_size=4,
    )


def items(junk: bool) -> st.SearchStrategy[Any]:
    uris = st.none() | st.lists(st.sampled_from(["https://a.example/x", "http://localhost", "urn:x", "HTTPS://B:8/"]))
    owners = st.lists(
        st.fixed_dictionaries(
            {"id": st.sampled_from(["u1", "u2", ""]), "@odata.type": st.sampled_from(["#microsoft.graph.user", "x"])}
        ),
        max_size=22,
    )
    return st.fixed_dictionaries(
        {"id": st.text(max_size=4) | (JUNK if junk else st.nothing())},
        optional={
            "appId": WORDS,
            "displayName": WORDS | (JUNK if junk else st.nothing()),
            "createdDateTime": DATES | (JUNK if junk else st.nothing()),
            "signInAudience": WORDS,
            "notes": WORDS,
            "web": st.none() | st.fixed_dictionaries({"redirectUris": uris}),
            "replyUrls": uris,
            "notificationEmailAddresses": st.none() | st.lists(st.text(max_size=3)),
            "accountEnabled": st.none() | st.booleans(),
            "preferredTokenSigningKeyThumbprint": st.none() | st.just(bytes(range(20)).hex()),
            "passwordCredentials": st.none() | credentials(junk),
            "keyCredentials": st.none() | credentials(junk),
            "owners": st.none() | owners,
        },
    )


async def nouns(page: ItemPage | Page) -> tuple[AppPage, list[Application], list[Quarantine]]:
    notes: list[Quarantine] = []
    made, crowded = await Maker().page(page, ApplicationType.APP_REGISTRATION, lambda note, _: notes.append(note))
    return made, crowded, notes


@settings(max_examples=300, deadline=None)
@given(value=st.lists(items(junk=False), max_size=5))
async def test_a_page_at_once_and_item_by_item_give_the_same(value: list[Any]) -> None:
    body = msgspec.json.encode({"value": value, "@odata.nextLink": "https://x/next"})

    assert await nouns(decode_items(body)) == await nouns(decode_page(body))


@settings(max_examples=300, deadline=None)
@given(good=st.lists(items(junk=False), max_size=4), bad=items(junk=True), place=st.integers(0, 4))
async def test_a_strange_item_changes_nothing_about_its_neighbours(good: list[Any], bad: Any, place: int) -> None:
    alone = await nouns(decode_items(msgspec.json.encode({"value": good})))
    together = await nouns(decode_items(msgspec.json.encode({"value": [*good[:place], bad, *good[place:]]})))

    for without, with_it in zip(alone[0].apps, (app for app in together[0].apps if app in alone[0].apps), strict=False):
        assert without == with_it
    assert len(together[0].ids) + len(together[2]) == len(alone[0].ids) + len(alone[2]) + 1
    assert set(alone[0].ids) <= set(together[0].ids)


def test_ordinary_pages_are_decoded_at_once() -> None:
    body = b'{"value": [{"id": "a", "createdDateTime": "2024-02-29T10:00:00Z", "displayName": "\\u00e9 \\"x\\""}]}'

    assert isinstance(decode_items(body), ItemPage)
    assert isinstance(decode_items(body.replace(b"\\u00e9", b"\\u0000")), Page)
    assert isinstance(decode_items(body.replace(b"2024-02-29T10:00:00Z", b"")), Page)


def test_one_loose_item_keeps_what_can_be_read() -> None:
    item = loose_item(msgspec.Raw(b'{"id": "a", "passwordCredentials": [{"keyId": 7}, {"keyId": "k"}]}'))

    (app, bad) = (made := Maker().application(item, ApplicationType.APP_REGISTRATION)).credentials, made.quarantined
    assert ([each.key_id for each in app], [note.reason for note in bad]) == (["k"], ["keyId is missing"])


def test_what_many_apps_share_is_one_object() -> None:
    body = msgspec.json.encode(
        {
            "value": [
                {
                    "id": name,
                    "signInAudience": "AzureADMyOrg",
                    "passwordCredentials": [{"keyId": "k", "displayName": "pipeline"}],
                    "owners": [{"id": "u1", "@odata.type": "#microsoft.graph.user"}],
                }
                for name in ("a", "b")
            ]
        }
    )
    maker = Maker()
    first, second = (maker.application(item, ApplicationType.APP_REGISTRATION) for item in decode_items(body).value)  # type: ignore[arg-type]

    assert first.owners[0] is second.owners[0]
    assert first.sign_in_audience is second.sign_in_audience
    assert first.credentials[0].display_name is second.credentials[0].display_name


def test_an_app_without_an_id_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="id is empty"):
        Maker().application(loose_item(msgspec.Raw(b'{"id": ""}')), ApplicationType.APP_REGISTRATION)


def test_what_is_made_is_like_what_the_nouns_class_makes() -> None:
    raw = b"""{"id": "a", "appId": "b", "passwordCredentials": [{"keyId": "k", "endDateTime": "2031-05-01T12:00:00Z"}],
        "owners": [{"id": "u1", "@odata.type": "#microsoft.graph.user"}, {"id": "u2"}, {}]}"""
    made = Maker().application(loose_item(msgspec.Raw(raw)), ApplicationType.APP_REGISTRATION)

    assert made == Application(
        object_id="a",
        app_id="b",
        display_name="",
        type=ApplicationType.APP_REGISTRATION,
        credentials=(
            Credential(key_id="k", type=CredentialType.CLIENT_SECRET, end=datetime(2031, 5, 1, 12, tzinfo=UTC)),
        ),
        owners=(Person(id="u1", kind=PersonKind.USER), Person(id="u2", kind=PersonKind.UNKNOWN)),
    )
    assert {type(made), type(made.credentials[0]), type(made.owners[0])} == {Application, Credential, Person}
    with pytest.raises(FrozenInstanceError):
        made.app_id = "c"  # type: ignore[misc]
