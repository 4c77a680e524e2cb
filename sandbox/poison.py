"""Credentials and apps as no service should send them, yet one day does: one poisoned record must cost one record.

Ordered by tests: `poison(state, object_id, name)` spoils one credential of an app, or the app itself, in
Graph's JSON alone; the truth marks what was spoilt.
"""

from datetime import datetime
from typing import Any

from sandbox.refused import Refused
from sandbox.state import TwinState, mutation
from sandbox.tenant import OMIT

#: What is wrong with a credential -> properties as sent; OMIT leaves one out.
CREDENTIAL_POISON: dict[str, dict[str, Any]] = {
    "end missing": {"endDateTime": OMIT},
    "end null": {"endDateTime": None},
    "end empty": {"endDateTime": ""},
    "end junk": {"endDateTime": "in a while"},
    "end a number": {"endDateTime": 20270101},
    "end in the year 1": {"endDateTime": "0001-01-01T00:00:00Z"},
    "end in the year 9999": {"endDateTime": "9999-12-31T23:59:59.9999999Z"},
    "end in the year 10000": {"endDateTime": "10000-01-01T00:00:00Z"},
    "end without zone": {"endDateTime": "2027-03-01T12:00:00"},
    "end with seven digits": {"endDateTime": "2027-03-01T12:00:00.1234567Z"},
    "end on 30 February": {"endDateTime": "2027-02-30T12:00:00Z"},
    "start after end": {"startDateTime": "2099-01-01T00:00:00Z"},
    "start junk": {"startDateTime": "long ago"},
    "key id missing": {"keyId": OMIT},
    "key id null": {"keyId": None},
    "key id no GUID": {"keyId": "not-a-guid"},
    "key id a number": {"keyId": 7},
    "name a list": {"displayName": ["a", "b"]},
    "name with NUL": {"displayName": "be\x00fore"},
    "identifier no base64": {"customKeyIdentifier": "***"},
    "unknown usage and type": {"type": "QuantumKey", "usage": "Entangle"},
}

#: What is wrong with a whole app.
APP_POISON: dict[str, dict[str, Any]] = {
    "no object id": {"id": OMIT},
    "object id null": {"id": None},
    "no app id": {"appId": OMIT},
    "name an object": {"displayName": {"en": "x"}},
    "credentials null": {"passwordCredentials": None, "keyCredentials": None},
    "credentials text": {"passwordCredentials": "none"},
    "owners null": {"owners": None},
    "creation junk": {"createdDateTime": "yesterday"},
    "unknown type": {"@odata.type": "#microsoft.graph.agentIdentityBlueprint"},
}


def poison(state: TwinState, object_id: str, name: str, key_id: str = "") -> None:
    """Spoil an app, or with `key_id` one of its credentials, in a way of the tables above."""
    state.change("poisoned", app=object_id, key=key_id, name=name)


def share_key_id(state: TwinState, object_id: str, key_id: str, of_key_id: str) -> None:
    """Let one credential bear the key id of another app's, or the same in capitals: GUIDs have no case."""
    state.change("keyIdShared", app=object_id, key=key_id, of=of_key_id)


@mutation("poisoned")
def _poisoned(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    app = state.tenant.apps[data["app"]]
    table = CREDENTIAL_POISON if data["key"] else APP_POISON
    if data["name"] not in table:
        raise Refused(400, "BadRequest", f"There is no poison {data['name']!r}; there are {', '.join(table)}.")
    spoilt = [each for each in app.credentials if each.key_id == data["key"]] if data["key"] else [app]
    for each in spoilt:
        each.overrides = dict(table[data["name"]])
    app.version += 1


@mutation("keyIdShared")
def _key_id_shared(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    app = state.tenant.apps[data["app"]]
    for each in app.credentials:
        if each.key_id == data["key"]:
            each.overrides = {**each.overrides, "keyId": data["of"]}
    app.version += 1
