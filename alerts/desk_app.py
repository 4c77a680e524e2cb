"""Answers about one app, and about the card that somebody got last."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from alerts.desk_base import ADMINS_ONLY, DeskBase, soonest_first
from alerts.errors import ArchiveError
from alerts.ledger import states_of
from alerts.model import Application, CredentialRecord
from alerts.viewing import by_urgency
from alerts.views import AlertView, AppStatusView, ExplainView, HistoryView, NominationView, Sentence, View

log = logging.getLogger(__name__)

#: Seconds for which somebody who asks for a history waits: two years of a large tenant take Log Analytics a few.
ARCHIVE_PATIENCE = 10.0


class OneApp(DeskBase):
    """Reads only; a member sees the apps that concern them, others do not exist for them."""

    async def app_status(self, person_id: str, query: str, *, asked: str = "") -> View:
        """Every credential of one app, its owners and who was told; a list when several match.

        `asked` is an error text that names the app: then the answer begins with whether something has expired.
        """
        found = await self._find(person_id, query, "status")
        if not isinstance(found, Application):
            return found
        now = self.clock()
        async with self.store.reading() as tx:
            records = await tx.snapshot_of_apps([found.object_id])
            alerts = await tx.alerts_of_app(found.object_id)
            states = await states_of(tx, alerts, now)
            people = await tx.people([r.person.id for r in await tx.recipients([a.id for a in alerts])])
            told = []
            for delivery in await tx.deliveries_of_alerts([a.id for a in alerts]):
                if delivery.notice_ids and delivery.finished_at is not None and delivery.state == "sent":
                    person = people.get(delivery.recipient_id)
                    if person is not None:
                        told.append((person, delivery.finished_at, str(delivery.channel)))
            first = next(iter(by_urgency(a for a in alerts if a.key in states)), None)
            return AppStatusView(
                application=found,
                records=tuple(soonest_first(records)),
                states={key_id: state.value for (_, key_id), state in states.items()},
                told=tuple(sorted(told, key=lambda line: line[1], reverse=True)[:10]),
                now=now,
                time_zone=await self._zone(tx, person_id),
                alert_id=first.id if first else "",
                version=first.version if first else 0,
                verdict=_verdict(records, now) if asked else None,
            )

    async def history(self, person_id: str, query: str) -> View:
        """Who owned an app over time and what Steward did about it, for admins and support."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        found = await self._find(person_id, query, "history")
        if not isinstance(found, Application):
            return found
        if self.history_source is None:
            return Sentence(key="archive_unreachable")
        try:
            async with asyncio.timeout(ARCHIVE_PATIENCE):
                spells, events = await asyncio.gather(
                    self.history_source.spells(found.object_id, self.policy.history_days),
                    self.history_source.events_of_app(found.app_id, self.policy.history_days),
                )
        except (ArchiveError, TimeoutError) as error:
            log.warning("history of %s could not be read: %r", found.object_id, error)
            return Sentence(key="archive_unreachable")
        async with self.store.reading() as tx:
            zone = await self._zone(tx, person_id)
        return HistoryView(application=found, spells=spells, events=events, now=self.clock(), time_zone=zone)

    async def why(self, person_id: str) -> View:
        """Explains the card that the asker got last."""
        role = await self.role_of(person_id)
        async with self.store.reading() as tx:
            cards = [] if await self._is_out(tx, person_id) else await tx.newest_cards(person_id, 1)
            view = await self.actions.viewer.of_card(tx, cards[0], role) if cards else None
            if isinstance(view, AlertView | NominationView):
                return ExplainView(about=view, posted_at=cards[0].posted_at, now=view.now, time_zone=view.time_zone)
            if view is not None:
                return view
        return Sentence(key="why_nothing")


def _verdict(records: Sequence[CredentialRecord], now: datetime) -> Sentence:
    """Whether an app's sign-in can have failed because something has expired, and since when."""
    ends = [r.credential.end for r in records if r.credential.end is not None]
    past = [end for end in ends if end <= now]
    ahead = [end for end in ends if end > now]
    if past:
        key = "verdict_expired" if ahead else "verdict_all_expired"
        return Sentence(key=key, params={"since": max(past).isoformat(), "count": str(len(past))})
    if ahead:
        return Sentence(key="verdict_valid", params={"until": min(ahead).isoformat()})
    return Sentence(key="verdict_nothing")
