"""A whole scan in an otherwise idle process: what `app.py scan --json` does, with memory and CPU noted around it.

Run by bench/scan.py in a process of its own, its task as JSON on stdin; prints one JSON object.
"""

import asyncio
import gc
import importlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

MB = 1024.0


def _memory(name: str) -> float:
    """VmRSS or VmHWM of this process in MB, 0 where the system does not say."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / MB
    except OSError:
        pass
    return 0.0


def _forget_peak() -> None:
    """Let the high-water mark begin anew (proc(5): clear_refs)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    except OSError:
        sys.stderr.write("the high-water mark cannot be reset here: growth is too large by what starting took\n")


async def whole(task: dict[str, Any]) -> dict[str, Any]:
    """The scan's report with what was noted. `task`: last_use, whether the report on last use is read."""
    config, launch = importlib.import_module("config"), importlib.import_module("sandbox.launch")
    roles = frozenset({"scanner", "worker"})
    settings = config.from_environment(roles=roles)
    chosen = settings.practice
    practice = launch.start_or_attach(settings.service.state_dir, chosen.apps, chosen.seed)
    settings = config.enter_practice(settings, practice.settings, roles=roles)
    if not task["last_use"]:
        settings = replace(settings, graph=replace(settings.graph, last_use=False))
    # Only now: the libraries read SSL_CERT_FILE when they are imported.
    once, product_of = importlib.import_module("service.once"), importlib.import_module("service.product")
    importlib.import_module("service.logs").set_up_logs("WARNING", readable=True)
    async with product_of.open_product(settings, practice, frozenset({"scanner"})) as product:
        gc.collect()
        modules = set(sys.modules)
        idle, started = _memory("VmRSS"), time.process_time()
        _forget_peak()
        began = time.perf_counter()
        run = await product.scans.scan()
        await product.pump()
        spent = {
            "wall": time.perf_counter() - began,
            "cpu": time.process_time() - started,
            "cpu_start": started,
            "idle_mb": idle,
            "peak_mb": _memory("VmHWM"),
            "busy": product.scans.longest_busy,
            "imported": len(set(sys.modules) - modules),
        }
    return {**once.run_fields(run), **spent}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(whole(json.load(sys.stdin)))))
