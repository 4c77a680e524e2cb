"""What a scan keeps of a listing while its pages pass by."""

from datetime import datetime

from alerts.model import Application, Quarantine
from alerts.ports import AppPage


class Listing:
    """What is kept of a listing: each app once, the later copy if it came twice; those without credentials not at all."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.kept: dict[str, Application] = {}
        self.quarantined: dict[str, tuple[Quarantine, ...]] = {}
        self.created: list[datetime] = []
        self.complete = True
        #: Object id -> app id of disabled enterprise apps.
        self.disabled: dict[str, str] = {}

    def add(self, page: AppPage) -> None:
        # A page token that expired, or an app that changed places, brings an app a second time, newer.
        again = self.seen.intersection(page.ids)
        for object_id in again:
            self.kept.pop(object_id, None)
            self.quarantined.pop(object_id, None)
            self.disabled.pop(object_id, None)
        if not again:
            self.created.extend(page.created)
        self.seen.update(page.ids)
        self.disabled.update(page.disabled)
        for app in page.apps:
            if app.credentials:
                self.kept[app.object_id] = app
            if app.quarantined:
                self.quarantined[app.object_id] = app.quarantined
