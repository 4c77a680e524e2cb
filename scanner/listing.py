"""What a scan keeps of a listing while its pages pass by."""

from collections.abc import Sequence

from alerts.model import Application, Quarantine


class Listing:
    """What is kept of a listing: each app once, the later copy if it came twice; those without credentials not at all."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.app_ids: set[str] = set()
        self.kept: dict[str, Application] = {}
        self.quarantined: dict[str, tuple[Quarantine, ...]] = {}
        self.complete = True
        self._disabled: dict[str, str] = {}

    def add(self, page: Sequence[Application]) -> None:
        for app in page:
            self.seen.add(app.object_id)
            self.app_ids.add(app.app_id)
            # A page token that expired, or an app that changed places, brings an app a second time, newer.
            if app.credentials:
                self.kept[app.object_id] = app
            else:
                self.kept.pop(app.object_id, None)
            self.quarantined[app.object_id] = app.quarantined
            if not app.quarantined:
                del self.quarantined[app.object_id]
            if app.enabled:
                self._disabled.pop(app.object_id, None)
            else:
                self._disabled[app.object_id] = app.app_id

    def disabled_app_ids(self) -> frozenset[str]:
        return frozenset(self._disabled.values())
