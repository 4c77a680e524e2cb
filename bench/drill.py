"""The fault drill: three replicas on PostgreSQL send 5,000 alerts while workers are killed and the database crashes.

Run: python dev.py drill [--short] [--alerts 5000] [--people 3000] [--kills 200] [--crashes 10] [--pace 40] [--json]

Each kill is a SIGKILL of a worker, at any moment; another one starts at once. Each crash is a SIGQUIT to PostgreSQL's
postmaster, which is then started again. Each alert is told as a card and by e-mail, as in production: it is lost if
neither was accepted. A repeat may come only from a send that was under way at a fault; Teams' limits hold throughout.
Exit code 1 if that is broken. Lease and hold are shortened (drill_worker.py).
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts.engine import Engine  # noqa: E402 - after the path is set
from alerts.model import Channel, DeliveryState, Person, Policy  # noqa: E402
from alerts.roles import Roles  # noqa: E402
from bench.delivery_load import queue  # noqa: E402
from store.store import open_store  # noqa: E402
from tests.support.postgres import PostgresServer, running_postgres  # noqa: E402

REPLICAS = 3
#: Teams' documented calls a second, which the drill's connector enforces.
OVERALL = 50
#: Seconds after the last fault within which everything must have ended.
PATIENCE = 240.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    alerts: int = 5000
    people: int = 3000
    kills: int = 200
    crashes: int = 10
    pace: float = 40.0

    @property
    def spacing(self) -> float:
        """Seconds between two faults: they end before the messages do."""
        calls = self.alerts + self.people
        return 0.75 * calls / self.pace / max(1, self.kills + self.crashes)


SHORT = Plan(alerts=400, people=240, kills=16, crashes=2, pace=30.0)


@dataclass(kw_only=True)
class Replicas:
    """The workers that run now."""

    nursery: "subprocess.Popen[str]"
    alive: list[int] = field(default_factory=list)

    def start(self) -> None:
        if self.nursery.stdin is None or self.nursery.stdout is None:
            raise RuntimeError("the nursery has no pipes")
        self.nursery.stdin.write("start\n")
        self.nursery.stdin.flush()
        self.alive.append(int(self.nursery.stdout.readline()))

    def kill_one(self, chance: random.Random) -> None:
        process_id = self.alive.pop(chance.randrange(len(self.alive)))
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
        self.start()

    def end(self) -> None:
        for process_id in self.alive:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGTERM)
        self.alive.clear()


def _child(stack: ExitStack, module: str, *arguments: str) -> "subprocess.Popen[str]":
    """A part of the drill that ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def end() -> None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    stack.callback(end)
    return process


async def _queue(database: str, plan: Plan) -> int:
    people = [
        Person(
            id=f"person-{number:05d}",
            display_name=f"Person {number}",
            mail=f"person-{number:05d}@example.org",
            account_enabled=True,
        )
        for number in range(plan.people)
    ]
    store = await open_store(database)
    engine = Engine(store=store, policy=Policy(), roles=Roles(store=store), mail=True)
    queued = await queue(store, engine, plan.alerts, people, datetime.now(UTC))
    await store.close()
    return queued


async def _account(database: str) -> dict[Channel, dict[str, int]]:
    """Of each channel: rows by state, and how many sends of theirs had an unknown outcome."""
    store = await open_store(database)
    async with store.reading() as tx:
        alerts = [alert.id for alert in await tx.alerts_unclosed()]
        rows = [row for row in await tx.deliveries_of_alerts(alerts) if row.notice_ids]
    await store.close()
    account = {}
    for channel in Channel:
        own = [row for row in rows if row.channel is channel]
        states = {state.value: sum(row.state is state for row in own) for state in DeliveryState}
        account[channel] = {**states, "unclear_sends": sum(row.unclear for row in own)}
    return account


def _report(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/report", timeout=30) as answer:  # noqa: S310 - our own loopback address
        report: dict[str, Any] = json.loads(answer.read())
    return report


def _waiting(server: PostgresServer, name: str) -> int:
    return int(server.sql("SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')", name))


def run(plan: Plan) -> dict[str, Any]:
    """The whole drill; its figures."""
    chance = random.Random(1)
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres())
        database = server.new_database()
        name = database.partition("?")[0].rpartition("/")[2]
        queued = asyncio.run(_queue(database, plan))
        teams = _child(stack, "bench.drill_teams", str(OVERALL))
        url = teams.stdout.readline().strip() if teams.stdout is not None else ""
        replicas = Replicas(nursery=_child(stack, "bench.drill_worker", database, url, str(plan.pace)))
        for _ in range(REPLICAS):
            replicas.start()
        began = time.monotonic()
        faults = ["kill"] * plan.kills + ["crash"] * plan.crashes
        chance.shuffle(faults)
        for fault in faults:
            time.sleep(plan.spacing * chance.uniform(0.5, 1.5))
            if fault == "kill":
                replicas.kill_one(chance)
            else:
                server.stop(signal.SIGQUIT)
                server.start()
        last_fault = time.monotonic()
        while (left := _waiting(server, name)) and time.monotonic() - last_fault < PATIENCE:
            time.sleep(0.5)
        ended = time.monotonic()
        replicas.end()
        report = _report(url)
        account = asyncio.run(_account(database))
    figures = _figures(queued, report, account)
    return {
        **figures,
        "left": left,
        "kills": plan.kills,
        "crashes": plan.crashes,
        "breaches": report["refused"],
        "calls": report["calls"],
        "seconds": round(ended - began, 1),
        "seconds_after_last_fault": round(ended - last_fault, 1),
    }


def _figures(queued: int, report: dict[str, Any], account: dict[Channel, dict[str, int]]) -> dict[str, Any]:
    """What arrived, of what was queued."""
    cards = {app: count for app, count in report["accepted"].items() if app != "?"}
    mails: dict[str, int] = report["mails"]
    teams, mail = account[Channel.TEAMS], account[Channel.EMAIL]
    shown = ("sent", "unclear", "failed", "cancelled", "pending", "sending")
    return {
        "alerts": queued,
        "lost": queued - len(cards.keys() | set(report["mailed_apps"])),
        "cards": len(cards),
        "cards_not_arrived": queued - len(cards),
        "card_repeats": sum(cards.values()) - len(cards),
        "cards_under_way_at_a_fault": teams["unclear_sends"],
        "mails": len(mails),
        "mail_repeats": sum(mails.values()) - len(mails),
        "mails_under_way_at_a_fault": mail["unclear_sends"],
        "most_copies": max([*cards.values(), *mails.values()], default=0),
        "card_states": {state: teams[state] for state in shown},
        "mail_states": {state: mail[state] for state in shown},
    }


def broken(figures: dict[str, Any]) -> list[str]:
    """What is promised and was not kept."""
    promises = {
        "0 lost": figures["lost"] == 0,
        "nothing left waiting": figures["left"] == 0,
        "cards repeated no more than sends under way at a fault": (
            figures["card_repeats"] <= figures["cards_under_way_at_a_fault"]
        ),
        "e-mails repeated no more than sends under way at a fault": (
            figures["mail_repeats"] <= figures["mails_under_way_at_a_fault"]
        ),
        "a card that did not arrive is shown as unclear": (
            figures["cards_not_arrived"] <= figures["card_states"]["unclear"]
        ),
        "at most two copies": figures["most_copies"] <= 2,
        "no throttle breach": figures["breaches"] == 0,
    }
    return [promise for promise, kept in promises.items() if not kept]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--short", action="store_true", help="a form of less than a minute")
    options.add_argument("--json", action="store_true", help="print one JSON object")
    for name in ("alerts", "people", "kills", "crashes"):
        options.add_argument(f"--{name}", type=int)
    options.add_argument("--pace", type=float)
    chosen = vars(options.parse_args())
    short, as_json = chosen.pop("short"), chosen.pop("json")
    base = SHORT if short else Plan()
    plan = Plan(**{**vars(base), **{name: value for name, value in chosen.items() if value is not None}})
    figures = run(plan)
    if as_json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"  {name.replace('_', ' '):<26} {value}")
    failed = broken(figures)
    for promise in failed:
        print(f"BROKEN: {promise}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
