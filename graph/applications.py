"""Reads app registrations and enterprise apps with their credentials and owners: one request per 999 of them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType, Credential, Person, PersonKind, Quarantine
from alerts.ports import AppPage, Completeness, GraphUsage
from graph.credentials import RawCredential, credentials, hosts
from graph.reader import GraphReader, Part, query
from graph.wire import Page, Reference, Unreadable, decode_item, decode_page, decode_single, fault, id_of, instant, text

log = logging.getLogger(__name__)

PAGE_SIZE = "999"
#: $expand returns at most so many objects and says nothing about more (Graph: known issues, query parameters).
EXPANDED_AT_MOST = 20
#: Items decoded between two breaths of the event loop, some milliseconds.
BREATH = 100

APPLICATION_FIELDS = (
    "id,appId,displayName,createdDateTime,signInAudience,notes,serviceManagementReference,web,spa,publicClient,"
    "passwordCredentials,keyCredentials"
)
ENTERPRISE_FIELDS = (
    "id,appId,displayName,accountEnabled,appOwnerOrganizationId,servicePrincipalType,signInAudience,notes,replyUrls,"
    "notificationEmailAddresses,preferredTokenSigningKeyThumbprint,passwordCredentials,keyCredentials"
)
#: The types beside Application and ManagedIdentity (Graph: servicePrincipal resource).
RARE_TYPES = ("Legacy", "SocialIdp")

KINDS = {
    "#microsoft.graph.user": PersonKind.USER,
    "#microsoft.graph.servicePrincipal": PersonKind.SERVICE_PRINCIPAL,
    "#microsoft.graph.group": PersonKind.GROUP,
}


class _Redirects(msgspec.Struct, rename="camel"):
    redirect_uris: list[Any] | None = None


class _Item(msgspec.Struct, rename="camel"):
    """An application or servicePrincipal; what is not selected, or unknown to us, is skipped unread."""

    id: str
    app_id: str | None = None
    display_name: str | None = None
    created_date_time: Any = None
    sign_in_audience: str | None = None
    notes: str | None = None
    service_management_reference: str | None = None
    web: _Redirects | None = None
    spa: _Redirects | None = None
    public_client: _Redirects | None = None
    reply_urls: list[Any] | None = None
    notification_email_addresses: list[Any] | None = None
    account_enabled: bool | None = None
    app_owner_organization_id: str | None = None
    service_principal_type: str | None = None
    preferred_token_signing_key_thumbprint: str | None = None
    password_credentials: list[RawCredential] | None = None
    key_credentials: list[RawCredential] | None = None
    owners: list[Reference] | None = None


_ITEM = msgspec.json.Decoder(_Item)
_REFERENCE = msgspec.json.Decoder(Reference)


class GraphApplications:
    """The AppRegistry over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        # One object per owner and scan instead of one per app and owner.
        self._people: dict[tuple[str, PersonKind], Person] = {}
        #: Whether Graph refused a $select inside $expand=owners; sources disagree, so the first page asks.
        self._plain_owners = False

    @property
    def usage(self) -> GraphUsage:
        return self._reader.usage

    async def applications(
        self,
        completeness: Completeness,
        cuts: Sequence[datetime] = (),  # noqa: ARG002
    ) -> AsyncIterator[AppPage]:
        """All app registrations with all their owners' ids; see the port."""
        async for apps in self._listing(
            ApplicationType.APP_REGISTRATION, "applications", APPLICATION_FIELDS, "", completeness, "app registrations"
        ):
            yield _page_of(apps)

    def cuts(self, created: Sequence[datetime]) -> list[datetime]:  # noqa: ARG002
        """Where to cut the next listing; see the port."""
        return []

    async def enterprise_applications(self, completeness: Completeness) -> AsyncIterator[AppPage]:
        """All enterprise apps but managed identities, whose credentials the platform rotates; see the port.

        Those of type Application come with their owners. All other types together are one advanced query, which
        excludes $expand, so that a type which Graph adds tomorrow is not overlooked in silence.
        """
        own = Completeness(quarantined=completeness.quarantined)
        try:
            async for apps in self._listing(
                ApplicationType.ENTERPRISE_APP,
                "servicePrincipals",
                ENTERPRISE_FIELDS,
                "servicePrincipalType eq 'Application'",
                own,
                "enterprise applications",
            ):
                yield _page_of(apps)
            if not own.missing:  # else Graph has just used up all patience
                async for apps in self._rare_enterprise_applications(own):
                    yield _page_of(apps)
        finally:
            completeness.missing += own.missing

    async def application(self, object_id: str, type: ApplicationType) -> Application | None:
        """One app as Graph shows it now, None if it is gone. Raises GraphError, on an unreadable app too."""
        collection, fields = _collection(type)
        path = query(f"/{collection}/{quote(object_id, safe='')}", select=fields, expand=self._expand())
        try:
            raw = await self._reader.call(self._reader.get(path), decode_single, cost=2, dear=True)
        except GraphError as error:
            if error.status == 404:
                return None
            if error.status == 400 and not self._plain_owners:
                self._plain_owners = True
                return await self.application(object_id, type)
            raise
        try:
            app, incomplete = self._application(raw, type)
        except Unreadable as error:
            raise GraphError(f"Graph's answer about {object_id} cannot be read: {error}") from error
        if not incomplete:
            return app
        completeness = Completeness()
        apps = await self._with_all_owners([app], completeness)
        if completeness.missing:
            raise GraphError(completeness.missing[0])
        return apps[0] if apps else None

    # ------------------------------------------------------------ listings

    async def _listing(
        self,
        type: ApplicationType,
        collection: str,
        fields: str,
        condition: str,
        completeness: Completeness,
        name: str,
    ) -> AsyncIterator[Sequence[Application]]:
        """A whole collection with $expand=owners; apps with 20 expanded owners come last, with all of theirs."""
        crowded: dict[str, Application] = {}
        read = 0
        pages = self._pages(collection, fields, condition, expand=True)
        while True:
            try:
                page = await anext(pages, None)
            except GraphError as error:
                if read == 0:
                    raise
                completeness.missing.append(f"{name} after the first {read}: {error}")
                break
            if page is None:
                break
            whole, incomplete = await self._decode(page, type, completeness)
            crowded.update({app.object_id: app for app in incomplete})
            read += len(page.value)
            yield whole
        if crowded:
            yield await self._with_all_owners(list(crowded.values()), completeness)

    async def _pages(self, collection: str, fields: str, condition: str, *, expand: bool) -> AsyncIterator[Page]:
        """Pages of a listing; falls back to plain $expand=owners when the first page is refused with 400."""

        def first() -> Any:
            options = {"select": fields}
            if expand:
                options["expand"] = self._expand()
            if condition:
                options["filter"] = condition
            return self._reader.get(query("/" + collection, **options, top=PAGE_SIZE))

        cost = 2 if collection == "applications" else 1
        began = False
        try:
            async for page in self._reader.pages(first, cost=cost, dear=True):
                began = True
                yield page
        except GraphError as error:
            if began or error.status != 400 or not expand or self._plain_owners:
                raise
            log.info("Graph refused $select inside $expand=owners (%s); owners are read whole", error)
            self._plain_owners = True
            async for page in self._reader.pages(first, cost=cost, dear=True):
                yield page

    async def _rare_enterprise_applications(self, completeness: Completeness) -> AsyncIterator[Sequence[Application]]:
        name = "enterprise applications of rare types"
        try:
            # `ne` is an advanced query, whose header every page needs again (Graph: advanced query capabilities).
            headers = {"ConsistencyLevel": "eventual"}
            async for page in self._reader.pages(self._rare_request, cost=1, dear=True, headers=headers):
                apps, _ = await self._decode(page, ApplicationType.ENTERPRISE_APP, completeness)
                # Nothing was expanded: owners of those that have something to watch are read one by one.
                watched = [app for app in apps if app.credentials or app.quarantined]
                yield [app for app in apps if not app.credentials and not app.quarantined]
                if watched:
                    yield await self._with_all_owners(watched, completeness)
            return
        except GraphError as error:
            if error.status != 400:
                completeness.missing.append(f"{name}: {error}")
                return
            log.info("Graph refused the query for rare types (%s); the known ones are listed one by one", error)
        for rare in RARE_TYPES:
            condition = f"servicePrincipalType eq '{rare}'"
            try:
                async for listed in self._listing(
                    ApplicationType.ENTERPRISE_APP,
                    "servicePrincipals",
                    ENTERPRISE_FIELDS,
                    condition,
                    completeness,
                    name,
                ):
                    yield listed
            except GraphError as error:
                completeness.missing.append(f"{name}: {error}")

    def _rare_request(self) -> Any:
        condition = "servicePrincipalType ne 'Application' and servicePrincipalType ne 'ManagedIdentity'"
        return self._reader.get(
            query("/servicePrincipals", select=ENTERPRISE_FIELDS, filter=condition, count="true", top=PAGE_SIZE)
        )

    def _expand(self) -> str:
        return "owners" if self._plain_owners else "owners($select=id)"

    # ------------------------------------------------------------ decoding

    async def _decode(
        self, page: Page, type: ApplicationType, completeness: Completeness
    ) -> tuple[list[Application], list[Application]]:
        """(apps, apps whose owner list may be cut); unreadable ones go to quarantine."""
        apps: list[Application] = []
        crowded: list[Application] = []
        for number, raw in enumerate(page.value, start=1):
            try:
                app, incomplete = self._application(raw, type)
            except Unreadable as error:
                completeness.quarantined.append(Quarantine(object_id=id_of(raw), key_id="", reason=str(error)))
                continue
            (crowded if incomplete else apps).append(app)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return apps, crowded

    def _application(self, raw: msgspec.Raw, type: ApplicationType) -> tuple[Application, bool]:
        """The app, and whether exactly as many owners came as $expand returns at most. Raises Unreadable."""
        item = decode_item(raw, _ITEM)
        if not item.id:
            raise Unreadable("id is empty")
        found: tuple[Credential, ...] = ()
        bad: tuple[Quarantine, ...] = ()
        if item.password_credentials or item.key_credentials:
            found, bad = credentials(
                item.id,
                item.password_credentials or (),
                item.key_credentials or (),
                item.preferred_token_signing_key_thumbprint or "",
            )
        redirects = [*_uris(item.web), *_uris(item.spa), *_uris(item.public_client), *(item.reply_urls or ())]
        owners = self._owners(item.owners) if item.owners else ()
        app = Application(
            object_id=item.id,
            app_id=item.app_id or "",
            display_name=item.display_name or "",
            type=type,
            created=_created(item.created_date_time),
            sign_in_audience=item.sign_in_audience or "",
            reply_hosts=hosts(redirects) if redirects else (),
            notes=item.notes or "",
            service_management_reference=item.service_management_reference or "",
            notification_emails=tuple(filter(None, map(text, item.notification_email_addresses or ()))),
            owner_organization_id=item.app_owner_organization_id or "",
            enabled=item.account_enabled is not False,
            credentials=found,
            owners=owners,
            quarantined=bad,
        )
        return app, len(item.owners or ()) == EXPANDED_AT_MOST

    def _owners(self, references: Sequence[Reference]) -> tuple[Person, ...]:
        owners: dict[str, Person] = {}
        for reference in references:
            if reference.id:
                key = (reference.id, KINDS.get(reference.type or "", PersonKind.UNKNOWN))
                person = self._people.get(key)
                if person is None:
                    person = self._people[key] = Person(id=key[0], kind=key[1])
                owners[reference.id] = person
        return tuple(owners.values())

    async def _with_all_owners(self, apps: Sequence[Application], completeness: Completeness) -> list[Application]:
        """The same apps with their owner lists read whole, 20 apps to a request; apps gone meanwhile are left out."""
        parts = [
            Part(path=query(f"/{_collection(app.type)[0]}/{app.object_id}/owners", select="id", top=PAGE_SIZE))
            for app in apps
        ]
        try:
            answers = await self._reader.batch(parts)
        except GraphError as error:
            completeness.missing.append(f"all owners of {len(apps)} apps with {EXPANDED_AT_MOST} or more: {error}")
            return []
        complete: list[Application] = []
        for app, answer in zip(apps, answers, strict=True):
            if answer.status == 404:  # deleted while the scan was under way
                continue
            try:
                if answer.status != 200:
                    raise fault(answer.status, answer.body)
                owners = await self._owner_pages(decode_page(answer.body))
            except (GraphError, msgspec.DecodeError) as error:
                completeness.missing.append(f"all owners of {app.object_id}: {error}")
                continue
            complete.append(replace(app, owners=owners))
        return complete

    async def _owner_pages(self, page: Page) -> tuple[Person, ...]:
        references = _references(page)
        if page.next_link:
            if not self._reader.client.same_host(page.next_link):
                raise GraphError("Graph's nextLink leads to another host", code="foreignNextLink")
            following: Callable[[], Any] = lambda: self._reader.link(page.next_link or "")  # noqa: E731
            async for more in self._reader.pages(following, cost=1):
                references += _references(more)
        return self._owners(references)


def _page_of(apps: Sequence[Application]) -> AppPage:
    return AppPage(
        ids=[app.object_id for app in apps],
        apps=[app for app in apps if app.credentials or app.quarantined],
        disabled={app.object_id: app.app_id for app in apps if not app.enabled},
        created=[app.created for app in apps if app.created is not None],
    )


def _references(page: Page) -> list[Reference]:
    found: list[Reference] = []
    for raw in page.value:
        try:
            found.append(decode_item(raw, _REFERENCE))
        except Unreadable:
            log.warning("an owner reference of Graph cannot be read")
    return found


def _collection(type: ApplicationType) -> tuple[str, str]:
    if type is ApplicationType.APP_REGISTRATION:
        return "applications", APPLICATION_FIELDS
    return "servicePrincipals", ENTERPRISE_FIELDS


def _uris(platform: _Redirects | None) -> Sequence[Any]:
    return platform.redirect_uris or () if platform is not None else ()


def _created(value: object) -> Any:
    try:
        return instant(value, "createdDateTime")
    except Unreadable:
        return None
