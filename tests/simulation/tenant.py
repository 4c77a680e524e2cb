"""A tenant that changes every day, from a seed: mostly due credentials, so that a small one says much."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from alerts.model import Application, ApplicationType, Credential, CredentialType, CredentialUsage, Person

DAY = timedelta(days=1)
ADMINS = ("ada",)
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
#: Lives of secrets in days: short ones skip stages, and all come back within the simulated time.
LIVES = (18, 35, 45, 60, 90, 100, 120)


@dataclass
class Tenant:
    """People and apps as Graph would show them; `change` makes one night's changes."""

    random: Random
    now: datetime
    people: dict[str, Person] = field(default_factory=dict)
    apps: dict[str, Application] = field(default_factory=dict)
    #: Share of the credentials that are made for long and not due.
    calm: float = 0.9
    #: Disabled for two days, person -> when they come back.
    away: dict[str, datetime] = field(default_factory=dict)
    #: Left for good, person -> when the account is deleted.
    leaving: dict[str, datetime] = field(default_factory=dict)
    #: Old credentials whose successor is there, (app, key) -> when they are removed.
    to_remove: dict[tuple[str, str], datetime] = field(default_factory=dict)
    #: In neither channel, and in Teams alone.
    unreachable: set[str] = field(default_factory=set)
    no_teams: set[str] = field(default_factory=set)
    #: What happened, for whoever looks at a failure, and how often.
    log: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    keys: int = 0

    def fill(self, apps: int, people: int) -> None:
        """The first day's tenant."""
        for name in ADMINS:
            self._person(name, "")
        self._person("boss", "")
        heads = [f"head{n}" for n in range(max(3, people // 10))]
        for head in heads:
            self._person(head, "boss" if self.random.random() < 0.8 else "")
        for number in range(people):
            self._person(f"p{number:03}", self.random.choice([*heads, *heads, *heads, ""]))
        staff = [p for p in self.people if p.startswith("p")]
        self.unreachable = set(self.random.sample(staff, people // 20)) | {heads[-1]}
        self.no_teams = set(self.random.sample(staff, people // 10))
        for number in range(apps):
            self._app(f"app{number:03}", staff)

    def _person(self, name: str, manager: str) -> None:
        self.people[name] = Person(
            id=name,
            display_name=name.title(),
            user_principal_name=f"{name}@x.example",
            mail=f"{name}@x.example",
            account_enabled=True,
            manager_id=manager,
        )

    def _app(self, name: str, staff: list[str]) -> None:
        chance = self.random.random()
        saml = chance > 0.9
        microsoft = chance < 0.01
        owners = self.random.sample(staff, self.random.choice((0, 1, 1, 1, 2, 2, 3, 4)))
        refs = [Person(id=owner) for owner in owners]
        self.apps[name] = Application(
            object_id=name,
            app_id=f"id-{name}",
            display_name=name.title(),
            type=ApplicationType.ENTERPRISE_APP if saml or microsoft else ApplicationType.APP_REGISTRATION,
            owner_organization_id=MICROSOFT if microsoft else "",
            owners=tuple(refs),
            credentials=self._saml() if saml else tuple(self._secret() for _ in range(self.random.choice((1, 1, 2)))),
        )

    def _key(self) -> str:
        self.keys += 1
        return f"k{self.keys:05}"

    def _moment(self, days: float) -> datetime:
        """So many days ahead, at some second of the day."""
        return self.now + days * DAY + timedelta(seconds=self.random.randrange(86400))

    def _secret(self, left: int | None = None, life: int | None = None) -> Credential:
        if left is None and self.random.random() < self.calm:
            left, life = self.random.randint(60, 400), 540
        life = life or self.random.choice(LIVES)
        end = self._moment(self.random.randint(-12, 50) if left is None else left)
        kind = CredentialType.CERTIFICATE if self.random.random() < 0.2 else CredentialType.CLIENT_SECRET
        return Credential(key_id=self._key(), type=kind, start=end - life * DAY, end=end)

    def _saml(self) -> tuple[Credential, ...]:
        """The certificate in use, sometimes beside one prepared or one that has had its day."""
        base = replace(self._secret(), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_ACTIVE)
        if self.random.random() < 0.5:
            return (base,)
        other = replace(self._secret(), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_INACTIVE)
        return (base, other)

    # ------------------------------------------------------------ one night

    def change(self, now: datetime) -> None:
        """What changed since yesterday."""
        self.now, self.log = now, []
        self._come_and_go()
        for _ in range(max(1, len(self._due()) // 25)):
            self._one_of_the_due()
        for chance, happens in self._rare():
            if self.random.random() < chance:
                happens()

    def _rare(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        return (
            (0.35, self._leaves),
            (0.5, self._owner_joins),
            (0.4, self._owner_goes),
            (0.3, self._new_manager),
            (0.3, self._new_secret),
            (0.2, self._end_moves),
            (0.15, self._app_disabled),
            (0.3, self._saml_switches),
            (0.2, self._reachability),
        )

    def _say(self, what: str, about: str) -> None:
        self.counts[what] += 1
        self.log.append(f"{what}: {about}")

    def staff(self) -> list[str]:
        return [p for p, person in self.people.items() if p.startswith("p") and person.counts]

    def _due(self) -> list[tuple[str, Credential]]:
        return [
            (app.object_id, cred)
            for app in self.apps.values()
            for cred in app.credentials
            if cred.end is not None and (cred.end - self.now) // DAY <= 30
        ]

    def _set(self, app: str, **fields: object) -> None:
        self.apps[app] = replace(self.apps[app], **fields)  # type: ignore[arg-type]

    def _come_and_go(self) -> None:
        for person in [p for p, at in self.away.items() if at <= self.now]:
            del self.away[person]
            self.people[person] = replace(self.people[person], account_enabled=True)
            self._say("back", person)
        for person in [p for p, at in self.leaving.items() if at <= self.now]:
            # As Graph does it: a deleted account is nobody's owner and nobody's manager, and has none.
            del self.leaving[person]
            gone = replace(self.people[person], deleted=True, account_enabled=False, manager_id="")
            self.people[person] = gone
            for app in list(self.apps.values()):
                self._set(app.object_id, owners=tuple(o for o in app.owners if o.id != person))
            for other in [p for p in self.people.values() if p.manager_id == person]:
                self.people[other.id] = replace(other, manager_id="")
            self._say("deleted", person)
        for key in [k for k, at in self.to_remove.items() if at <= self.now]:
            del self.to_remove[key]
            self._remove(*key)

    def _remove(self, app: str, key: str) -> None:
        self._set(app, credentials=tuple(c for c in self.apps[app].credentials if c.key_id != key))
        self._say("removed", f"{app}/{key}")

    def _one_of_the_due(self) -> None:
        """Somebody rotates one: at once, or with the old one left for a while; or just removes it."""
        due = [(a, c) for a, c in self._due() if (a, c.key_id) not in self.to_remove and c.usage == "signIn"]
        if not due:
            return
        app, cred = self.random.choice(due)
        if self.random.random() < 0.15:
            self._remove(app, cred.key_id)
            return
        life = self.random.choice(LIVES)
        fresh = replace(
            self._secret(left=life - 1, life=life),
            type=cred.type,
        )
        self._set(app, credentials=(*self.apps[app].credentials, fresh))
        self._say("rotated", f"{app}/{cred.key_id} by {fresh.key_id} for {life} days")
        if self.random.random() < 0.5:
            self._remove(app, cred.key_id)
        else:
            self.to_remove[app, cred.key_id] = self._moment(self.random.randint(1, 30))

    def _leaves(self) -> None:
        person = self.random.choice(self.staff())
        self.people[person] = replace(self.people[person], account_enabled=False)
        if self.random.random() < 0.5:
            self.away[person] = self._moment(1)
            self._say("disabled for two days", person)
        else:
            self.leaving[person] = self._moment(self.random.randint(2, 20))
            self._say("left", person)

    def _owner_joins(self) -> None:
        app, person = self.random.choice(list(self.apps.values())), self.random.choice(self.staff())
        if person not in {o.id for o in app.owners}:
            self._set(app.object_id, owners=(*app.owners, Person(id=person)))
            self._say("owner added", f"{app.object_id} {person}")

    def _owner_goes(self) -> None:
        owned = [a for a in self.apps.values() if a.owners]
        app = self.random.choice(owned)
        gone = self.random.choice(app.owners)
        self._set(app.object_id, owners=tuple(o for o in app.owners if o.id != gone.id))
        self._say("owner removed", f"{app.object_id} {gone.id}")

    def _new_manager(self) -> None:
        person = self.random.choice(self.staff())
        head = self.random.choice([p for p in self.people if p.startswith("head")])
        self.people[person] = replace(self.people[person], manager_id=head)
        self._say("manager", f"{person} {head}")

    def _new_secret(self) -> None:
        app = self.random.choice([a for a in self.apps.values() if a.type is ApplicationType.APP_REGISTRATION])
        fresh = self._secret(left=self.random.choice((0, 1, 3, 5, 10)), life=self.random.choice((2, 20, 90)))
        self._set(app.object_id, credentials=(*app.credentials, fresh))
        self._say("added late", f"{app.object_id}/{fresh.key_id}")

    def _end_moves(self) -> None:
        app, cred = self.random.choice(self._due())
        if cred.end is None or (app, cred.key_id) in self.to_remove:
            return
        moved = replace(cred, end=cred.end + self.random.choice((6, 12, 70)) * DAY)
        self._set(app, credentials=tuple(moved if c is cred else c for c in self.apps[app].credentials))
        self._say("end moved", f"{app}/{cred.key_id} to {moved.end}")

    def _app_disabled(self) -> None:
        app = self.random.choice([a for a in self.apps.values() if a.type is ApplicationType.ENTERPRISE_APP])
        self._set(app.object_id, enabled=not app.enabled)
        self._say("app switched", f"{app.object_id} {not app.enabled}")

    def _saml_switches(self) -> None:
        """A new certificate is made, or the one prepared becomes the active one."""
        apps = [a for a in self.apps.values() if a.credentials and a.credentials[0].usage != "signIn"]
        app = self.random.choice(apps)
        if len(app.credentials) == 1:
            fresh = replace(
                self._secret(left=60, life=61), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_INACTIVE
            )
            self._set(app.object_id, credentials=(*app.credentials, fresh))
            self._say("certificate prepared", app.object_id)
            return
        newest = max(app.credentials, key=lambda c: c.key_id)
        self._set(
            app.object_id,
            credentials=tuple(
                replace(c, usage=CredentialUsage.SAML_ACTIVE if c is newest else CredentialUsage.SAML_INACTIVE)
                for c in app.credentials[-2:]
            ),
        )
        self._say("certificate switched", app.object_id)

    def _reachability(self) -> None:
        person = self.random.choice(self.staff())
        self.unreachable ^= {person}
        self._say("reachable" if person not in self.unreachable else "unreachable", person)
