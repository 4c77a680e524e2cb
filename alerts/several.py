"""A digest's own verbs: open one alert, tick several, answer the ticked ones, each authorised by itself."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.authority import RefusedError
from alerts.model import Action, PostedCard, Verb
from alerts.ports import Store
from alerts.viewing import Viewer, by_urgency
from alerts.views import OF_APP, DigestMode, Sentence, View

log = logging.getLogger(__name__)

#: One fixed sentence for a refused action and for an unknown id: a stranger learns nothing from it.
REFUSED = Sentence(key="refused")


@dataclass(frozen=True, kw_only=True)
class Several:
    """Answers many alerts at once by answering one after another."""

    store: Store
    viewer: Viewer
    #: Does an action on the alerts of one card; raises RefusedError.
    on_alerts: Callable[[Action, Sequence[str]], Awaitable[View]]

    async def on_digest(self, action: Action) -> View:
        """What was pressed on a digest or handover card, which only its recipient may press."""
        digest_id = str(action.data.get("digest", ""))
        async with self.store.reading() as tx:
            card = await tx.card_by_delivery(digest_id)
        if card is None or card.recipient_id != action.actor_id:
            raise RefusedError
        if action.data.get("alert"):
            alert_id = str(action.data["alert"])
            return await self.on_alerts(action, await self._app_of_digest(card, alert_id))
        given = action.inputs.get("alerts")
        ticked = [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else []
        ticked = list(dict.fromkeys(ticked))[: len(card.alert_ids) + 1]
        if action.verb in (Verb.OPEN, Verb.REFRESH) or not ticked:
            mode = DigestMode.CHOOSE if action.verb != Verb.REFRESH and not action.data.get("all") else DigestMode.LIST
            return await self._digest(action, card, mode)
        return await self._answer_ticked(action, card, ticked)

    async def _app_of_digest(self, card: PostedCard, alert_id: str) -> list[str]:
        """The opened alert and its app's other alerts on the same digest."""
        async with self.store.reading() as tx:
            alerts = await tx.alerts(card.alert_ids)
        chosen = alerts.get(alert_id)
        if chosen is None:
            raise RefusedError
        same = [a for a in by_urgency(alerts.values()) if a.application.object_id == chosen.application.object_id]
        return [alert_id] + [a.id for a in same if a.id != alert_id]

    async def _answer_ticked(self, action: Action, card: PostedCard, ticked: list[str]) -> View:
        """The same answer to each ticked alert, each authorised by itself; refused ones are named."""
        done, notes = 0, []
        async with self.store.reading() as tx:
            names = {a.id: a.application.display_name for a in (await tx.alerts(card.alert_ids)).values()}
        for alert_id in ticked:
            single = replace(action, data={"alert": alert_id}, card_activity_id="", invoke_id="")
            try:
                if alert_id not in card.alert_ids:
                    raise RefusedError
                view = await self.on_alerts(single, [alert_id])
            except RefusedError:
                view = Sentence(key="ticked_refused")
            if isinstance(view, Sentence):
                notes.append((view.key, {**view.params, OF_APP: names.get(alert_id, "")}))
            else:
                done += 1
        log.info("%s of %s answered by %s from a digest", done, len(ticked), action.actor_id)
        notes.insert(0, ("digest_answered", {"done": str(done), "total": str(len(ticked))}))
        return await self._digest(action, card, DigestMode.LIST, tuple(notes))

    async def _digest(
        self,
        action: Action,
        card: PostedCard,
        mode: DigestMode,
        notes: tuple[tuple[str, Mapping[str, str]], ...] = (),
    ) -> View:
        async with self.store.reading() as tx:
            return await self.viewer.digest(
                tx,
                card.delivery_id,
                card.alert_ids,
                action.actor_id,
                mode=mode,
                show_all=bool(action.data.get("all")),
                notes=notes,
            )
