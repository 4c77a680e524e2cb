"""The two ways that a scan is measured against: the bare floor, and the plain way of a script.

Run by bench/scan.py, each in a process of its own, its task as JSON on stdin; prints one JSON object.

floor: sends what the practice tenant's log says that Steward's reader sent, by aiohttp over TLS, with the same parts
side by side, decodes ids and links by msgspec, and keeps nothing.
plain: lists by 100, asks for the owners of each app and for each owner with the manager, one after the other.
"""

import asyncio
import json
import os
import resource
import ssl
import sys
import time
from typing import Any

import aiohttp
import msgspec
from yarl import URL

MB = 1024.0
#: $batch requests under way at a time, as many as Steward's reader has.
BATCHES = 8


class _Id(msgspec.Struct):
    id: str


class _App(msgspec.Struct):
    id: str
    owners: list[_Id] = []


class _Page(msgspec.Struct):
    value: list[_App]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Person(msgspec.Struct):
    id: str
    manager: _Id | None = None


class _Body(msgspec.Struct):
    value: list[_Person] = []


class _Part(msgspec.Struct):
    id: str
    status: int
    body: _Body | None = None


class _Batch(msgspec.Struct):
    responses: list[_Part]


def _session() -> aiohttp.ClientSession:
    """One that trusts the practice tenant."""
    context = ssl.create_default_context(cafile=os.environ["BENCH_CA_FILE"])
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=32))


async def _sign_in(session: aiohttp.ClientSession) -> dict[str, str]:
    """The header with a token of the scanner. Measured with the rest: Steward's reader signs in too."""
    env = os.environ
    form = {
        "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    url = f"{env['AZURE_AUTHORITY_HOST'].rstrip('/')}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    async with session.post(url, data=form) as answer:
        token = (await answer.json())["access_token"]
    return {"Authorization": f"Bearer {token}"}


def _spent(requests: int, wall: float, cpu: float, **more: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    return {"requests": requests, "wall": wall, "cpu": cpu, "peak_mb": peak, **more}


# ---------------------------------------------------------------- the floor


class _Floor:
    """Fetches what a list of requests names; decodes ids and nothing else."""

    def __init__(self, session: aiohttp.ClientSession, authorization: dict[str, str]) -> None:
        self.session, self.authorization = session, authorization
        self.base = os.environ["GRAPH_ENDPOINT"]
        self.requests = self.bytes = self.ids = 0
        self.gate = asyncio.Semaphore(BATCHES)

    async def chain(self, path: str) -> None:
        """A listing from its first page to its last, or one single answer."""
        # An advanced query, whose header the log does not tell.
        advanced = "$count" in path or "%24count" in path
        headers = {**self.authorization, **({"ConsistencyLevel": "eventual"} if advanced else {})}
        decoder = msgspec.json.Decoder(_Page)
        url: str | None = self.base + path
        while url:
            async with self.session.get(URL(url, encoded=True), headers=headers) as answer:
                body = await answer.read()
            if answer.status != 200:
                raise SystemExit(f"the floor was refused: {answer.status} for {url}")
            self.requests += 1
            self.bytes += len(body)
            if "/$count" in path or "/delta" in path:
                return
            page = decoder.decode(body)
            self.ids += len(page.value)
            url = page.next_link

    async def batch(self, parts: list[str]) -> None:
        requests = [{"id": str(number), "method": "GET", "url": path} for number, path in enumerate(parts)]
        async with (
            self.gate,
            self.session.post(
                f"{self.base}/v1.0/$batch", json={"requests": requests}, headers=self.authorization
            ) as answer,
        ):
            body = await answer.read()
        self.requests += 1
        self.bytes += len(body)
        self.ids += sum(len(part.body.value) for part in msgspec.json.decode(body, type=_Batch).responses if part.body)


async def floor(task: dict[str, Any]) -> dict[str, Any]:
    """`task`: chains, a list of first pages' paths; batches, a list of lists of parts' paths."""
    async with _session() as session:
        wall, cpu = time.perf_counter(), time.process_time()
        bare = _Floor(session, await _sign_in(session))
        await asyncio.gather(*(bare.chain(path) for path in task["chains"]))
        await asyncio.gather(*(bare.batch(parts) for parts in task["batches"]))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return _spent(bare.requests, wall, cpu, bytes=bare.bytes, ids=bare.ids)


# ---------------------------------------------------------------- the plain way


async def plain(task: dict[str, Any]) -> dict[str, Any]:
    """`task`: sample, how many apps it takes."""
    base = os.environ["GRAPH_ENDPOINT"] + "/v1.0"
    requests = 0

    async with _session() as session:
        authorization = await _sign_in(session)

        async def get(url: str) -> dict[str, Any]:
            nonlocal requests
            requests += 1
            async with session.get(URL(url, encoded=True), headers=authorization) as answer:
                return dict(json.loads(await answer.read()))

        wall, cpu = time.perf_counter(), time.process_time()
        link, apps, people = f"{base}/applications", [], set()
        while link and len(apps) < task["sample"]:
            page = await get(link)
            apps += page["value"]
            link = page.get("@odata.nextLink", "")
        for app in apps[: task["sample"]]:
            found = await get(f"{base}/applications/{app['id']}/owners")
            people |= {owner["id"] for owner in found["value"] if owner.get("@odata.type") == "#microsoft.graph.user"}
        for person in sorted(people):
            await get(f"{base}/users/{person}?$expand=manager")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return _spent(requests, wall, cpu)


if __name__ == "__main__":
    _task: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(asyncio.run(plain(_task) if "sample" in _task else floor(_task))))
