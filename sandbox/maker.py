"""Makes people, apps and credentials of a tenant from one seeded source of chance."""

import random
from base64 import b64decode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.model import ApplicationType
from sandbox.names import LANGUAGES
from sandbox.tenant import Spell, Tenant, TwinApp, TwinCredential, TwinUser, thumbprint_of

#: Hours past the full days at which a credential ends whose days must not change during the first day.
LATE = 23.5


class Maker:
    """Adds to one tenant; everything it decides comes from `chance`, all dates are relative to `now`."""

    def __init__(self, tenant: Tenant, chance: random.Random) -> None:
        self.tenant = tenant
        self.chance = chance
        self.now = tenant.made_at.replace(microsecond=0)
        self._addresses: set[str] = set()

    def id(self) -> str:
        """A random version-4 UUID."""
        number = self.chance.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def at(self, days: float, hours: float = 0.0) -> datetime:
        """The moment so many days (and hours) from now, negative in the past, whole seconds."""
        return self.now + timedelta(days=days, hours=hours)

    # ------------------------------------------------------------ people

    def user(
        self, name: str, *, upn: str = "", manager: TwinUser | None = None, case: str = "", **more: Any
    ) -> TwinUser:
        """An enabled member account; `more` are TwinUser's fields."""
        address = upn or self._address(name)
        fields: dict[str, Any] = {
            "mail": address,
            "preferred_language": self.chance.choice(LANGUAGES),
            "created": self.at(-self.chance.randrange(900, 3000)),
            "has_teams_app": True,
            **more,
        }
        user = TwinUser(
            id=self.id(), display_name=name, upn=address, manager_id=manager.id if manager else "", case=case, **fields
        )
        self.tenant.users[user.id] = user
        return user

    def _address(self, name: str) -> str:
        """An address that nobody else has."""
        plain = ".".join("".join(c for c in word if c.isascii() and c.isalnum()) for word in name.lower().split()[:2])
        address, number = f"{plain}@{self.tenant.domain}", 2
        while address in self._addresses:
            address, number = f"{plain}{number}@{self.tenant.domain}", number + 1
        self._addresses.add(address)
        return address

    # ------------------------------------------------------------ credentials

    def secret(
        self, days: float | None, *, name: str | None = None, life: float = 365, hours: float | None = None
    ) -> TwinCredential:
        """A client secret that ends in so many days (None: never) and lived `life` days by then."""
        end = self._end(days, hours)
        if end is not None and self.chance.random() < 0.5:
            # Graph writes such times with seven digits of a second.
            end += timedelta(microseconds=self.chance.randrange(1, 1_000_000))
        start = self.at(-400) if end is None else end - timedelta(days=life)
        return TwinCredential(
            key_id=self.id(), display_name=name, start=start, end=end, hint=f"{self.chance.getrandbits(15):03x}"[:3]
        )

    def certificate(
        self, days: float | None, *, name: str | None = None, life: float = 730, hours: float | None = None
    ) -> TwinCredential:
        """A certificate with which the app signs in."""
        end = self._end(days, hours)
        start = self.at(-400) if end is None else end - timedelta(days=life)
        key_id, size = self.id(), self.chance.randrange(800, 1201)
        return TwinCredential(
            key_id=key_id,
            display_name=name or "CN=" + key_id[:8],
            start=start,
            end=end,
            type="AsymmetricX509Cert",
            usage="Verify",
            custom_key_identifier=thumbprint_of(key_id, size),
            key_size=size,
        )

    def saml(self, days: float, *, name: str = "CN=Microsoft Azure Federated SSO Certificate") -> list[TwinCredential]:
        """A SAML signing certificate as Graph lists it: Sign key, Verify key and password, one identifier."""
        end = self.at(days, self._hours())
        verify_id, size = self.id(), self.chance.randrange(800, 1201)
        common: dict[str, Any] = {
            "display_name": name,
            "start": end - timedelta(days=1095),
            "end": end,
            "custom_key_identifier": thumbprint_of(verify_id, size),
        }
        return [
            # The private half: Graph lists it without key bytes.
            TwinCredential(key_id=self.id(), type="X509CertAndPassword", usage="Sign", **common),
            TwinCredential(key_id=verify_id, type="AsymmetricX509Cert", usage="Verify", key_size=size, **common),
            TwinCredential(key_id=self.id(), **common),
        ]

    def thumbprint(self, trio: list[TwinCredential]) -> str:
        """A SAML certificate's hex thumbprint, as preferredTokenSigningKeyThumbprint holds it."""
        return b64decode(trio[0].custom_key_identifier or "").hex().upper()

    def _end(self, days: float | None, hours: float | None) -> datetime | None:
        if days is None:
            return None
        return self.at(days, self._hours() if hours is None else hours)

    def _hours(self) -> float:
        """Some time of the day, in whole seconds."""
        return self.chance.randrange(3600, 23 * 3600) / 3600

    # ------------------------------------------------------------ apps

    def registration(
        self,
        name: str | None,
        owners: Iterable[TwinUser | str] = (),
        credentials: Iterable[TwinCredential] = (),
        *,
        case: str = "",
        enterprise: bool = True,
        **more: Any,
    ) -> TwinApp:
        """An app registration and (as Entra makes it) its own enterprise app with the same app id."""
        app = self._app(ApplicationType.APP_REGISTRATION, name, owners, credentials, case, more)
        if enterprise:
            self.enterprise(name, app_id=app.app_id, owner_organization_id=self.tenant.tenant_id, created=app.created)
        return app

    def enterprise(
        self,
        name: str | None,
        owners: Iterable[TwinUser | str] = (),
        credentials: Iterable[TwinCredential] = (),
        *,
        case: str = "",
        **more: Any,
    ) -> TwinApp:
        """An enterprise app (service principal)."""
        return self._app(ApplicationType.ENTERPRISE_APP, name, owners, credentials, case, more)

    def _app(
        self,
        kind: ApplicationType,
        name: str | None,
        owners: Iterable[TwinUser | str],
        credentials: Iterable[TwinCredential],
        case: str,
        more: dict[str, Any],
    ) -> TwinApp:
        fields: dict[str, Any] = {"app_id": "", "created": self.at(-self.chance.randrange(400, 2000)), **more}
        fields["app_id"] = fields["app_id"] or self.id()
        app = TwinApp(
            object_id=self.id(),
            display_name=name,
            kind=kind,
            ordinal=len(self.tenant.apps) + 1,
            owners=[owner if isinstance(owner, str) else owner.id for owner in owners],
            credentials=list(credentials),
            case=case,
            **fields,
        )
        self.tenant.apps[app.object_id] = app
        self.still_owned(app)
        return app

    # ------------------------------------------------------------ history

    def owned(
        self,
        app: TwinApp,
        owners: Sequence[TwinUser],
        *,
        until: int,
        since: int = 730,
        managers: dict[str, str] | None = None,
    ) -> None:
        """Daily records name these owners from `since` to `until` days ago; managers default to today's."""
        ordered = sorted(owners, key=lambda owner: owner.id)
        known = {owner.id: owner.manager_id for owner in ordered if owner.manager_id} if managers is None else managers
        self._spell(app, max(since, until + 30), until, tuple(owner.id for owner in ordered), known)

    def still_owned(self, app: TwinApp) -> None:
        """Daily records name the present counting owners up to yesterday, since the app has been there."""
        owners = self.tenant.counting_owners(app)[:3]
        if owners and app.credentials:
            age = (self.now - app.created).days if app.created else 730
            self.owned(app, owners, until=1, since=min(730, age))

    def _spell(self, app: TwinApp, since: int, until: int, owners: tuple[str, ...], managers: dict[str, str]) -> None:
        if since < until:
            raise ValueError(f"a spell from {since} to {until} days ago ends before it begins")
        today = self.now.astimezone(UTC).date()
        app.history.append(
            Spell(
                first_day=today - timedelta(days=since),
                last_day=today - timedelta(days=until),
                owner_ids=owners,
                manager_ids=managers,
            )
        )
