"""Changes the owners of an app through Graph, with an identity of its own; nothing here is repeated blindly."""

import logging
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from msgraph.generated.models.reference_create import ReferenceCreate

from alerts.errors import GraphError, OwnerChangeError
from alerts.model import Application, ApplicationType
from graph.client import TOKEN_REFUSED, GraphClient
from graph.gate import INTERACTIVE, retry_after
from graph.reader import GraphReader, query
from graph.wire import Reference, Unreadable, decode_item, graph_error

log = logging.getLogger(__name__)

#: OwnerChangeError.reason: the identity may not write owners of this app.
NOT_ALLOWED = "notAllowed"
#: The app, or the person, is gone.
GONE = "gone"
#: The app has 100 owners already (Entra service limits).
TOO_MANY_OWNERS = "tooManyOwners"
#: Anything else that Graph refuses; its words are in the message.
REFUSED = "refused"

_REFERENCE = msgspec.json.Decoder(Reference)


class GraphOwners:
    """The OwnerWriter over Graph."""

    def __init__(self, client: GraphClient) -> None:
        """The client's identity needs the right to write owners, and to read the app's."""
        self._client = client
        self._reader = GraphReader(client, policy=INTERACTIVE, priority="high")

    async def add_owner(self, application: Application, person_id: str) -> None:
        """Make the person an owner; being one already is success.

        Owners are read before the write, and again after an answer that leaves open whether it ran.

        Raises:
            OwnerChangeError: refused for good; `reason` is one of this module's codes.
            GraphError: not known, or throttled: worth asking again later, since this reads first.
        """
        if await self._is_owner(application, person_id):
            return
        try:
            response = await self._post(application, person_id)
        except GraphError as error:
            if error.code == TOKEN_REFUSED:
                raise OwnerChangeError(str(error), reason=NOT_ALLOWED) from error
            if await self._is_owner(application, person_id):
                return
            raise
        if response.is_success:
            return
        refusal = graph_error(response, retry_after(response.headers))
        if refusal.status >= 500 and await self._is_owner(application, person_id):
            return
        if refusal.status == 400 and "already exist" in str(refusal):
            return
        if refusal.status == 429 or refusal.status >= 500:
            raise refusal
        raise OwnerChangeError(str(refusal), reason=_reason(refusal)) from refusal

    async def _is_owner(self, application: Application, person_id: str) -> bool:
        path = query(self._path(application), select="id", top="999")
        try:
            async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
                if any(_owner_id(raw).lower() == person_id.lower() for raw in page.value):
                    return True
        except GraphError as error:
            if error.status == 404:
                raise OwnerChangeError(f"{application.object_id} is gone: {error}", reason=GONE) from error
            if error.status in (401, 403):
                raise OwnerChangeError(str(error), reason=NOT_ALLOWED) from error
            raise
        return False

    async def _post(self, application: Application, person_id: str) -> httpx.Response:
        """POST owners/$ref once; again only after 401, which changes nothing."""
        sdk = self._client.sdk
        app = (
            sdk.applications.by_application_id(application.object_id)
            if application.type is ApplicationType.APP_REGISTRATION
            else sdk.service_principals.by_service_principal_id(application.object_id)
        )
        target = f"{self._client.identity.base_url}/directoryObjects/{quote(person_id, safe='')}"

        def build() -> Any:
            return app.owners.ref.to_post_request_information(ReferenceCreate(odata_id=target))

        generation = self._client.token_generation
        response = await self._reader.send(build(), cost=1)
        if response.status_code == 401:
            self._client.renew_token(generation)
            response = await self._reader.send(build(), cost=1)
        return response

    def _path(self, application: Application) -> str:
        collection = "applications" if application.type is ApplicationType.APP_REGISTRATION else "servicePrincipals"
        return f"/{collection}/{quote(application.object_id, safe='')}/owners"


def _owner_id(raw: msgspec.Raw) -> str:
    try:
        return decode_item(raw, _REFERENCE).id or ""
    except Unreadable:
        return ""


def _reason(error: GraphError) -> str:
    words = f"{error.code} {error}".lower()
    if error.status in (400, 403) and ("quota" in words or "maximum number" in words or "exceed" in words):
        return TOO_MANY_OWNERS
    if error.status in (401, 403):
        return NOT_ALLOWED
    return GONE if error.status == 404 else REFUSED
