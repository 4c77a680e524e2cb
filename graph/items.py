"""From a page of applications or servicePrincipals to the nouns: typed at once, and loosely where that fails.

A whole page decodes in one call into typed structs. Where one property has not the promised type the page is read
again item by item, and the items that fail again loosely, so that one wrong credential costs one credential.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from alerts.model import Application, ApplicationType, Credential, Person, PersonKind, Quarantine
from alerts.ports import AppPage
from graph.credentials import LooseCredential, RawCredential, credentials, hosts
from graph.opened import opened
from graph.wire import Page, Reference, Unreadable, decode_item, decode_page, has_nul, id_of, instant, text

#: $expand returns at most so many objects and says nothing about more (Graph: known issues, query parameters).
EXPANDED_AT_MOST = 20
#: Items made between two breaths of the event loop, some milliseconds.
BREATH = 200

KINDS = {
    "#microsoft.graph.user": PersonKind.USER,
    "#microsoft.graph.servicePrincipal": PersonKind.SERVICE_PRINCIPAL,
    "#microsoft.graph.group": PersonKind.GROUP,
}


class _Redirects(msgspec.Struct, rename="camel", gc=False):
    redirect_uris: list[str] | None = None


class _LooseRedirects(_Redirects, rename="camel", gc=False):
    redirect_uris: list[Any] | None = None


class Item(msgspec.Struct, rename="camel", gc=False):
    """An application or servicePrincipal as promised; what is not selected, or unknown to us, is skipped unread.

    The fields stand in the order in which either comes, so that each is found at once.
    """

    id: str
    app_id: str | None = None
    display_name: str | None = None
    created_date_time: datetime | None = None
    account_enabled: bool | None = None
    app_owner_organization_id: str | None = None
    sign_in_audience: str | None = None
    notes: str | None = None
    service_management_reference: str | None = None
    web: _Redirects | None = None
    spa: _Redirects | None = None
    public_client: _Redirects | None = None
    reply_urls: list[str] | None = None
    notification_email_addresses: list[str] | None = None
    preferred_token_signing_key_thumbprint: str | None = None
    password_credentials: list[RawCredential] | None = None
    key_credentials: list[RawCredential] | None = None
    owners: list[Reference] | None = None


class _LooseItem(Item, rename="camel", gc=False):
    """The same, of whose details any may be of any type."""

    created_date_time: Any = None
    web: _LooseRedirects | None = None
    spa: _LooseRedirects | None = None
    public_client: _LooseRedirects | None = None
    reply_urls: list[Any] | None = None
    notification_email_addresses: list[Any] | None = None
    password_credentials: list[LooseCredential] | None = None  # type: ignore[assignment]
    key_credentials: list[LooseCredential] | None = None  # type: ignore[assignment]


class ItemPage(msgspec.Struct):
    """A page on which everything is as promised."""

    value: list[Item]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


_ITEM = msgspec.json.Decoder(Item)
_LOOSE_ITEM = msgspec.json.Decoder(_LooseItem)
_ITEM_PAGE = msgspec.json.Decoder(ItemPage)


def decode_items(body: bytes) -> ItemPage | Page:
    """The items of a page, or their JSON where not all are as promised. Raises msgspec.DecodeError (not a page)."""
    if not has_nul(body):
        try:
            return _ITEM_PAGE.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return decode_page(body)


def loose_item(raw: msgspec.Raw) -> Item:
    """One item, with whatever stands in its details. Raises Unreadable."""
    try:
        return _ITEM.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return decode_item(raw, _LOOSE_ITEM)


_OpenApplication, _OpenPerson = opened(Application), opened(Person)


class Maker:
    """Makes the nouns of one tenant; what many apps share (owners, short words) is one object."""

    def __init__(self) -> None:
        #: By id, each with the type that Graph gave it.
        self._people: dict[str, tuple[str | None, Person]] = {}
        self._words: dict[str, str] = {"": ""}
        self._making = asyncio.Lock()
        self._listings = 0

    def application(self, item: Item, type: ApplicationType) -> Application:
        """The app with everything that came. Raises Unreadable."""
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
                self._words,
            )
        emails, words = item.notification_email_addresses, self._words
        audience, organization = item.sign_in_audience or "", item.app_owner_organization_id or ""
        made: Any = _OpenApplication()
        made.object_id = item.id
        made.app_id = item.app_id or ""
        made.display_name = item.display_name or ""
        made.type = type
        made.created = created(item.created_date_time)
        made.sign_in_audience = words.setdefault(audience, audience)
        made.reply_hosts = _reply_hosts(item)
        made.notes = item.notes or ""
        made.service_management_reference = item.service_management_reference or ""
        made.notification_emails = tuple(filter(None, map(text, emails))) if emails else ()
        made.owner_organization_id = words.setdefault(organization, organization)
        made.enabled = item.account_enabled is not False
        made.federated = ()
        made.credentials = found
        made.owners = self.owners(item.owners) if item.owners else ()
        made.quarantined = bad
        made.__class__ = Application
        app: Application = made
        return app

    def owners(self, references: Sequence[Reference]) -> tuple[Person, ...]:
        """Everybody named, once, with nothing but id and kind."""
        if len(references) == 1:
            only = references[0]
            return (self._owner(only.id, only.type),) if only.id else ()
        owners = {each.id: self._owner(each.id, each.type) for each in references if each.id}
        return tuple(owners.values())

    def _owner(self, owner_id: str, type: str | None) -> Person:
        known = self._people.get(owner_id)
        if known is not None and known[0] == type:
            return known[1]
        person = _reference(owner_id, KINDS.get(type or "", PersonKind.UNKNOWN))
        self._people[owner_id] = (type, person)
        return person

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Owners are shared by the listings that run at the same time, and let go of when the last of them ends."""
        self._listings += 1
        try:
            yield
        finally:
            self._listings -= 1
            if not self._listings:
                # In a large tenant they are tens of thousands.
                self._people.clear()

    async def page(
        self, page: ItemPage | Page, type: ApplicationType, unreadable: Callable[[Quarantine, int], None]
    ) -> tuple[AppPage, list[Application]]:
        """The page as nouns, and those of its apps whose owner list may be cut, which are not among its apps.

        Args:
            page: from `decode_items`; its items are let go.
            type: of everything on it.
            unreadable: told of every item that cannot be read at all, with a number that is its JSON's own.
        """
        # A dozen pages that are made at the same time would hold up the event loop together.
        async with self._making:
            return await self._made(page, type, unreadable)

    async def _made(
        self, page: ItemPage | Page, type: ApplicationType, unreadable: Callable[[Quarantine, int], None]
    ) -> tuple[AppPage, list[Application]]:
        ids: list[str] = []
        apps: list[Application] = []
        crowded: list[Application] = []
        disabled: dict[str, str] = {}
        dates: list[datetime] = []
        for number, raw in enumerate(page.value, start=1):
            try:
                item = raw if isinstance(raw, Item) else loose_item(cast(msgspec.Raw, raw))
                if item.password_credentials or item.key_credentials:
                    app = self.application(item, type)
                    (crowded if item.owners and len(item.owners) == EXPANDED_AT_MOST else apps).append(app)
                elif not item.id:
                    raise Unreadable("id is empty")
            except Unreadable as error:
                object_id = id_of(raw) if isinstance(raw, msgspec.Raw) else ""
                json = bytes(raw) if isinstance(raw, msgspec.Raw) else msgspec.json.encode(raw)
                unreadable(Quarantine(object_id=object_id, key_id="", reason=str(error)), hash(json))
                continue
            ids.append(item.id)
            if item.account_enabled is False:
                disabled[item.id] = item.app_id or ""
            if (date := item.created_date_time) is not None and (known := created(date)) is not None:
                dates.append(known)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        page.value = []
        return AppPage(ids=ids, apps=apps, disabled=disabled, created=dates), crowded


def _reference(owner_id: str, kind: PersonKind) -> Person:
    """`Person(id=owner_id, kind=kind)`."""
    made: Any = _OpenPerson()
    made.id, made.kind, made.user_type = owner_id, kind, "Member"
    made.display_name = made.user_principal_name = made.mail = ""
    made.department = made.preferred_language = made.manager_id = ""
    made.account_enabled = made.deleted = False
    made.__class__ = Person
    person: Person = made
    return person


def created(value: object) -> datetime | None:
    """A creation date, None where Graph has none or junk (objects of before 2018 have none)."""
    if value.__class__ is datetime and value.tzinfo is UTC and 1970 <= value.year < 9999:
        return value
    try:
        return instant(value, "createdDateTime")
    except Unreadable:
        return None


def _reply_hosts(item: Item) -> tuple[str, ...]:
    uris: list[Any] | None = item.reply_urls
    for platform in (item.web, item.spa, item.public_client):
        if platform is not None and platform.redirect_uris:
            uris = [*uris, *platform.redirect_uris] if uris else platform.redirect_uris
    return hosts(uris) if uris else ()
