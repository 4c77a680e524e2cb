"""The commands by which an admin lets go, pauses, resumes and recalls; each decides itself who may."""

from dataclasses import dataclass

from alerts.gate import Gatekeeper
from alerts.model import Person
from alerts.ports import Clock, Store, Transaction
from alerts.preview import view_of
from alerts.recall import find_run, recall
from alerts.rehearsal import rehearse
from alerts.release import LetGo, Releaser
from alerts.roles import Roles
from alerts.sending import Sending
from alerts.views import Sentence, View

#: Longest pause that may be asked for in hours: four weeks. A longer one is one without hours.
MOST_HOURS = 672
#: Days that the card looks ahead; `app.py preview` looks as far as it is asked to.
PREVIEW_DAYS = 7
#: Runs that are offered for a recall.
OFFERED = 5


@dataclass(frozen=True, kw_only=True)
class SendingDesk:
    """What an admin may ask of sending; anybody else gets one and the same answer."""

    store: Store
    clock: Clock
    roles: Roles
    releaser: Releaser
    gatekeeper: Gatekeeper
    time_zone: str = "UTC"

    async def _admin(self, person_id: str) -> Person | None:
        return next((admin for admin in await self.roles.admins() if admin.id == person_id), None)

    async def go(self, person_id: str, whom: Sending) -> View:
        """`go pilot` or `go all`: from now on these are told; what is held is decided anew."""
        admin = await self._admin(person_id)
        if admin is None:
            return Sentence(key="admins_only")
        if whom is Sending.PILOT:
            if not self.gatekeeper.rules.has_pilot:
                return Sentence(key="go_no_pilot")
            await self.roles.refresh_pilot()
        gone = await self.releaser.go(whom, admin)
        async with self.store.reading() as tx:
            paused = not await self.gatekeeper.may_tell(tx, self.clock())
        return _told("go_all" if whom is Sending.ON else "go_pilot", gone, paused=paused)

    async def pause(self, person_id: str, hours: int | None, reason: str) -> View:
        """`pause [hours] <reason>`: nobody is told of an alert until then; answers and updates go on."""
        admin = await self._admin(person_id)
        if admin is None:
            return Sentence(key="admins_only")
        pause = await self.releaser.pause(min(hours, MOST_HOURS) if hours else None, reason, admin)
        if pause.until is None:
            return Sentence(key="paused")
        async with self.store.reading() as tx:
            zone = await self._zone(tx, person_id)
        return Sentence(key="paused_until", params={"until": pause.until.isoformat(), "zone": zone})

    async def resume(self, person_id: str) -> View:
        """`resume`: what has waited through the pause is decided anew and told."""
        admin = await self._admin(person_id)
        if admin is None:
            return Sentence(key="admins_only")
        gone = await self.releaser.resume(admin)
        return Sentence(key="not_paused") if gone is None else _told("resumed", gone, paused=False)

    async def recall(self, person_id: str, text: str) -> View:
        """`recall <run>`: takes back what one run told; without a run that is clear, the last ones are named."""
        admin = await self._admin(person_id)
        if admin is None:
            return Sentence(key="admins_only")
        now = self.clock()
        async with self.store.transaction() as tx:
            run_id = await find_run(tx, text) if text else None
            if run_id is None:
                runs = await tx.runs_that_told(OFFERED)
                return Sentence(key="recall_which" if runs else "recall_none", params={"runs": ", ".join(runs)})
            taken = await recall(tx, run_id, admin, now)
        self.releaser.wake()
        params = {
            "run": run_id,
            "cards": str(taken.cards),
            "people": str(taken.people),
            "cancelled": str(taken.cancelled),
            "mails": str(taken.mails),
        }
        return Sentence(key="recall_done", params=params)

    async def preview(self, person_id: str, page: int) -> View:
        """`preview`: who would be told what, page by page; nothing is written and nobody is told."""
        if await self._admin(person_id) is None:
            return Sentence(key="admins_only")
        preview = await rehearse(self.releaser.engine, self.store, self.clock(), PREVIEW_DAYS)
        async with self.store.reading() as tx:
            zone = await self._zone(tx, person_id)
        return view_of(preview, page, zone)

    async def _zone(self, tx: Transaction, person_id: str) -> str:
        known = (await tx.conversations([person_id])).get(person_id)
        return (known.time_zone if known else "") or self.time_zone


def _told(key: str, gone: LetGo, *, paused: bool) -> Sentence:
    if not gone.people:
        nobody = f"{key}_nobody"
        return Sentence(key=nobody, params={"held": str(gone.held)})
    key = f"{key}_paused" if paused else key
    params = {
        "people": str(gone.people),
        "waiting": str(gone.waiting),
        "held": str(gone.held),
        "run": gone.run_id,
    }
    return Sentence(key=key, params=params)
