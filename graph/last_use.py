"""When each credential signed in last: a report of Graph's beta, in the global cloud only.

From Graph beta: list appCredentialSignInActivities, and throttling limits: application permission AuditLog.Read.All;
$top is taken, 100 objects a page without it; 5 requests in 10 seconds for an app and tenant.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from kiota_abstractions.request_information import RequestInformation

from alerts.errors import GraphError
from alerts.ports import GraphUsage
from graph.moments import Moments
from graph.reader import GraphReader, query
from graph.wire import Unreadable, decode_item, instant

log = logging.getLogger(__name__)

PAGE_SIZE = "999"
#: Seconds between two pages: four requests in ten seconds, which leaves one to others.
PACE = 2.5
PATH = "/reports/appCredentialSignInActivities"

#: The documented examples write zones with one digit: 2021-03-18T00:00:00-8:00.
_SHORT_ZONE = re.compile(r"([+-])(\d:\d\d)$")


class _SignIn(msgspec.Struct, rename="camel"):
    last_sign_in_date_time: Any = None


class _Activity(msgspec.Struct, rename="camel"):
    key_id: str
    sign_in_activity: _SignIn | None = None


_ACTIVITY = msgspec.json.Decoder(_Activity)


class GraphLastUse:
    """The LastUse port over Graph's beta."""

    def __init__(self, reader: GraphReader) -> None:
        """The reader's client should be one of its own: a throttled report closes the gate of all who share it."""
        self._reader = reader
        self._beta = reader.client.identity.endpoint.rstrip("/") + "/beta"

    @property
    def usage(self) -> GraphUsage:
        return self._reader.usage

    async def last_used(self) -> Mapping[str, datetime]:
        """Lower-case key id -> newest sign-in; see the port. Entries that cannot be read are left out."""
        try:
            return await self._listed(query(PATH, top=PAGE_SIZE))
        except GraphError as error:
            if error.status != 400:
                raise
            log.info("Graph refused %s objects a page of the report (%s); it chooses itself", PAGE_SIZE, error)
            return await self._listed(PATH)

    async def _listed(self, path: str) -> Moments:
        found = Moments()
        unreadable = 0
        async for page in self._reader.pages(lambda: self._request(path), cost=1):
            for raw in page.value:
                try:
                    key_id, used = _read(raw)
                except Unreadable:
                    unreadable += 1
                    continue
                # Two entries for one key id: as application and as service principal.
                if used is not None:
                    found.note(key_id, used)
            if page.next_link:
                await self._reader.client.gate.pause(PACE)
        if unreadable:
            log.warning("%d entries of the report on last use cannot be read", unreadable)
        return found

    def _request(self, path: str) -> RequestInformation:
        return self._reader.link(self._beta + path)


def _read(raw: msgspec.Raw) -> tuple[str, datetime | None]:
    """Lower-case key id and last sign-in, None when there was none. Raises Unreadable."""
    activity = decode_item(raw, _ACTIVITY)
    value = activity.sign_in_activity.last_sign_in_date_time if activity.sign_in_activity else None
    if isinstance(value, str):
        if value.startswith("0001-"):  # .NET's way to write no date
            return activity.key_id.lower(), None
        value = _SHORT_ZONE.sub(r"\g<1>0\2", value)
    return activity.key_id.lower(), instant(value, "lastSignInDateTime")
