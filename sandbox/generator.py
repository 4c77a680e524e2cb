"""Makes a whole tenant from a size and a seed: the cast, every awkward case, and ordinary apps up to the size."""

import itertools
import random
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sandbox.ages import creation_dates
from sandbox.cases import MICROSOFT_TENANTS, add_cases
from sandbox.maker import Maker
from sandbox.names import DEPARTMENTS, FIRST, GALLERY, LAST, SECRET_NAMES, STAGES, SUBJECTS, TASKS
from sandbox.story import add_story
from sandbox.tenant import Tenant, TwinApp, TwinCredential, TwinUser

#: Counted up when the same seed makes another tenant than before: stored journals no longer fit.
GENERATOR_VERSION = 1

#: Fewer apps than this have no room for the cases.
SMALLEST = 100

#: How many apps have so many owners: 0, 1, 2, 3.
OWNER_COUNTS = (18, 42, 25, 15)
#: How many apps have so many credentials: 0, 1, 2, ...
CREDENTIAL_COUNTS = (6, 21, 25, 20, 12, 8, 5, 3)
#: Of a hundred ordinary credentials so many are certificates.
CERTIFICATES = 25
#: Of a thousand ordinary credentials so many end within 30 days, and so many ended long ago: in a tenant
#: to play in few enough to be read, in a large one what lives of one to two years bring about.
FEW, MANY = (3, 2), (40, 15)
#: From so many apps on it is a large one.
LARGE = 1000
#: Share of app registrations that workloads sign in to with federated credentials.
FEDERATED = 0.015


def make_tenant(
    apps: int, seed: int, today: date, *, enterprise: int | None = None, owners: int | None = None
) -> Tenant:
    """A tenant with `apps` app registrations.

    The same for the same arguments. What ends "in 30 days" does so for every scan within 23 hours of `today`.

    Args:
        apps: app registrations, at least 100.
        seed: which tenant of that size.
        today: the moment that all dates are relative to: best an aware datetime, else the start of that day in UTC.
        enterprise: enterprise apps beside managed identities; None makes about 1.6 for each app registration,
            managed identities included. There are never fewer than the app registrations bring with them.
        owners: about how many people own something; None makes a third as many as apps.

    Raises:
        ValueError: fewer than 100 apps, or a naive time.
    """
    if apps < SMALLEST:
        raise ValueError(f"a practice tenant has at least {SMALLEST} apps, asked for were {apps}")
    made_at = today if isinstance(today, datetime) else datetime(today.year, today.month, today.day, tzinfo=UTC)
    if made_at.tzinfo is None:
        raise ValueError("today must be a date or an aware datetime")
    chance = random.Random(f"practice tenant {seed}")
    tenant = Tenant(
        tenant_id=str(UUID(int=chance.getrandbits(128), version=4)),
        organization="Larkfield",
        domain="larkfield.example",
        made_at=made_at,
        seed=seed,
    )
    maker = Maker(tenant, chance)
    add_story(maker)
    add_cases(maker)
    _Crowd(maker).add(apps, enterprise, owners)
    return tenant


class _Crowd:
    """Ordinary people and apps: nothing here is special, there is just a lot of it."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.chance = maker.chance
        self.staff: list[TwinUser] = []
        self.leavers: list[TwinUser] = []
        self.due, self.long_expired = FEW
        # Chances of its own: what was decided before it came stays as it was.
        self.workloads = random.Random(f"workloads {maker.tenant.seed}")

    def add(self, apps: int, enterprise: int | None, owners: int | None) -> None:
        """Fill the tenant up to so many app registrations, enterprise apps and owners; see make_tenant."""
        tenant = self.maker.tenant
        self.due, self.long_expired = FEW if apps < LARGE else MANY
        self._people(apps, owners)
        missing = apps - len(tenant.registrations())
        dates = creation_dates(self.maker, missing) if apps >= LARGE else ()
        for number in range(missing):
            self._registration(number, **({"created": dates[number]} if dates else {}))
        if enterprise is None:
            for number in range(max(0, int(apps * 1.6) - len(tenant.enterprise_apps()))):
                self._enterprise(number)
            return
        present = sum(app.service_principal_type != "ManagedIdentity" for app in tenant.enterprise_apps())
        for number in itertools.count():
            if present >= enterprise:
                return
            present += self._enterprise(number).service_principal_type != "ManagedIdentity"

    # ------------------------------------------------------------ people

    def _people(self, apps: int, owners: int | None) -> None:
        """A third as many owners as apps, a twentieth as many leavers, and a manager for every ten."""
        owners = apps // 3 if owners is None else owners
        chief = self._person(None)
        managers = [self._person(chief) for _ in range(max(3, owners // 10))]
        self.staff = managers + [self._person(self.chance.choice(managers)) for _ in range(owners - len(managers))]
        self.leavers = [self._leaver(self.chance.choice(managers)) for _ in range(max(5, apps // 20))]
        for _ in range(apps // 10):
            self._person(self.chance.choice(managers))

    def _person(self, manager: TwinUser | None) -> TwinUser:
        return self.maker.user(
            f"{self.chance.choice(FIRST)} {self.chance.choice(LAST)}",
            manager=manager,
            department=self.chance.choice(DEPARTMENTS),
            has_teams_app=self.chance.random() < 0.6,
        )

    def _leaver(self, manager: TwinUser) -> TwinUser:
        user = self._person(manager)
        match self.chance.randrange(4):
            case 0:
                user.deleted_at = self.maker.at(-self.chance.randrange(1, 29))
            case 1:
                user.deleted_at, user.gone = self.maker.at(-self.chance.randrange(40, 400)), True
            case _:
                user.account_enabled = False
        return user

    # ------------------------------------------------------------ apps

    def _name(self, number: int) -> str:
        pair = number % (len(SUBJECTS) * len(TASKS))
        name = f"{SUBJECTS[pair % len(SUBJECTS)]} {TASKS[pair // len(SUBJECTS)]}"
        round_of_names = number // (len(SUBJECTS) * len(TASKS))
        return f"{name}{self.chance.choice(STAGES)}" + (f" {round_of_names + 1}" if round_of_names else "")

    def _registration(self, number: int, **more: Any) -> None:
        chance = self.chance
        count = chance.choices(range(len(OWNER_COUNTS)), OWNER_COUNTS)[0]
        owners = chance.sample(self.staff, count)
        app = self.maker.registration(
            self._name(number),
            owners,
            self._credentials(),
            notes="Owned by the platform team." if chance.random() < 0.05 else None,
            service_management_reference=f"CMDB-{chance.randrange(10_000)}" if chance.random() < 0.2 else None,
            sign_in_audience="AzureADMultipleOrgs" if chance.random() < 0.1 else "AzureADMyOrg",
            reply_urls=[f"https://app{number}.{self.maker.tenant.domain}/callback"] if chance.random() < 0.6 else [],
            federated_credentials=self.workloads.randrange(1, 4) if self.workloads.random() < FEDERATED else 0,
            **more,
        )
        if not count and app.credentials:
            self._past(app)

    def _past(self, app: TwinApp) -> None:
        """History of an app that has no owner: most had one."""
        kind = self.chance.random()
        if kind < 0.6:
            leaver = self.chance.choice(self.leavers)
            if self.chance.random() < 0.3 and leaver.listed:
                app.owners.append(leaver.id)
            self.maker.owned(app, [leaver], until=self.chance.randrange(5, 700))
        elif kind < 0.85:
            self.maker.owned(app, [self.chance.choice(self.staff)], until=self.chance.randrange(5, 700))

    def _credentials(self) -> list[TwinCredential]:
        count = self.chance.choices(range(len(CREDENTIAL_COUNTS)), CREDENTIAL_COUNTS)[0]
        return [self._credential() for _ in range(count)]

    def _credential(self) -> TwinCredential:
        chance = self.chance
        draw = chance.randrange(1000)
        if draw < self.due:
            days = chance.randrange(1, 30)
        elif draw < self.due + self.long_expired:
            days = -chance.randrange(40, 600)
        else:
            days = chance.randrange(32, 720)
        if chance.randrange(100) < CERTIFICATES:
            return self.maker.certificate(days)
        return self.maker.secret(days, name=chance.choice(SECRET_NAMES), life=chance.choice((180, 365, 365, 730)))

    def _enterprise(self, number: int) -> TwinApp:
        """A third SAML apps of the gallery, some of Microsoft's own, the rest without anything that expires."""
        chance, maker = self.chance, self.maker
        draw = chance.random()
        name = f"{GALLERY[number % len(GALLERY)]}" + (
            f" {number // len(GALLERY) + 1}" if number >= len(GALLERY) else ""
        )
        if draw < 0.2:
            days = chance.randrange(1, 30) if chance.randrange(1000) < self.due else chance.randrange(32, 1000)
            trio = maker.saml(days)
            app = maker.enterprise(
                f"{name} (SAML)",
                chance.sample(self.staff, chance.randrange(3)),
                trio,
                single_sign_on_mode="saml",
                owner_organization_id=maker.id(),
                notification_emails=[f"sso@{maker.tenant.domain}"],
            )
            app.preferred_thumbprint = maker.thumbprint(trio)
            return app
        if draw < 0.4:
            return maker.enterprise(f"Microsoft {name}", owner_organization_id=chance.choice(MICROSOFT_TENANTS))
        if draw < 0.5:
            return maker.enterprise(
                f"mi-{name.lower().replace(' ', '-')}",
                [],
                [maker.certificate(chance.randrange(10, 90), life=90)],
                service_principal_type="ManagedIdentity",
            )
        return maker.enterprise(name, owner_organization_id=maker.id(), account_enabled=chance.random() > 0.03)
