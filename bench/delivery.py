"""How fast the outbox is sent: 5,000 alerts to 3,000 people against the Bot Connector twin, which holds Teams' limits.

Run: python dev.py bench-delivery [--alerts 5000] [--people 3000] [--paces 20,50] [--sample 200]

The twin runs in a process of its own, over TLS. For each pace it enforces 30 calls a second (50 at a pace of 50) beside
Teams' limits per conversation. In the same run botbuilder's own sender sends a sample to the same twin, without limits,
and so does Steward's. Exit code 1 if what is promised does not hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.scan import Promises  # noqa: E402 - after the path is set
from sandbox.launch import Practice, start_or_attach  # noqa: E402

APPS = 400
#: Owners of the tenant for each person who is to be told: six in ten people have the app.
OWNERS_EACH = 1.87
#: Teams' documented calls a second for one bot in one tenant.
DOCUMENTED = 50
#: What is demanded of a run (facts: load figures).
LAG_P99, RSS_MB, TOKENS = 50.0, 250.0, 2


def child(script: str, practice: Practice, environment: dict[str, str], *arguments: str, given: str = "") -> Any:
    """Run one of the bench's parts in a process of its own; the JSON it prints last."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    tls: dict[str, str] = {name: practice.settings[name] for name in names if name in practice.settings}
    done = subprocess.run(
        [sys.executable, "-m", script, *arguments], cwd=ROOT, env={**environment, **tls}, input=given,
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        raise SystemExit(f"{script} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def steward(practice: Practice, folder: Path, alerts: int, people: int, pace: int) -> dict[str, Any]:
    """All alerts, sent by one worker as the product wires it."""
    database = Path(tempfile.mkdtemp(dir=folder)) / "steward.db"
    environment = {
        **os.environ, "STATE_DIR": str(folder), "PRACTICE_APPS": str(APPS), "PRACTICE_SEED": "1",
        "DATABASE_URL": f"sqlite:///{database}", "MAX_PEOPLE_PER_RUN": "0",
    }  # fmt: skip
    report: dict[str, Any] = child("bench.delivery_worker", practice, environment, str(alerts), str(people), str(pace))
    return report


def botbuilder(practice: Practice, sample: int) -> float:
    """Messages a second of botbuilder's own sender, without limits."""
    practice.call("POST", "/control/limits", {"enabled": False})
    truth: Any = practice.call("GET", "/control/truth", seconds=120)
    people = [person_id for person_id, each in truth["people"].items() if each["has_teams_app"] and each["active"]]
    told = {"settings": practice.settings, "people": people[:sample]}
    report = child("bench.delivery_botbuilder", practice, dict(os.environ), given=json.dumps(told))
    practice.call("POST", "/control/limits", {"enabled": True})
    return float(sample / report["seconds"])


def show(report: dict[str, Any], pace: int, baseline: float, promises: Promises) -> None:
    sent, calls, seconds = report["queued"], report["calls"], report["seconds"]
    rate = sent / seconds
    ideal = calls / pace
    print(
        f"\nSEND_PACE={pace}, the twin at {max(30, pace)}/s\n"
        f"  {report['alerts']:,} alerts, {sent:,} cards to {report['people']:,} people in {seconds:.1f} s: {rate:.1f} messages/s, "
        f"{calls:,} calls, {calls / seconds:.1f} calls/s\n"
        f"  botbuilder's sender, no limits: {baseline:.1f} messages/s; ratio {rate / baseline:.2f}\n"
        f"  of the {DOCUMENTED} calls/s that Teams documents: {calls / seconds / DOCUMENTED:.2f}\n"
        f"  CPU {report['cpu']:.1f} s ({report['cpu'] / sent * 1000:.1f} ms a message), loop late p99 "
        f"{report['lag_p99']:.1f} ms, at most {report['lag_max']:.0f} ms, {report['rss_mb']:.0f} MB\n"
        f"  throttled {report['refused']}, calls before Retry-After {report['early']}, tokens {report['tokens']}"
    )
    promises.hold(f"pace {pace}: seconds, for calls / SEND_PACE + 10 %", seconds, ideal * 1.1, " s")
    promises.hold(f"pace {pace}: throttle breaches", report["refused"], 0)
    promises.hold(f"pace {pace}: token requests", report["tokens"], TOKENS)
    promises.hold(f"pace {pace}: loop lag p99", report["lag_p99"], LAG_P99, " ms")
    promises.hold(f"pace {pace}: memory", report["rss_mb"], RSS_MB, " MB")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--alerts", type=int, default=5000)
    options.add_argument("--people", type=int, default=3000)
    options.add_argument("--paces", default="20,50")
    options.add_argument("--sample", type=int, default=200)
    chosen = options.parse_args()
    promises = Promises()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        practice = start_or_attach(folder, APPS, 1, owners=max(200, round(chosen.people * OWNERS_EACH)))
        print(f"practice tenant made in {time.perf_counter() - began:.0f} s", flush=True)
        try:
            baseline = botbuilder(practice, chosen.sample)
            for pace in (int(word) for word in chosen.paces.split(",")):
                report = steward(practice, folder, chosen.alerts, chosen.people, pace)
                show(report, pace, baseline, promises)
        finally:
            practice.stop()
    print("\n" + "\n".join(promises.lines))
    return 1 if promises.missed else 0


if __name__ == "__main__":
    sys.exit(main())
