"""Serves the twins: one aiohttp application per outside service, over TLS, each on its own loopback port."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import web

from sandbox.settings import steward_settings
from sandbox.state import TwinState
from sandbox.tls import HOST, Tls, make_tls

MakeApp = Callable[[TwinState], web.Application]

#: Seconds that requests under way may take when the tenant is told to stop.
GRACE = 2.0


class AddressFile:
    """STATE_DIR/practice/address.json: where a running practice tenant is to be found."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "address.json"

    def write(self, state: TwinState) -> dict[str, object]:
        """Write it in one step, readable by this user only, for it holds the practice secrets."""
        address: dict[str, object] = {
            "pid": os.getpid(),
            "apps": state.recipe.apps,
            "seed": state.recipe.seed,
            "enterprise": state.recipe.enterprise,
            "owners": state.recipe.owners,
            "control_url": state.urls.get("control", ""),
            "token": state.control_token,
            "ca_file": str(state.ca_file),
            "settings": state.settings,
        }
        fresh = self.path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(address, indent=1), encoding="utf-8")
        fresh.replace(self.path)
        return address

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def bind(state: TwinState, service: str) -> socket.socket:
    """A listening socket on the service's remembered port, or on a free one if that is taken."""
    for port in dict.fromkeys((state.recipe.ports.get(service, 0), 0)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            # Elsewhere this option would let two processes share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            listener.close()
            continue
        listener.listen(256)
        state.remember_port(service, listener.getsockname()[1])
        return listener
    raise OSError(f"no free port on {HOST} for {service}")


async def start(state: TwinState, services: Mapping[str, MakeApp], tls: Tls) -> list[web.AppRunner]:
    """Serve all services; when this returns, each of them answers. `state.urls` and `.settings` are filled."""
    listeners = {service: bind(state, service) for service in services}
    for service, listener in listeners.items():
        state.urls[service] = f"https://{HOST}:{listener.getsockname()[1]}"
    state.ca_file = tls.ca_file
    state.settings = steward_settings(state)
    runners = []
    for service, make_app in services.items():
        runner = web.AppRunner(make_app(state), access_log=None, shutdown_timeout=GRACE, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, listeners[service], ssl_context=tls.server).start()
        runners.append(runner)
    return runners


async def serve(state: TwinState, services: Mapping[str, MakeApp], *, with_parent: bool) -> None:
    """Serve until SIGTERM or SIGINT, or until stdin closes if it is tied to its parent."""
    stop = asyncio.Event()
    _on_signals(stop)
    if with_parent:
        _on_closed_stdin(stop)
    tls = await asyncio.to_thread(make_tls, state.folder)
    runners = await start(state, services, tls)
    address_file = AddressFile(state.folder)
    try:
        sys.stdout.write(json.dumps(address_file.write(state)) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        address_file.remove()
        for runner in reversed(runners):
            await runner.cleanup()


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not loop.add_signal_handler: Windows has none.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


def _on_closed_stdin(stop: asyncio.Event) -> None:
    """The parent holds the other end: when it dies, however it dies, reading ends."""
    loop = asyncio.get_running_loop()
    stdin = sys.stdin.fileno()

    def wait() -> None:
        # Not sys.stdin: its lock, held by this thread, would abort the interpreter's end.
        while os.read(stdin, 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="parent", daemon=True).start()
