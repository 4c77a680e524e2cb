"""What the practice tenant's "Break something" may ask of the running Steward."""

from alerts.ledger import draw_up
from alerts.problems import stored_report
from cards.render import Words, render_sentence
from service.product import Product


class House:
    """Implements sandbox.breaking.House."""

    def __init__(self, product: Product) -> None:
        self._product = product

    async def state(self) -> dict[str, object]:
        """The ledger, what waits, whether the worker lives, and what the auditor says."""
        product = self._product
        async with product.store.reading() as tx:
            ledger = await draw_up(tx, product.clock(), product.core.policy)
            report = await stored_report(tx)
            waiting = await tx.deliveries_waiting()
        problems = report.problems if report is not None else ()
        return {
            "due": ledger.due,
            "states": {state: number for state, number in ledger.states.items() if number},
            "difference": ledger.difference,
            "not_told": len(ledger.not_told),
            "waiting": waiting,
            "worker": not product.worker_stopped,
            "audited": report.at.isoformat() if report is not None else None,
            "problems": [
                {
                    "kind": problem.kind.value,
                    "promise": problem.promise,
                    "says": render_sentence(problem.sentence(), Words()),
                }
                for problem in problems
            ],
        }

    async def audit(self) -> None:
        """Check the books now."""
        if self._product.watchman is not None:
            await self._product.watchman.audit()

    def stop_worker(self) -> None:
        self._product.stop_worker()

    def start_worker(self) -> None:
        self._product.start_worker()
