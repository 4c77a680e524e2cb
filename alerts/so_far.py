"""Pure: what happened so far with one alert, told to whoever is asked next."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from alerts.model import Alert, Notice, Recipient
from alerts.views import Outcome, SoFar


def so_far(
    alert: Alert,
    places: Mapping[str, Recipient],
    notices: Iterable[Notice],
    person_id: str,
    mail_only: Collection[str],
) -> tuple[SoFar, ...]:
    """Who was told before this person and has not answered, first told first; () once somebody has answered.

    Args:
        alert: as it stands now.
        places: person id -> place.
        notices: all of this alert.
        person_id: who is asked next.
        mail_only: ids of people who cannot answer in Teams.
    """
    if alert.answer is not None or alert.closed_at is not None:
        return ()
    first: dict[str, datetime] = {}
    for notice in notices:
        known = first.get(notice.recipient_id)
        first[notice.recipient_id] = notice.created_at if known is None else min(known, notice.created_at)
    mine = first.get(person_id)
    earlier = [
        SoFar(person=places[other].person, at=at, outcome=_outcome(places[other], mail_only))
        for other, at in first.items()
        if other != person_id and other in places and (mine is None or at < mine)
    ]
    return tuple(sorted(earlier, key=lambda each: (each.at, each.person.id)))


def _outcome(place: Recipient, mail_only: Collection[str]) -> Outcome:
    if place.off_reason == "notMine":
        return Outcome.NOT_MINE
    if place.off_reason:
        return Outcome.UNREACHABLE
    if not place.person.counts or not place.on_route:
        return Outcome.GONE
    return Outcome.NO_TEAMS if place.person.id in mail_only else Outcome.SILENT
