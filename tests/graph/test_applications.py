"""What the registry makes of Graph's pages: owners in full, SAML trios as one, poison that costs one record."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType, CredentialType, CredentialUsage, PersonKind
from alerts.ports import Completeness
from graph.applications import GraphApplications
from graph.wire import FOREVER
from tests.graph.scripted import Answer, Bench, error, page

END = "2031-05-01T12:00:00Z"
SHA1 = bytes(range(20))
APPLICATION, ENTERPRISE = ApplicationType.APP_REGISTRATION, ApplicationType.ENTERPRISE_APP
MAIN = "/servicePrincipals?$select=id,appId"
RARE = "servicePrincipalType ne 'Application'"


def secret(key_id: str = "k1", **more: Any) -> dict[str, Any]:
    return {"keyId": key_id, "displayName": "ci", "startDateTime": "2030-05-01T12:00:00Z", "endDateTime": END, **more}


def key(key_id: str, usage: str = "Verify", **more: Any) -> dict[str, Any]:
    identifier = base64.b64encode(SHA1).decode()
    kind = "X509CertAndPassword" if usage == "Sign" else "AsymmetricX509Cert"
    named = {"usage": usage, "type": kind, "customKeyIdentifier": identifier, "key": "AAAA" * 300}
    return secret(key_id, **{**named, **more})


def app(id: str = "a1", *secrets: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An app; with one secret where nothing is said about credentials."""
    if not secrets and not more.keys() & {"passwordCredentials", "keyCredentials"}:
        secrets = (secret(),)
    return {
        "id": id,
        "appId": f"app-{id}",
        "displayName": f"App {id}",
        "createdDateTime": "2024-02-29T10:00:00Z",
        "passwordCredentials": list(secrets),
        "keyCredentials": [],
        "owners": [],
        **more,
    }


def users(*ids: str) -> list[dict[str, str]]:
    return [{"@odata.type": "#microsoft.graph.user", "id": user_id} for user_id in ids]


async def applications(bench: Bench, completeness: Completeness | None = None) -> list[Application]:
    registry = GraphApplications(bench.reader())
    return [app async for page in registry.applications(completeness or Completeness()) for app in page.apps]


async def enterprise(bench: Bench, completeness: Completeness | None = None) -> list[Application]:
    registry = GraphApplications(bench.reader())
    return [app async for page in registry.enterprise_applications(completeness or Completeness()) for app in page.apps]


def by_id(apps: Sequence[Application]) -> dict[str, Application]:
    assert len({app.object_id for app in apps}) == len(apps)
    return {app.object_id: app for app in apps}


# ---------------------------------------------------------------- plain reading


async def test_an_application_arrives_with_everything_that_is_asked_of_it(bench: Bench) -> None:
    bench.graph.script = {
        "/applications": [
            page(
                app(
                    "a1",
                    secret("K1"),
                    notes="runs the shop",
                    serviceManagementReference="CMDB-7",
                    signInAudience="AzureADMyOrg",
                    web={"redirectUris": ["https://shop.example/back", "http://localhost:3000/x", "urn:ietf:wg:oauth"]},
                    spa={"redirectUris": ["https://spa.example:8443/#x", "https://shop.example/other"]},
                    publicClient={"redirectUris": None},
                    owners=[*users("u1"), {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "s1"}],
                )
            )
        ]
    }

    (found,) = await applications(bench)

    assert (found.object_id, found.app_id, found.display_name, found.type) == ("a1", "app-a1", "App a1", APPLICATION)
    assert found.created == datetime(2024, 2, 29, 10, tzinfo=UTC)
    assert found.reply_hosts == ("shop.example", "spa.example:8443")
    assert (found.notes, found.service_management_reference) == ("runs the shop", "CMDB-7")
    assert [(owner.id, owner.kind) for owner in found.owners] == [
        ("u1", PersonKind.USER),
        ("s1", PersonKind.SERVICE_PRINCIPAL),
    ]
    (credential,) = found.credentials
    assert (credential.key_id, credential.type, credential.display_name) == ("K1", CredentialType.CLIENT_SECRET, "ci")
    assert (credential.start, credential.end) == (
        datetime(2030, 5, 1, 12, tzinfo=UTC),
        datetime(2031, 5, 1, 12, tzinfo=UTC),
    )


async def test_a_listing_asks_for_999_with_owners_and_only_the_fields_it_needs(bench: Bench) -> None:
    bench.graph.script = {"/applications": [page(app())]}

    await applications(bench)

    (path,) = bench.graph.paths()
    assert "$top=999" in path
    assert "$expand=owners($select=id)" in path
    assert "hint" not in path


async def test_owners_are_read_whole_where_graph_refuses_to_select_in_expand(bench: Bench) -> None:
    bench.graph.script = {"/applications": [error(400, "Request_BadRequest"), page(app(owners=users("u1")))]}
    registry = GraphApplications(bench.reader())

    for _ in range(2):
        found = [app async for page in registry.applications(Completeness()) for app in page.apps]
        assert [owner.id for owner in found[0].owners] == ["u1"]

    expands = ["owners($select=id)" if "owners($select=id)" in path else "owners" for path in bench.graph.paths()]
    assert expands == ["owners($select=id)", "owners", "owners"]


async def test_where_exactly_20_owners_came_all_of_them_are_read_in_one_batch(bench: Bench) -> None:
    crowd = [f"u{number}" for number in range(37)]
    bench.graph.script = {
        "/applications?": [
            page(app("few", owners=users("u1")), app("many", owners=users(*crowd[:20]))),
        ],
        "/applications/many/owners": [page(*users(*crowd))],
    }

    found = by_id(await applications(bench))

    assert [owner.id for owner in found["many"].owners] == crowd
    assert [owner.id for owner in found["few"].owners] == ["u1"]
    assert len(bench.graph.asked) == 2


async def test_owners_on_several_pages_are_all_read(bench: Bench) -> None:
    crowd = [f"u{number}" for number in range(100)]
    bench.graph.script = {
        "/applications?": [page(app("many", owners=users(*crowd[:20])))],
        "/applications/many/owners?$skiptoken": [page(*users(*crowd[60:]))],
        "/applications/many/owners": [
            page(*users(*crowd[:60]), following=bench.graph.link("/applications/many/owners?$skiptoken=2"))
        ],
    }

    (found,) = await applications(bench)

    assert [owner.id for owner in found.owners] == crowd


async def test_an_app_deleted_while_its_owners_are_read_is_left_out(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {"/applications?": [page(app("a1"), app("a2", owners=users(*map(str, range(20)))))]}

    assert list(by_id(await applications(bench, completeness))) == ["a1"]
    assert completeness.missing == []


async def test_owners_that_cannot_be_read_are_named_as_missing_and_the_app_is_not_judged(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {
        "/applications?": [page(app("a1"), app("a2", owners=users(*map(str, range(20)))))],
        "/applications/a2/owners": [error(403, "Authorization_RequestDenied", "no")],
    }

    assert list(by_id(await applications(bench, completeness))) == ["a1"]
    assert completeness.missing == ["all owners of a2: Graph answered 403 Authorization_RequestDenied: no"]


# ---------------------------------------------------------------- enterprise apps


async def test_all_types_of_enterprise_app_but_managed_identities_are_read(bench: Bench) -> None:
    bench.graph.script = {
        "/servicePrincipals/": [page(*users("u9"))],
        f"{MAIN}": [
            page(app("s1", accountEnabled=False, owners=users("u1"))),
            page(
                app("old"),
                app("plain", passwordCredentials=[]),
                app("off", passwordCredentials=[], accountEnabled=False),
            ),
        ],
    }

    pages = [page async for page in GraphApplications(bench.reader()).enterprise_applications(Completeness())]

    assert sorted(app_id for page in pages for app_id in page.ids) == ["off", "old", "plain", "s1"]
    assert dict(pair for page in pages for pair in page.disabled.items()) == {"s1": "app-s1", "off": "app-off"}
    # Only what has a credential is worth a request for its owners.
    found = by_id([app for page in pages for app in page.apps])
    assert {name: [owner.id for owner in found[name].owners] for name in found} == {"s1": ["u1"], "old": ["u9"]}
    assert len(bench.graph.asked) == 3
    rare = bench.graph.asked[1]
    assert RARE in rare.path
    assert "$count=true" in rare.path
    assert "$expand" not in rare.path
    assert rare.headers["ConsistencyLevel"] == "eventual"


async def test_the_advanced_header_is_repeated_on_every_page(bench: Bench) -> None:
    bench.graph.script = {
        "/servicePrincipals?$skiptoken": [page(app("s3", passwordCredentials=[]))],
        MAIN: [
            page(app("s1")),
            page(app("s2", passwordCredentials=[]), following=bench.graph.link("/servicePrincipals?$skiptoken=2")),
        ],
    }

    pages = [page async for page in GraphApplications(bench.reader()).enterprise_applications(Completeness())]

    assert sorted(app_id for page in pages for app_id in page.ids) == ["s1", "s2", "s3"]
    assert [asked.headers.get("ConsistencyLevel") for asked in bench.graph.asked] == [None, "eventual", "eventual"]


async def test_known_rare_types_are_listed_one_by_one_where_the_advanced_query_is_refused(bench: Bench) -> None:
    bench.graph.script = {
        MAIN: [page(app("s1")), error(400, "Request_UnsupportedQuery"), page(app("legacy")), page(app("social"))]
    }

    assert list(by_id(await enterprise(bench))) == ["s1", "legacy", "social"]


async def test_rare_types_that_cannot_be_read_are_named_as_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {MAIN: [page(app("s1")), error(403, "Denied", "no")]}

    assert list(by_id(await enterprise(bench, completeness))) == ["s1"]
    assert completeness.missing == ["enterprise applications of rare types: Graph answered 403 Denied: no"]


# ---------------------------------------------------------------- SAML


def saml(**more: Any) -> dict[str, Any]:
    sign, verify = key("SIGN", "Sign"), key("VERIFY", "Verify")
    companion = secret("SIGN", customKeyIdentifier=sign["customKeyIdentifier"])
    return app("s1", companion, keyCredentials=[sign, verify], **more)


async def test_a_saml_trio_is_one_certificate_with_the_sign_keys_id(bench: Bench) -> None:
    bench.graph.script = {MAIN: [page(saml()), page()]}

    (found,) = await enterprise(bench)

    (credential,) = found.credentials
    assert (credential.key_id, credential.type) == ("SIGN", CredentialType.CERTIFICATE)
    assert credential.usage is CredentialUsage.SAML_ACTIVE
    assert credential.thumbprint == SHA1.hex().upper()


@pytest.mark.parametrize(
    "companion",
    [{"keyId": "OTHER"}, {"customKeyIdentifier": None}, {"keyId": "sign", "customKeyIdentifier": None}],
    ids=["by identifier", "by key id", "by key id in lower case"],
)
async def test_the_companion_of_a_certificate_is_never_a_secret(bench: Bench, companion: dict[str, Any]) -> None:
    trio = saml()
    trio["passwordCredentials"][0].update(companion)
    bench.graph.script = {MAIN: [page(trio), page()]}

    (found,) = await enterprise(bench)

    assert [credential.key_id for credential in found.credentials] == ["SIGN"]
    assert found.quarantined == ()


async def test_the_preferred_thumbprint_tells_the_active_certificate(bench: Bench) -> None:
    other = base64.b64encode(SHA1[::-1]).decode()
    keys = [
        key("S1", "Sign"),
        key("V1"),
        key("S2", "Sign", customKeyIdentifier=other),
        key("V2", customKeyIdentifier=other),
    ]
    both = app("s1", keyCredentials=keys, preferredTokenSigningKeyThumbprint=SHA1[::-1].hex())
    none_named = app("s2", keyCredentials=keys, preferredTokenSigningKeyThumbprint="00" * 20)
    bench.graph.script = {MAIN: [page(both, none_named), page()]}

    found = by_id(await enterprise(bench))

    usages = {credential.key_id: credential.usage for credential in found["s1"].credentials}
    assert usages == {"S1": CredentialUsage.SAML_INACTIVE, "S2": CredentialUsage.SAML_ACTIVE}
    # A thumbprint that fits no certificate silences none of them.
    assert {credential.usage for credential in found["s2"].credentials} == {CredentialUsage.SAML_ACTIVE}


async def test_a_secret_beside_a_saml_certificate_is_still_a_secret(bench: Bench) -> None:
    trio = saml()
    trio["passwordCredentials"].append(secret("REAL", customKeyIdentifier=None))
    bench.graph.script = {MAIN: [page(trio), page()]}

    (found,) = await enterprise(bench)

    assert {credential.key_id: credential.type for credential in found.credentials} == {
        "SIGN": CredentialType.CERTIFICATE,
        "REAL": CredentialType.CLIENT_SECRET,
    }


async def test_a_poisoned_trio_is_quarantined_once(bench: Bench) -> None:
    trio = saml()
    for part in (*trio["keyCredentials"], *trio["passwordCredentials"]):
        part["endDateTime"] = "soon"
    bench.graph.script = {MAIN: [page(trio), page()]}

    (found,) = await enterprise(bench)

    assert found.credentials == ()
    assert [(note.key_id, note.reason) for note in found.quarantined] == [("SIGN", "endDateTime is not a date: 'soon'")]


async def test_a_plain_certificate_of_an_app_registration_signs_in(bench: Bench) -> None:
    bench.graph.script = {"/applications": [page(app(keyCredentials=[key("C1"), key("C2", customKeyIdentifier=None)]))]}

    (found,) = await applications(bench)

    assert {(c.key_id, c.usage, bool(c.thumbprint)) for c in found.credentials} == {
        ("C1", CredentialUsage.SIGN_IN, True),
        ("C2", CredentialUsage.SIGN_IN, False),
    }


# ---------------------------------------------------------------- poison (one record each)

GOOD_DATES = {
    "null": (None, None),
    "year 9999": ("9999-12-31T23:59:59.9999999Z", FOREVER),
    "year 10000": ("10000-01-01T00:00:00Z", FOREVER),
    "without zone": ("2031-05-01T12:00:00", datetime(2031, 5, 1, 12, tzinfo=UTC)),
    "seven fractional digits": (
        "2031-05-01T12:00:00.1234567Z",
        datetime(2031, 5, 1, 12, 0, 0, 123457, tzinfo=UTC),
    ),
    "other zone": ("2031-05-01T12:00:00+02:00", datetime(2031, 5, 1, 10, tzinfo=UTC)),
}
BAD_DATES: dict[str, Any] = {
    "empty": "",
    "blank": "  ",
    "junk": "next summer",
    "year 1": "0001-01-01T00:00:00Z",
    "a number": 1777777777,
    "a list": ["2031-05-01T12:00:00Z"],
    "13th month": "2031-13-01T00:00:00Z",
}


@pytest.mark.parametrize("name", GOOD_DATES)
async def test_an_unusual_end_date_is_understood(bench: Bench, name: str) -> None:
    written, meant = GOOD_DATES[name]
    bench.graph.script = {"/applications": [page(app("a1", secret(endDateTime=written)))]}

    (found,) = await applications(bench)

    assert [credential.end for credential in found.credentials] == [meant]
    assert found.quarantined == ()


async def test_a_missing_end_date_means_never_due(bench: Bench) -> None:
    without = secret()
    del without["endDateTime"]
    bench.graph.script = {"/applications": [page(app("a1", without))]}

    (found,) = await applications(bench)

    assert [credential.end for credential in found.credentials] == [None]


@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize("name", BAD_DATES)
async def test_a_poisoned_end_date_costs_one_credential(bench: Bench, name: str, place: int) -> None:
    apps = [app(f"a{number}", secret("k1"), secret("k2")) for number in range(5)]
    apps[place]["passwordCredentials"][0]["endDateTime"] = BAD_DATES[name]
    completeness = Completeness()
    bench.graph.script = {"/applications": [page(*apps)]}

    found = by_id(await applications(bench, completeness))

    assert sum(len(app.credentials) for app in found.values()) == 9
    notes = [note for app in found.values() for note in app.quarantined]
    assert [(note.object_id, note.key_id) for note in notes] == [(f"a{place}", "k1")]
    assert notes[0].reason.startswith("endDateTime")
    assert completeness.quarantined == []
    assert completeness.missing == []


@pytest.mark.parametrize(
    "poison",
    [{"id": 7}, {"id": ""}, {"passwordCredentials": "none"}, {"passwordCredentials": [None]}, {"displayName": 5}],
    ids=str,
)
@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
async def test_an_unreadable_app_costs_one_app(bench: Bench, poison: dict[str, Any], place: int) -> None:
    apps = [app(f"a{number}", secret()) for number in range(5)]
    apps[place].update(poison)
    completeness = Completeness()
    bench.graph.script = {"/applications": [page(*apps)]}

    found = by_id(await applications(bench, completeness))

    assert len(found) == 4
    (note,) = completeness.quarantined
    assert note.object_id == ("" if "id" in poison else f"a{place}")
    assert completeness.missing == []


async def test_odd_key_ids(bench: Bench) -> None:
    without = secret()
    del without["keyId"]
    bench.graph.script = {
        "/applications": [
            page(
                app("a1", without, secret(None), secret("K-1"), secret("k-1"), secret("not a guid")),  # type: ignore[arg-type]
                app("a2", secret("K-1")),
            )
        ]
    }

    found = by_id(await applications(bench))

    assert [credential.key_id for credential in found["a1"].credentials] == ["K-1", "not a guid"]
    assert [note.reason for note in found["a1"].quarantined] == [
        "keyId is missing",
        "keyId is missing",
        "keyId stands twice on this app",
    ]
    assert [credential.key_id for credential in found["a2"].credentials] == ["K-1"]


async def test_a_start_that_makes_no_sense_is_dropped_and_the_end_kept(bench: Bench) -> None:
    late, junk = secret("k1", startDateTime="2032-01-01T00:00:00Z"), secret("k2", startDateTime="yesterday")
    bench.graph.script = {"/applications": [page(app("a1", late, junk))]}

    (found,) = await applications(bench)

    assert [(c.start, c.end is not None) for c in found.credentials] == [(None, True), (None, True)]


async def test_none_and_500_credentials(bench: Bench) -> None:
    many = app("a2", *(secret(f"k{number}") for number in range(500)))
    none = app("a1", passwordCredentials=None, keyCredentials=None, owners=None)
    bench.graph.script = {"/applications": [page(none, many)]}

    pages = [page async for page in GraphApplications(bench.reader()).applications(Completeness())]

    assert sorted(app_id for page in pages for app_id in page.ids) == ["a1", "a2"]
    assert [(app.object_id, len(app.credentials)) for page in pages for app in page.apps] == [("a2", 500)]


HOSTILE_NAMES = {
    "null": None,
    "empty": "",
    "long": "x" * 10_000,
    "emoji": "👩‍👩‍👧‍👦" * 256,
    "right to left": "\u202egnp.exe עברית العربية",
    "line breaks": "a\nb\r\nc\u2028d",
    "control": "a\x01b\x9fc",
    "template": "{{DATE(2020-01-01)}} ${x} %s {0}",
    "markup": "[Reset](https://evil) ![x](https://evil/x.png) <script>alert(1)</script>",
    "formula": "=cmd|'/c calc'!A1",
    "kql": '" | union *',
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_a_hostile_name_arrives_as_it_is(bench: Bench, name: str) -> None:
    bench.graph.script = {"/applications": [page(app("a1", secret(), displayName=HOSTILE_NAMES[name]))]}

    (found,) = await applications(bench)

    assert found.display_name == (HOSTILE_NAMES[name] or "")
    assert len(found.credentials) == 1


@pytest.mark.parametrize(
    "name",
    [rb'"a\u0000b"', rb'"a\ud800b"', b'"a\xffb"', b'"a\x00b"'],
    ids=["escaped NUL", "lone surrogate", "bad UTF-8", "raw NUL"],
)
@pytest.mark.parametrize("place", [0, 2, 4], ids=["first", "middle", "last"])
async def test_a_name_that_no_database_stores_is_repaired_and_its_page_unharmed(
    bench: Bench, name: bytes, place: int
) -> None:
    apps = [app(f"a{number}", secret()) for number in range(5)]
    apps[place]["displayName"] = "HERE"
    body = msgspec.json.encode({"value": apps}).replace(b'"HERE"', name)
    bench.graph.script = {"/applications": [Answer(body=body)]}

    found = by_id(await applications(bench))

    assert len(found) == 5
    assert found[f"a{place}"].display_name == "a\ufffdb"
    assert all(len(app.credentials) == 1 for app in found.values())


# ---------------------------------------------------------------- completeness


async def test_a_listing_that_breaks_off_says_what_is_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {
        "/applications?page=2": [error(503, "ServiceUnavailable")],
        "/applications": [page(app("a1"), app("a2"), following=bench.graph.link("/applications?page=2"))],
    }

    assert len(await applications(bench, completeness)) == 2
    assert completeness.missing == ["app registrations after the first 2: Graph answered 503 ServiceUnavailable"]


async def test_a_foreign_next_link_is_missing_data_and_not_the_end(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {"/applications": [page(app("a1"), following="https://evil.example/v1.0/applications")]}

    assert len(await applications(bench, completeness)) == 1
    assert "leads to another host" in completeness.missing[0]


async def test_a_listing_whose_first_page_cannot_be_read_is_an_error(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.script = {"/applications": [error(403, "Authorization_RequestDenied", "Insufficient privileges")]}

    with pytest.raises(GraphError, match="Insufficient privileges"):
        await applications(bench, completeness)


# ---------------------------------------------------------------- one app


async def test_one_app_is_read_fresh_with_all_its_owners(bench: Bench) -> None:
    crowd = [str(number) for number in range(25)]
    bench.graph.script = {
        "/applications/a1/owners": [page(*users(*crowd))],
        "/applications/a1": [Answer(body=app("a1", secret(), owners=users(*crowd[:20])))],
        "/servicePrincipals/s1": [Answer(body=app("s1", secret()))],
    }
    registry = GraphApplications(bench.reader())

    registration = await registry.application("a1", APPLICATION)
    principal = await registry.application("s1", ENTERPRISE)

    assert registration is not None
    assert principal is not None
    assert len(registration.owners) == 25
    assert (principal.object_id, principal.type) == ("s1", ENTERPRISE)


async def test_an_app_that_is_gone_is_none(bench: Bench) -> None:
    assert await GraphApplications(bench.reader()).application("a1", APPLICATION) is None


async def test_an_app_that_cannot_be_read_is_an_error_and_not_gone(bench: Bench) -> None:
    bench.graph.script = {"/applications/a1": [Answer(body={"id": 7})]}

    with pytest.raises(GraphError, match="cannot be read"):
        await GraphApplications(bench.reader()).application("a1", APPLICATION)
