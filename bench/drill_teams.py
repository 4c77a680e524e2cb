"""Bot Connector and mailbox of the drill, in a process of their own: they count what they took, and hold Teams' limits.

Plain HTTP on loopback; prints its address, then answers until its standard input is closed.
"""

import asyncio
import re
import sys
from collections import Counter

from aiohttp import web

from sandbox.connector_limits import RateLimits

#: Every app of the load has a name of its own (see delivery_load.py).
APP = re.compile(rb"Invoice service (\d+)")
#: Seconds before each answer: as long as Teams takes, so that kills meet requests under way.
LATENCY = 0.1


#: Seconds before an e-mail is confirmed; four at a time then keep up with the cards.
MAIL_LATENCY = 0.05


class Teams:
    """What was accepted: app number -> how often, as card; address -> how often, as e-mail, and which apps they told of."""

    def __init__(self, overall: int) -> None:
        self.limits = RateLimits(overall=overall)
        self.accepted: Counter[str] = Counter()
        self.mails: Counter[str] = Counter()
        self.mailed_apps: set[str] = set()
        self.updates = 0

    def refusal(self, conversation: str) -> web.Response | None:
        wait = self.limits.take() or self.limits.take(conversation)
        return web.json_response({}, status=429, headers={"Retry-After": str(wait)}) if wait else None

    async def create(self, request: web.Request) -> web.Response:
        person = (await request.json())["members"][0]["id"]
        refused = self.refusal(f"a:{person}")
        await asyncio.sleep(LATENCY)
        return refused or web.json_response({"id": f"a:{person}"}, status=201)

    async def post(self, request: web.Request) -> web.Response:
        body = await request.read()
        if refused := self.refusal(request.match_info["conversation"]):
            return refused
        # Taken from here on, whether or not somebody is there to hear the answer.
        found = APP.search(body)
        self.accepted[found[1].decode() if found else "?"] += 1
        await asyncio.sleep(LATENCY)
        return web.json_response({"id": f"activity-{self.accepted.total()}"}, status=201)

    async def put(self, request: web.Request) -> web.Response:
        refused = self.refusal(request.match_info["conversation"])
        self.updates += 1
        return refused or web.json_response({"id": request.match_info["activity"]})

    async def mail(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.mails[told["to"]] += 1
        self.mailed_apps.update(name.rpartition(" ")[2] for name in told["apps"])
        await asyncio.sleep(MAIL_LATENCY)
        return web.Response(status=202)

    async def report(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "accepted": self.accepted,
                "mails": self.mails,
                "mailed_apps": sorted(self.mailed_apps),
                "updates": self.updates,
                **self.limits.report(),
            }
        )


async def main(overall: int) -> None:
    teams = Teams(overall)
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/teams/v3/conversations", teams.create)
    app.router.add_post("/teams/v3/conversations/{conversation}/activities", teams.post)
    app.router.add_put("/teams/v3/conversations/{conversation}/activities/{activity}", teams.put)
    app.router.add_post("/mail", teams.mail)
    app.router.add_get("/report", teams.report)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
