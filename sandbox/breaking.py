"""Break something: faults at the twins' wire, a worker that is stopped, a scan that is lost; and the ledger beside it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web

#: What can be broken at the wire -> the fault that is ordered until it is mended.
FAULTS: dict[str, dict[str, Any]] = {
    # Half of all requests, with a Retry-After of a second: scans take longer, nothing is lost.
    "graph": {"service": "graph", "forms": ["429 integer"], "wait": 1.0, "probability": 0.5, "count": -1, "seed": 7},
    "teams": {"service": "connector", "status": 503, "count": -1, "body": "{}"},
}
WORKER, SCAN = "worker", "scan"


class House(Protocol):
    """The running Steward, as far as something in it can be broken and looked at."""

    async def state(self) -> dict[str, object]:
        """The ledger, what waits, whether the worker lives, and what the auditor says; as JSON."""

    async def audit(self) -> None:
        """Check the books now and not within 15 minutes."""

    def stop_worker(self) -> None: ...
    def start_worker(self) -> None: ...


class Asking(Protocol):
    """The control endpoints."""

    async def json(self, method: str, path: str, data: object = None) -> Any: ...


class Breaking:
    """The routes' handlers."""

    def __init__(self, control: Asking, house: House, next_day: Callable[[], Awaitable[dict[str, object]]]) -> None:
        self._control, self._house, self._next_day = control, house, next_day
        self._broken: set[str] = set()

    async def show(self, _request: web.Request) -> web.Response:
        """GET: what is broken now, and the ledger."""
        return web.json_response({"broken": sorted(self._broken), **await self._house.state()})

    async def order(self, request: web.Request) -> web.Response:
        """POST {"what": graph|teams|worker|scan, "on": true|false}: break it, or mend it; a lost scan has no end."""
        body = await request.json()
        what, on = (body.get("what"), body.get("on", True)) if isinstance(body, dict) else (None, True)
        if what not in (*FAULTS, WORKER, SCAN):
            error = {"code": "BadRequest", "message": f"There is nothing called {what!r} to break."}
            return web.json_response({"error": error}, status=400)
        if what == SCAN:
            # Two days pass, and only the second one has its scan.
            await self._control.json("POST", "/control/advance", {"days": 2})
            await self._next_day()
        elif what == WORKER:
            (self._house.stop_worker if on else self._house.start_worker)()
            self._note(what, on=bool(on))
        else:
            self._note(what, on=bool(on))
            await self._control.json("DELETE", "/control/faults")
            for name in sorted(self._broken & FAULTS.keys()):
                await self._control.json("POST", "/control/faults", FAULTS[name])
        return await self.show(request)

    async def audit(self, request: web.Request) -> web.Response:
        """POST: check the books now."""
        await self._house.audit()
        return await self.show(request)

    def _note(self, what: str, *, on: bool) -> None:
        if on:
            self._broken.add(what)
        else:
            self._broken.discard(what)
