"""The adapters against the practice tenant's strict Graph: nothing refused, nothing missing, few requests."""

from collections.abc import AsyncIterator

import pytest

from alerts.model import CredentialUsage, PersonKind
from alerts.ports import Completeness
from graph.applications import GraphApplications
from graph.client import GraphClient
from graph.last_use import GraphLastUse
from graph.people import GraphPeople
from graph.reader import GraphReader
from sandbox.launch import Practice
from tests.support.identities import scanner_of


@pytest.fixture
async def reader(practice: Practice) -> AsyncIterator[GraphReader]:
    client = GraphClient(scanner_of(practice))
    yield GraphReader(client)
    await client.close()


async def test_the_practice_tenant_is_read_whole_in_a_handful_of_requests(reader: GraphReader) -> None:
    registry, completeness = GraphApplications(reader), Completeness()
    pages = [page async for page in registry.applications(completeness)]
    registrations = {app_id for page in pages for app_id in page.ids}
    pages += [page async for page in registry.enterprise_applications(completeness)]
    apps = [app for page in pages for app in page.apps]
    owners = {owner.id for app in apps for owner in app.owners}

    people = await GraphPeople(reader).people(owners, managers=True)

    assert completeness.missing == []
    assert len(registrations) == 300
    assert max(len(app.owners) for app in apps) > 20
    usages = {credential.usage for app in apps for credential in app.credentials}
    assert usages == set(CredentialUsage)
    assert {person.kind for person in people.values()} == {PersonKind.USER, PersonKind.SERVICE_PRINCIPAL}
    assert reader.usage.requests <= 15
    assert reader.usage.throttled == 0


async def test_the_practice_tenant_says_who_changed_and_when_credentials_were_used(reader: GraphReader) -> None:
    people, registry = GraphPeople(reader), GraphApplications(reader)
    changes = await people.changes_since(await people.changes_from_now(), 1)
    keys = {
        credential.key_id: credential
        async for page in registry.applications(Completeness())
        for app in page.apps
        for credential in app.credentials
    }

    used = await GraphLastUse(reader).last_used()

    assert changes is not None
    assert changes.ids == frozenset()
    both = keys.keys() & used.keys()
    assert 0.3 * len(keys) < len(both) < 0.9 * len(keys)
    starts = {key: keys[key].start for key in both}
    assert all(start is not None and start <= used[key] for key, start in starts.items())


async def test_people_of_the_cast_are_found_by_name_and_address(reader: GraphReader) -> None:
    finder = GraphPeople(reader)

    (ana, *_) = await finder.find("ana")
    (same,) = await finder.find(ana.user_principal_name)

    assert same == ana
    assert (await finder.find(ana.id))[0].manager_id != ""
