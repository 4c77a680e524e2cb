"""When the app registrations of a large tenant were made: more every year, on working days, some scripts at once."""

import random
from datetime import datetime, timedelta

from sandbox.maker import Maker

#: Days before today on which the first and the last were made. The last ones are old enough for their history.
OLDEST, YOUNGEST = 3000, 60
#: A script made so many at the same moment, as a share of all apps: the first is more than a page in a tenant of 100,000.
BURSTS = (1 / 70, 1 / 200, 1 / 300, 1 / 500, 1 / 1000)
#: Of so many one has no creation date, as apps have that were made before Graph kept it.
ONE_WITHOUT = 2500
#: Of a hundred so many have a fraction of a second.
FRACTIONS = 20


def creation_dates(maker: Maker, number: int) -> list[datetime | None]:
    """One for each app, in no order; the same for the same tenant."""
    chance = random.Random(f"creation dates {maker.tenant.seed}")
    dates: list[datetime | None] = []
    for share in BURSTS:
        dates += [_moment(maker, chance)] * int(share * number)
    dates += [None] * (number // ONE_WITHOUT)
    dates += [_moment(maker, chance) for _ in range(number - len(dates))]
    chance.shuffle(dates)
    return dates


def _moment(maker: Maker, chance: random.Random) -> datetime:
    # The square draws towards the youngest: a tenant makes more of them every year.
    days = YOUNGEST + (OLDEST - YOUNGEST) * chance.random() ** 2
    moment = (maker.now - timedelta(days=days)).replace(microsecond=0)
    if moment.weekday() >= 5 and chance.random() < 0.9:
        moment -= timedelta(days=2)
    if chance.randrange(100) < FRACTIONS:
        moment = moment.replace(microsecond=chance.randrange(1_000_000))
    return moment
