"""Which app registrations also sign in without any secret: their federated identity credentials, by name."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from alerts.errors import GraphError
from graph.reader import GraphReader, Part, query
from graph.wire import Reference, Unreadable, decode_item, decode_page, fault, text


class _Federated(msgspec.Struct, rename="camel"):
    name: Any = None
    issuer: Any = None


_REFERENCE = msgspec.json.Decoder(Reference)
_FEDERATED = msgspec.json.Decoder(_Federated)


async def federated_credentials(reader: GraphReader) -> dict[str, tuple[str, ...]]:
    """Object id -> "name (issuer's host)" of every federated identity credential; apps without one are absent.

    The filter is an advanced query (Graph: $filter on directory objects, federatedIdentityCredentials/$count).

    Raises:
        GraphError: one request failed, or an app's answer cannot be read.
    """
    condition = "federatedIdentityCredentials/$count ne 0"
    path = query("/applications", filter=condition, count="true", select="id", top="999")
    ids: dict[str, None] = {}
    async for page in reader.pages(lambda: reader.get(path), cost=1, headers={"ConsistencyLevel": "eventual"}):
        for raw in page.value:
            try:
                ids[decode_item(raw, _REFERENCE).id or ""] = None
            except Unreadable as error:
                raise GraphError(f"Graph's list of apps with federated credentials cannot be read: {error}") from error
    ids.pop("", None)
    found: dict[str, tuple[str, ...]] = {}
    parts = [
        Part(path=query(f"/applications/{object_id}/federatedIdentityCredentials", select="name,issuer"))
        for object_id in ids
    ]
    for object_id, answer in zip(ids, await reader.batch(parts), strict=True):
        if answer.status == 404:  # deleted meanwhile
            continue
        if answer.status != 200:
            raise fault(answer.status, answer.body)
        try:
            # At most 20 for an app (Entra: federated identity credentials), so always one page.
            names = tuple(_name(decode_item(raw, _FEDERATED)) for raw in decode_page(answer.body).value)
        except (msgspec.DecodeError, Unreadable) as error:
            raise GraphError(f"the federated credentials of {object_id} cannot be read: {error}") from error
        if names:
            found[object_id] = names
    return found


def _name(credential: _Federated) -> str:
    issuer = text(credential.issuer)
    try:
        host = urlsplit(issuer).hostname or issuer
    except ValueError:
        host = issuer
    name = text(credential.name)
    return f"{name} ({host})" if name and host else name or host
