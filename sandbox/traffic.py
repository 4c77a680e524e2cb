"""What goes through the twins: a log of the requests, and faults that tests and "Break something" order."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web

from sandbox.faults import Fault as Fault
from sandbox.faults import Handler, carry_out

#: How many requests the log keeps.
KEPT = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One request that a twin answered; a part of a $batch is one too, with `part_of` set."""

    #: Counted up from 1.
    number: int
    at: datetime
    #: entra, graph, connector, ingestion, query, control.
    service: str
    method: str
    #: Path and query as sent.
    path: str
    #: 0 when the connection was cut instead of answered.
    status: int
    #: The file that made the answer, such as sandbox/graph_applications.py.
    file: str
    #: Bytes of the answer's body.
    bytes: int
    #: Number of the $batch request that carried it, 0 otherwise.
    part_of: int = 0


class Traffic:
    """The log of requests, the ordered faults, and the latency per service."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self._log: deque[Seen] = deque(maxlen=KEPT)
        self._last = 0
        self.faults: list[Fault] = []
        #: service (or "*") -> seconds before each HTTP answer; a $batch is one answer.
        self.latency: dict[str, float] = {}
        #: Makes a change of the tenant that a fault carries; the state sets it.
        self.change: Callable[..., object] | None = None

    # ------------------------------------------------------------ log

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def note(
        self,
        service: str,
        method: str,
        path: str,
        status: int,
        file: str,
        size: int,
        *,
        number: int = 0,
        part_of: int = 0,
    ) -> Seen:
        """Write one request into the log; `number` 0 takes the next."""
        seen = Seen(
            number=number or self.next_number(),
            at=self.now(),
            service=service,
            method=method,
            path=path,
            status=status,
            file=file,
            bytes=size,
            part_of=part_of,
        )
        self._log.append(seen)
        return seen

    def mark(self) -> int:
        """A place in the log, for `since` and `counts`."""
        return self._last

    def since(self, mark: int = 0) -> list[Seen]:
        """Requests begun after the mark, in the order in which they were answered."""
        return [seen for seen in self._log if seen.number > mark]

    def counts(self, mark: int = 0) -> dict[str, int]:
        """service -> HTTP requests begun after the mark, a $batch counting one."""
        return dict(Counter(seen.service for seen in self.since(mark) if not seen.part_of))

    # ------------------------------------------------------------ faults

    def order(self, fault: Fault) -> Fault:
        """Let requests fail from now on. Faults ordered first are asked first."""
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take back all faults and latencies."""
        self.faults.clear()
        self.latency.clear()

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """The fault that meets this request, counted down; None when it may pass."""
        for fault in self.faults:
            if not fault.matches(service, method, path):
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            if fault.strikes():
                return fault
        return None

    def follow(self, fault: Fault) -> None:
        """Make the change that a fault carries, once the answer that it follows is made."""
        if fault.change and self.change is not None:
            self.change(fault.change["kind"], **fault.change.get("data", {}))

    def delay_of(self, service: str) -> float:
        return self.latency.get(service, self.latency.get("*", 0.0))


def file_of(request: web.Request) -> str:
    """The file of the function that answers this request; a twin with a way of its own says it in request["file"]."""
    if "file" in request:
        return str(request["file"])
    module = getattr(request.match_info.handler, "__module__", "") or ""
    return module.replace(".", "/") + ".py" if module.startswith("sandbox.") else "sandbox/server.py"


def watch(traffic: Traffic, service: str) -> "Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]":
    """The outermost middleware of each twin: logs the request, then lets latency and faults act."""

    @web.middleware
    async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
        number = traffic.next_number()
        request["number"] = number
        path = request.path_qs
        status, size = 0, 0
        try:
            if delay := traffic.delay_of(service):
                await asyncio.sleep(delay)
            fault = traffic.take(service, request.method, path)
            if fault is None:
                response = await handler(request)
            else:
                response = await carry_out(fault, request, handler, traffic.now())
                traffic.follow(fault)
            status = response.status
            # The practice tenant's time, not the machine's: services and Steward agree on the clock.
            response.headers["Date"] = format_datetime(traffic.now(), usegmt=True)
            size = len(response.body) if isinstance(response, web.Response) and isinstance(response.body, bytes) else 0
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            traffic.note(service, request.method, path, status, file_of(request), size, number=number)

    return watched


def middlewares(traffic: Traffic, service: str) -> Iterable[Callable[..., Awaitable[web.StreamResponse]]]:
    """What every twin puts before its own middlewares."""
    return (watch(traffic, service),)
