"""One question for many people: requests of 300 ids, several under way, each asking further as soon as it can."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.errors import GraphError
from alerts.model import Person, PersonKind
from graph.opened import opened
from graph.reader import BATCH_SIZE, GraphReader, Part, query
from graph.wire import NUL, Unreadable, decode_item, decode_page, fault
from graph.wire import text as text_of

#: Values that one `in` filter takes by default (Graph: known issues, 2026-02).
IDS_PER_FILTER = 15
IDS_PER_REQUEST = BATCH_SIZE * IDS_PER_FILTER
USER_FIELDS = "id,accountEnabled,displayName,mail,userPrincipalName,userType,department,preferredLanguage"
PRINCIPAL_FIELDS = "id,displayName,accountEnabled"
PAGE_SIZE = "999"

#: One object for equal texts: thousands of people share a department, a language and a manager.
Same = dict[str, str]

_OpenPerson = opened(Person)


class User(msgspec.Struct, rename="camel", gc=False):
    """Fields are loose: an owner with one odd property must not look like one who is gone."""

    id: str
    account_enabled: Any = None
    display_name: Any = None
    mail: Any = None
    user_principal_name: Any = None
    user_type: Any = None
    department: Any = None
    preferred_language: Any = None
    manager: Any = None

    def person(self, same: Same, *, deleted: bool = False) -> Person:
        manager = self.manager.get("id") if isinstance(self.manager, dict) else None
        made: Any = _OpenPerson()
        made.id = _shared(self.id, same)
        made.display_name = text_of(self.display_name)
        made.user_principal_name = _shared(self.user_principal_name, same)
        made.mail = _shared(self.mail, same)
        made.account_enabled = self.account_enabled is True and not deleted
        made.kind = PersonKind.USER
        made.user_type = _shared(self.user_type, same) or "Member"
        made.department = _shared(self.department, same)
        made.preferred_language = _shared(self.preferred_language, same)
        made.manager_id = _shared(manager, same)
        made.deleted = deleted
        made.__class__ = Person
        person: Person = made
        return person


def _shared(value: object, same: Same) -> str:
    return same.setdefault(value, value) if isinstance(value, str) else ""


class _Principal(msgspec.Struct, rename="camel"):
    id: str
    display_name: Any = None
    account_enabled: Any = None

    def person(self) -> Person:
        return Person(
            id=self.id,
            display_name=text_of(self.display_name),
            account_enabled=self.account_enabled is not False,
            kind=PersonKind.SERVICE_PRINCIPAL,
        )


class _Users(msgspec.Struct):
    value: list[User]


USER = msgspec.json.Decoder(User)
_USERS = msgspec.json.Decoder(_Users)
_PRINCIPAL = msgspec.json.Decoder(_Principal)


_PLAIN = re.compile("[0-9A-Za-z-]+")


class PeopleSearch:
    """The requests of one question, and what they have found; asked once.

    1. users with their managers' ids, 300 ids to a request;
    2. beside them, as soon as 300 are known or all have answered: managers who were not asked for anyway;
    3. where ids are no users: one listing of deleted users, and then service principals.
    """

    def __init__(
        self, reader: GraphReader, asked: Collection[str], *, managers: bool, whole_managers: bool = False
    ) -> None:
        """Args:
        reader: asks Graph.
        asked: lower-case ids.
        managers: whether managers are read as well.
        whole_managers: whether Graph is known to refuse a $select inside $expand=manager.
        """
        self.whole_managers = whole_managers
        self._reader = reader
        self._asked = frozenset(asked)
        self._managers = managers
        # All by lower-case id.
        self._users: dict[str, Person] = {}
        self._chiefs: dict[str, Person] = {}
        self._principals: dict[str, Person] = {}
        self._deleted: dict[str, Person] = {}
        self._same: Same = {}
        #: Asked for, or about to be.
        self._known_chiefs: set[str] = set()
        self._waiting_chiefs: list[str] = []
        self._no_users: list[str] = []
        #: Requests for the ids asked that have not been answered.
        self._open = 0
        self._turns = asyncio.Semaphore(reader.parallel_batches)
        self._failure: GraphError | None = None

    async def run(self) -> dict[str, Person]:
        """Lower-case id -> Person; ids that are nowhere are absent.

        Raises GraphError when one request is refused: half the people is no answer.
        """
        requests = _chunks(sorted(self._asked), IDS_PER_REQUEST)
        self._open = len(requests)
        async with asyncio.TaskGroup() as self._group:
            for ids in requests:
                self._begin(partial(self._read_asked, ids))
        if self._failure is not None:
            raise self._failure
        return {**self._chiefs, **self._deleted, **self._principals, **self._users}

    def _begin(self, reading: Callable[[], Awaitable[None]], *, in_turn: bool = True) -> None:
        self._group.create_task(self._in_turn(reading) if in_turn else self._or_failure(reading))

    async def _in_turn(self, reading: Callable[[], Awaitable[None]]) -> None:
        async with self._turns:
            if self._failure is None:
                await self._or_failure(reading)

    async def _or_failure(self, reading: Callable[[], Awaitable[None]]) -> None:
        # Kept, not raised: a task group would wrap it in an exception group and lose its class.
        try:
            await reading()
        except GraphError as error:
            self._failure = self._failure or error

    async def _read_asked(self, ids: Sequence[str]) -> None:
        await self._read_users(ids, self._users)
        self._open -= 1
        no_users = [person_id for person_id in ids if person_id not in self._users]
        if no_users and not self._no_users:
            self._begin(self._read_deleted, in_turn=False)
        self._no_users += no_users
        if self._managers:
            for person_id in ids:
                chief = self._users[person_id].manager_id.lower() if person_id in self._users else ""
                if chief and chief not in self._asked and chief not in self._known_chiefs:
                    self._known_chiefs.add(chief)
                    self._waiting_chiefs.append(chief)
        self._ask_further()

    def _ask_further(self) -> None:
        while len(self._waiting_chiefs) >= IDS_PER_REQUEST or (self._waiting_chiefs and not self._open):
            chiefs = self._waiting_chiefs[:IDS_PER_REQUEST]
            del self._waiting_chiefs[:IDS_PER_REQUEST]
            self._begin(partial(self._read_users, chiefs, self._chiefs))
        if not self._open:
            for ids in _chunks(self._no_users, IDS_PER_REQUEST):
                self._begin(partial(self._read_principals, ids))

    # ------------------------------------------------------------ requests

    async def _read_users(self, ids: Sequence[str], into: dict[str, Person]) -> None:
        expand = "manager" if self.whole_managers else "manager($select=id)"
        try:
            bodies = await self._bodies("/users", ids, select=USER_FIELDS, expand=expand, cost=2)
        except GraphError as error:
            if error.status != 400 or expand == "manager":
                raise
            self.whole_managers = True
            await self._read_users(ids, into)
            return
        for body in bodies:
            for user in _users(body):
                into[user.id.lower()] = user.person(self._same)

    async def _read_principals(self, ids: Sequence[str]) -> None:
        for body in await self._bodies("/servicePrincipals", ids, select=PRINCIPAL_FIELDS, cost=1):
            for principal in _each(body, _PRINCIPAL):
                self._principals[principal.id.lower()] = principal.person()

    async def _read_deleted(self) -> None:
        """Soft-deleted users stay 30 days; the whole list is one request for most tenants."""
        # Quirk: the SDK's builder writes this cast as graph.user; both spellings are Graph's.
        path = query("/directory/deletedItems/microsoft.graph.user", select=USER_FIELDS, top=PAGE_SIZE)
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
            for raw in page.value:
                user = readable(raw, USER)
                if user is not None and user.id.lower() in self._asked:
                    self._deleted[user.id.lower()] = user.person(self._same, deleted=True)

    async def _bodies(self, path: str, ids: Sequence[str], *, cost: int, **options: str) -> list[bytes]:
        """Pages of the objects with these ids, at most 300."""
        rest = query("", **options).removeprefix("?")
        answers = await self._reader.batch(
            [
                Part(path=f"{path}?$filter={_ids_filter(some)}&{rest}", cost=cost)
                for some in _chunks(ids, IDS_PER_FILTER)
            ]
        )
        for answer in answers:
            if answer.status != 200:
                raise fault(answer.status, answer.body)
        return [answer.body for answer in answers]


def _ids_filter(ids: Sequence[str]) -> str:
    """`id in ('..','..')`, encoded; ids are, and encoding them would take as long as reading the answer."""
    if _PLAIN.fullmatch("".join(ids)):
        return "id%20in%20(%27" + "%27,%27".join(ids) + "%27)"
    return quote("id in ('" + "','".join(ids) + "')", safe="(),$=")


def _users(body: bytes) -> list[User]:
    """The users of one page, decoded at once where all of it is as Graph promises. Raises GraphError."""
    if NUL not in body:
        try:
            return _USERS.decode(body).value
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return list(_each(body, USER))


def _each(body: bytes, decoder: "msgspec.json.Decoder[Any]") -> Iterable[Any]:
    """The readable items of one page. Raises GraphError when the page is not whole."""
    try:
        page = decode_page(body)
    except msgspec.DecodeError as error:
        raise GraphError(f"Graph's answer about people is not whole: {error}") from error
    return [item for raw in page.value if (item := readable(raw, decoder)) is not None]


def readable(raw: msgspec.Raw, decoder: "msgspec.json.Decoder[Any]") -> Any:
    """The item, None when it cannot be read: that person is then unknown, like one who is gone."""
    try:
        return decode_item(raw, decoder)
    except Unreadable:
        return None


def _chunks(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
