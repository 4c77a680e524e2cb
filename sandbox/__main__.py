"""`python -m sandbox`: the practice tenant as a process of its own."""

import argparse
import asyncio
import gc
import sys
from pathlib import Path

from sandbox import connector, control, entra, graph, logs, poison
from sandbox.lock import Lock, Locked
from sandbox.server import MakeApp, serve
from sandbox.state import StateError, TwinState

#: Imported for the changes it registers, which a journal may name.
REGISTERED = (poison,)

SERVICES: dict[str, MakeApp] = {
    "entra": entra.make_app,
    "graph": graph.make_app,
    "connector": connector.make_app,
    "ingestion": logs.make_ingestion_app,
    "query": logs.make_query_app,
    "control": control.make_app,
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; exit 0, 2 for a state directory that cannot be used, 3 when it is in use."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="where the tenant is kept")
    parser.add_argument("--apps", type=int, default=300, help="app registrations (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="which tenant of that size (default 1)")
    parser.add_argument(
        "--enterprise", type=int, help="enterprise apps beside managed identities (default: about 1.6 for each app)"
    )
    parser.add_argument("--owners", type=int, help="people who own something (default: a third as many as apps)")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    options = parser.parse_args(arguments)
    try:
        with Lock(options.state_dir / "practice"):
            # Two million objects that stay: the collector's walks through them would double the start and hold up answers.
            gc.disable()
            state = TwinState.open(
                options.state_dir, options.apps, options.seed, enterprise=options.enterprise, owners=options.owners
            )
            gc.freeze()
            gc.enable()
            asyncio.run(serve(state, SERVICES, with_parent=options.with_parent))
    except Locked as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except (StateError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
