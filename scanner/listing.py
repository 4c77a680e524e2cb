"""What a scan keeps of a listing while its pages pass by."""

from datetime import datetime

from alerts.model import Quarantine
from alerts.ports import AppPage
from scanner.scratch import Scratch


class Listing:
    """What is kept of a listing: each app once, the later copy if it came twice; those without credentials not at all."""

    def __init__(self, scratch: Scratch) -> None:
        """Args:
        scratch: where the apps go.
        """
        self._scratch = scratch
        self.seen: set[str] = set()
        self.owner_ids: set[str] = set()
        self.quarantined: dict[str, tuple[Quarantine, ...]] = {}
        self.created: list[datetime] = []
        #: Object id -> app id of disabled enterprise apps.
        self.disabled: dict[str, str] = {}
        self.complete = True

    def add(self, page: AppPage) -> None:
        """Keep a page. Raises OSError when the disk is full."""
        # A page token that expired, or an app that changed places, brings an app a second time, newer.
        for object_id in self.seen.intersection(page.ids):
            self._scratch.discard(object_id)
            self.quarantined.pop(object_id, None)
            self.disabled.pop(object_id, None)
        self.created += page.created
        self.seen.update(page.ids)
        self.disabled.update(page.disabled)
        for app in page.apps:
            if app.credentials:
                self._scratch.add(app)
                self.owner_ids.update(owner.id for owner in app.owners)
            if app.quarantined:
                self.quarantined[app.object_id] = app.quarantined
