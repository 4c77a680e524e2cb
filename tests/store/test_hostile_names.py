"""Names and ids of any characters come back as they were, from both engines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.errors import StoreError
from alerts.model import (
    Alert,
    ApplicationType,
    Conversation,
    CredentialRecord,
    CredentialType,
    CredentialUsage,
    Person,
    PersonKind,
    PreviousOwner,
)
from store.codec import Codec, encode
from store.snapshot import fold
from store.store import SqlStore
from store.types import original_text, safe_text, to_utc
from tests.store.makers import (
    NOW,
    alert,
    application,
    card,
    credential,
    delivery,
    event,
    nomination,
    recipient,
    record,
    run,
)

#: Any text at all: NUL, the mark of our own escape, halves of surrogate pairs, the poison of real directories.
POISON = [
    "", "\x00", "a\x00b", "\x1a0000", "\x1a", "\ud800", "\udfff\ud800", "\ud83d\ude00", "\\u0000", "\\ud800",
    "\u202egnp.exe", "line\nbreak\r\u2028", "{{DATE(2026)}}", "${x}", "[Reset](https://evil)", "<script>", "=cmd|'/c'!A1",
    '" | union *', "%s {0} %", "' OR 1=1 --", "👩‍👩‍👧‍👦" * 40, "x" * 10_000, "\x85\x9f\x7f", "İı", "ß", "%_/\\",
]  # fmt: skip
texts = st.one_of(st.sampled_from(POISON), st.text(st.characters(), max_size=40))
moments = st.datetimes(timezones=st.just(UTC)) | st.none()
people = st.builds(
    Person,
    id=texts, display_name=texts, mail=texts, account_enabled=st.booleans(), kind=st.sampled_from(PersonKind),
    department=texts, deleted=st.booleans(),
)  # fmt: skip

#: One database serves all examples of a test; each has ids of its own where an id may not come twice.
many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(texts)
def test_safe_text_is_taken_by_both_engines_and_turns_back(text: str) -> None:
    safe = safe_text(text)

    assert b"\x00" not in safe.encode()
    assert original_text(safe) == text


@given(texts, texts)
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (safe_text(one) == safe_text(other)) == (one == other)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
                    lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))  # fmt: skip
def test_any_details_of_an_event_turn_back(details: Any) -> None:
    whole = event(details={"details": details})

    assert Codec[Any](type(whole)).decode(encode(whole)) == whole


def test_read_only_mappings_can_be_stored() -> None:
    whole = delivery(params=MappingProxyType({"name": "\ud800"}))

    assert Codec[Any](type(whole)).decode(encode(whole)).params == {"name": "\ud800"}


@pytest.mark.parametrize("text", ["", "{}", '{"id":1}', "[", '{"id":"\\u001a', '{"id":"a","kind":"emperor"}'])
def test_what_cannot_be_read_is_an_error_of_the_store(text: str) -> None:
    with pytest.raises(StoreError, match="Person"):
        Codec[Person](Person).decode(text)


def test_fields_that_a_newer_version_added_are_passed_over() -> None:
    assert Codec[Person](Person).decode('{"id":"ana","shoe_size":44}') == Person(id="ana")


@many
@given(
    st.data(),
    texts,
    texts,
    moments.filter(lambda m: m is None or m.year > 1),
    st.lists(people, max_size=3),
    st.sampled_from(ApplicationType),
)
async def test_records_turn_back(store: SqlStore, data, object_id, name, end, owners, kind) -> None:  # type: ignore[no-untyped-def]
    own = replace(
        credential(data.draw(texts)),
        end=end,
        display_name=name,
        type=data.draw(st.sampled_from(CredentialType)),
        usage=data.draw(st.sampled_from(CredentialUsage)),
    )
    app = application(object_id, app_id=data.draw(texts), display_name=name, notes=name, credentials=(own,), type=kind)
    whole = record(
        application=app, credential=own, owners=tuple(owners), owner=owners[0] if owners else None, run_id=name,
        alert_type=name, previous_owners=tuple(PreviousOwner(person=p, seen=NOW) for p in owners[:1]),
    )  # fmt: skip
    async with store.transaction() as tx:
        await tx.save_snapshot([whole])
        found = [each for each in await tx.snapshot_of_apps([object_id]) if each.key == whole.key]
        keys = await tx.snapshot_keys()
        of_owners = [await tx.snapshot_of_owner(person.id) for person in owners]
        by_name = await tx.find_apps(object_id, 1000)
        await tx.remove_from_snapshot([whole.key])
        gone = [each for each in await tx.snapshot_of_apps([object_id]) if each.key == whole.key]

    assert found == [whole]
    assert keys[whole.key] == name
    assert all(whole in each for each in of_owners)
    assert app in by_name or object_id != object_id.strip() or not fold(object_id)
    assert gone == []


@many
@given(texts, texts, people)
async def test_alerts_and_all_that_hangs_on_them_turn_back(
    store: SqlStore, odd: str, name: str, person: Person
) -> None:
    id_ = f"{uuid4().hex}{odd}"
    app = application(name, display_name=name, notes=odd)
    whole = alert(id_, application=app, excluded_reason=name)
    place = recipient(id_, person)
    message = delivery(id_, alert_ids=(id_, odd), recipient_id=odd, params={odd: name}, error=name)
    posted = card(id_, activity_id=odd, recipient_id=name, alert_ids=(id_,), nomination_id=id_)
    asked = nomination(id_, application=app, note=odd, nominee=person)
    async with store.transaction() as tx:
        await tx.save_alerts([whole])
        await tx.save_recipients([place])
        await tx.add_deliveries([message])
        await tx.save_card(posted)
        await tx.save_nomination(asked)
        await tx.save_people([person])
        await tx.save_conversation(Conversation(person_id=odd, conversation_id=name, service_url=odd))
        await tx.save_run(run(id_, errors=(name,)))
        await tx.add_events([event(id_, details={odd: name})])
        await tx.add_audit(NOW, odd, name, odd, name, odd)
        await tx.set_value(odd, name)
        assert await tx.alerts([id_, odd], lock=True) == {id_: whole}
        assert whole in await tx.alerts_of_app(name)
        assert await tx.recipients([id_]) == [place]
        assert place in await tx.recipients_of_person(person.id)
        assert await tx.deliveries_of_alerts([id_]) == [message]
        assert await tx.card(id_) == posted
        assert await tx.cards_of_alerts([id_]) == await tx.cards_of_nominations([id_]) == [posted]
        assert asked in await tx.nominations_of_app(name)
        assert (await tx.people([person.id]))[person.id] == person
        assert (await tx.conversations([odd]))[odd].conversation_id == name
        assert event(id_, details={odd: name}) in await tx.events_waiting(1000)
        await tx.events_archived([id_])
        assert await tx.value(odd) == name
    async with store.reading() as tx:
        assert await tx.audit_broken_at() is None
        assert (await tx.audit_last(1))[0].verb == name


offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)


@given(st.datetimes(timezones=offsets))
def test_any_moment_goes_to_utc_or_to_the_edge_of_the_calendar(moment: datetime) -> None:
    utc = to_utc(moment)

    assert utc.tzinfo is UTC
    assert utc == moment or utc in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("value", [record(), alert(), delivery(), card(), nomination(), event(), run(), recipient()])
def test_the_types_that_are_stored_turn_back(value: CredentialRecord | Alert) -> None:
    assert Codec[Any](type(value)).decode(encode(value)) == value
