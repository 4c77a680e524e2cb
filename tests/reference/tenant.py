"""The rules of alerting once more, from their text alone: what the engine is held against, day by day.

Nothing in this folder imports the product; it is slow and plain on purpose. Where the text leaves a choice, a comment
that begins with "Reading:" says which one was made. This file: a tenant on one day, and what its dates mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

MICROSOFT = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})


@dataclass(frozen=True)
class Account:
    """A user; service principals and groups are simply not in `Day.accounts`."""

    id: str
    enabled: bool = True
    manager: str = ""


@dataclass(frozen=True)
class Cred:
    key: str
    kind: Literal["secret", "certificate", "saml"]
    start: datetime | None
    end: datetime | None
    #: SAML: whether the app signs with it; True where the app does not say.
    active: bool = True
    last_used: datetime | None = None


@dataclass(frozen=True)
class App:
    id: str
    creds: tuple[Cred, ...]
    #: Whoever Graph lists, users or not.
    owners: tuple[str, ...] = ()
    #: Enterprise app: the tenant that it comes from.
    home: str = ""
    #: Its enterprise app is disabled.
    disabled: bool = False


@dataclass(frozen=True)
class Day:
    """One scan: what it read, and whether that was everything."""

    now: datetime
    accounts: Mapping[str, Account]
    apps: Mapping[str, App]
    complete: bool = True
    #: Nobody can reach them today, neither in Teams nor by e-mail.
    unreachable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """The settings of section 1.2 that the rules speak of."""

    alert_days: tuple[int, ...] = (30, 14, 7)
    last_call_days: int = 1
    #: None never, 0 with the last stage, else days before expiry.
    escalate_days: int | None = 0
    snooze_max: int = 14
    snooze_floor: int = 3
    grace: int = 3
    admins: tuple[str, ...] = ()
    #: Told when nobody can be reached; the admins by default.
    fallback: tuple[str, ...] = ()
    skip_users: frozenset[str] = frozenset()

    @property
    def first(self) -> int:
        return max(self.alert_days)

    @property
    def last(self) -> int:
        return min(self.alert_days)


def days_left(end: datetime, now: datetime) -> int:
    """Whole days, rounded down: 0 within 24 hours, -1 expired less than a day ago."""
    return (end - now) // timedelta(days=1)


def stages_of(cred: Cred, rules: Rules) -> list[int]:
    """A stage longer than a third of the credential's life is skipped, except the last."""
    if cred.start is None or cred.end is None:
        return sorted(rules.alert_days)
    life = cred.end - cred.start
    return sorted(s for s in rules.alert_days if s == rules.last or timedelta(days=s) * 3 <= life)


def superseded_by(cred: Cred, app: App) -> Cred | None:
    """The newest of the same type that started later and outlives this one by more than 30 days.

    Reading: a SAML certificate that is active, or counts as active, alarms even beside a newer one: never superseded.
    """
    if cred.start is None or cred.end is None or (cred.kind == "saml" and cred.active):
        return None
    newer = [
        other
        for other in app.creds
        if other.kind == cred.kind
        and (other.kind != "saml" or other.active)
        and other.start is not None
        and other.start > cred.start
        # Reading: one that never ends outlives every other.
        and (other.end is None or other.end - cred.end > timedelta(days=30))
    ]
    return max(newer, key=lambda c: (c.start, c.key), default=None)


def excluded_by_itself(app: App) -> bool:
    """Microsoft's own, or its enterprise app is disabled."""
    return app.home in MICROSOFT or app.disabled


def working_day_later(at: datetime) -> datetime:
    """The same hour of the next day that is neither Saturday nor Sunday."""
    later = at + timedelta(days=1)
    while later.weekday() >= 5:
        later += timedelta(days=1)
    return later


@dataclass(frozen=True, order=True)
class Tell:
    """One person must be told one thing; what engine and reference are compared by."""

    person: str
    app: str
    key: str
    #: stage | calm | escalation | lastCall | expired
    kind: str
    #: In days; 0 for every kind but stage and calm.
    stage: int = 0


@dataclass
class Expected:
    """What one day must bring."""

    #: What -> (path, reason); "beside" is the reason of whom silence or the last call brought in.
    tells: dict[Tell, tuple[str, str]] = field(default_factory=dict)
    #: (person, app, key) on a route and told nothing today -> why.
    quiet: dict[tuple[str, str, str], str] = field(default_factory=dict)
    #: (app, key) of each due credential -> its one state.
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    #: (manager, leaver, app)
    handovers: set[tuple[str, str, str]] = field(default_factory=set)
