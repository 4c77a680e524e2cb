"""Who is to be told about an app, and why: rule 2, the moving on of rules 4 and 5, the managers of rule 6."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from tests.reference.tenant import App, Day, Rules


@dataclass(frozen=True)
class Past:
    """The latest record of an app that had a counting owner."""

    at: datetime
    #: Owner -> their manager as it was then, '' without one; at most three.
    owners: Mapping[str, str]


@dataclass
class Route:
    path: str
    #: Person -> reason; in this order they were found.
    people: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finder:
    """Looks for people in the tenant of one day."""

    rules: Rules
    day: Day

    def active(self, person: str) -> bool:
        """An enabled user whom no setting takes off every path."""
        account = self.day.accounts.get(person)
        return account is not None and account.enabled and person not in self.rules.skip_users

    def manager(self, person: str) -> str:
        account = self.day.accounts.get(person)
        return account.manager if account else ""

    def counting_owners(self, app: App) -> list[str]:
        accounts = self.day.accounts
        return sorted({o for o in app.owners if o in accounts and accounts[o].enabled})

    def fallback(self) -> list[str]:
        return [p for p in self.rules.fallback if self.active(p)]

    def route(self, app: App, past: Past | None, off: AbstractSet[str], besides: Mapping[str, str]) -> Route:
        """The route of rule 2 without those who are off; `besides` are nominator and accepted nominee."""
        route = self._path(app, past, off)
        for person, reason in besides.items():
            if self.active(person) and person not in off:
                route.people.setdefault(person, reason)
        return route

    def _path(self, app: App, past: Past | None, off: AbstractSet[str]) -> Route:
        def there(people: Iterable[str]) -> list[str]:
            return [p for p in dict.fromkeys(people) if p and self.active(p) and p not in off]

        owners = self.counting_owners(app)
        if told := there(owners):
            return Route("currentOwners", dict.fromkeys(told, "owner"))
        # Reading: an owner's manager is still on the owners' path, for it is today's owners who said no.
        if told := there(self.manager(o) for o in owners):
            return Route("currentOwners", dict.fromkeys(told, "ownerManager"))
        former = dict(past.owners) if past else {}
        if told := there(former):
            return Route("previousOwner", dict.fromkeys(told, "previousOwner"))
        # Reading: the manager recorded then is asked where Graph names none now, not where the present one left.
        if told := there(self.manager(o) or then for o, then in former.items()):
            return Route("previousOwnerManager", dict.fromkeys(told, "previousOwnerManager"))
        # The fallback is the end of the road, so being off does not count there; nobody offers it "not mine".
        return Route("unroutable", dict.fromkeys(self.fallback(), "fallback"))

    def escalation(self, silent: Iterable[str], recipients: AbstractSet[str], off: AbstractSet[str]) -> list[str]:
        """The manager whom most silent recipients share, else that manager's, else the fallback; without recipients."""
        shared = Counter(m for m in (self.manager(p) for p in silent) if m)
        if shared:
            one = min(shared, key=lambda m: (-shared[m], m))
            for candidate in (one, self.manager(one)):
                if candidate and self.active(candidate) and candidate not in recipients | off:
                    return [candidate]
        return [p for p in self.fallback() if p not in recipients | off]
