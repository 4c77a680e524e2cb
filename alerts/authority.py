"""Who may give an answer, and to what: decided from today's rows, never from what a card says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.model import ANSWERABLE, Action, Alert, Person, PersonKind, Recipient, Role, Verb
from alerts.ports import Clock, Transaction
from alerts.records import owners_of
from alerts.viewing import stranger

#: Longest text of an input that is kept.
LONGEST_TEXT = 1000


class RefusedError(Exception):
    """The actor may not do this, or the id names nothing."""


@dataclass(kw_only=True)
class Case:
    """One action on one alert, with everything that was read for it."""

    action: Action
    alert: Alert
    actor: Person
    role: Role
    #: The actor's place on this alert's route, None for an admin from outside.
    place: Recipient | None
    places: list[Recipient]
    #: Whether the actor is an owner by the last snapshot, and the account is enabled.
    owns: bool = False
    now: datetime

    @property
    def closed(self) -> bool:
        """Whether nothing can be answered any more."""
        return self.alert.state not in ANSWERABLE


@dataclass(frozen=True, kw_only=True)
class Authority:
    """May: a recipient (also one who has left the route, for looking), a current owner, an admin."""

    clock: Clock

    async def cases(
        self, tx: Transaction, action: Action, ids: Sequence[str], role: Role, *, lock: bool = True
    ) -> list[Case]:
        """The cases this actor may act on; the first id must be among them, else RefusedError."""
        wanted = [i for i in ids if i]
        places = await tx.recipients(wanted)
        placed = role is Role.ADMIN or any(p.person.id == action.actor_id for p in places)
        # By what the actor owns, before any alert is read: neither words nor time tell whether there is one.
        if not placed and (not ids or ids[0] not in await self._owned(tx, action.actor_id)):
            raise RefusedError
        alerts = await tx.alerts(wanted, lock=lock)
        actor = (await tx.people([action.actor_id])).get(action.actor_id, stranger(action.actor_id))
        # Somebody of whom nothing is known may have a place; somebody known to be disabled has none any more.
        gone = actor.kind is not PersonKind.UNKNOWN and not actor.counts
        objects = sorted({alert.application.object_id for alert in alerts.values()})
        owned = {object_id: await self._owns(tx, object_id, action.actor_id) for object_id in objects}
        harmless = action.verb in (Verb.REFRESH, Verb.OPEN)
        # "Not mine" once more gets the same answer; everything else that person has given up.
        again = (Verb.REFRESH, Verb.OPEN, Verb.NOT_MINE)
        cases = []
        for alert_id in ids:
            alert = alerts.get(alert_id)
            if alert is None:
                continue
            own = [place for place in places if place.alert_id == alert_id]
            mine = next((place for place in own if place.person.id == action.actor_id), None)
            owns = owned[alert.application.object_id]
            by_route = mine is not None and (
                mine.on_route or harmless or (mine.off_reason == "notMine" and action.verb in again)
            )
            if not gone and (role is Role.ADMIN or owns or by_route):
                cases.append(
                    Case(
                        action=action,
                        alert=alert,
                        actor=mine.person if mine else actor,
                        role=role,
                        place=mine,
                        places=own,
                        owns=owns,
                        now=self.clock(),
                    )
                )
        if not cases or cases[0].alert.id != ids[0]:
            raise RefusedError
        return cases

    @staticmethod
    async def _owned(tx: Transaction, person_id: str) -> set[str]:
        """Ids of the alerts of all apps that somebody owns."""
        objects = {record.application.object_id for record in await tx.snapshot_of_owner(person_id)}
        return {alert.id for object_id in sorted(objects) for alert in await tx.alerts_of_app(object_id)}

    @staticmethod
    async def _owns(tx: Transaction, object_id: str, person_id: str) -> bool:
        owners = owners_of(await tx.snapshot_of_apps([object_id]))
        return any(p.id == person_id and p.counts for p in owners)


def text_of(value: object) -> str:
    """An input's text, trimmed and cut; anything else is empty."""
    return value.strip()[:LONGEST_TEXT] if isinstance(value, str) else ""
