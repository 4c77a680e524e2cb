"""The practice tenant's state: truth, clock, journal, Steward's identities, traffic.

Everything that changes does so through `change(kind, **data)`: the mutation registered for that kind
acts, and one line goes to the journal, STATE_DIR/practice/journal.jsonl. A start on the same STATE_DIR
makes the tenant anew from its recipe (tenant.json) and replays the journal, so a restart forgets nothing.
Data must be JSON, and ids and random choices belong in the data, never into a mutation.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from sandbox.generator import GENERATOR_VERSION, make_tenant
from sandbox.identities import Identities, make_identities
from sandbox.refused import Refused
from sandbox.tenant import Tenant
from sandbox.tokens import GRAPH, Claims, Client, Tokens
from sandbox.traffic import Fault, Traffic

Part = TypeVar("Part")
#: (state, when, data) -> whatever the caller of `change` wants to know.
Mutation = Callable[["TwinState", datetime, dict[str, Any]], Any]

MUTATIONS: dict[str, Mutation] = {}


class StateError(Exception):
    """The state directory cannot be used: it is corrupt, or made for another tenant; the message says which."""


def mutation(kind: str) -> Callable[[Mutation], Mutation]:
    """Register what a kind of change does, live and at replay alike."""

    def register(function: Mutation) -> Mutation:
        if kind in MUTATIONS:
            raise ValueError(f"mutation {kind!r} is registered twice")
        MUTATIONS[kind] = function
        return function

    return register


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a tenant is made from; persisted as STATE_DIR/practice/tenant.json."""

    apps: int
    seed: int
    made_at: datetime
    generator: int
    #: See make_tenant; None for the usual numbers.
    enterprise: int | None = None
    owners: int | None = None
    #: Service -> its port, kept over restarts because conversations remember the service URL.
    ports: dict[str, int] = field(default_factory=dict)
    #: Identity -> its client secret.
    secrets: dict[str, str] = field(default_factory=dict)


def utc_now() -> datetime:
    return datetime.now(UTC)


class TwinState:
    """What all twins of one practice tenant share.

    Attributes:
        tenant: the truth.
        identities: Steward's own clients (scanner, owner writer, mail, install, bot).
        offset: how far the practice clock is ahead of the real one.
        traffic: the log of requests, faults, latency.
        tokens: issues and checks tokens; there once the addresses are known.
        urls: service -> base URL without a trailing slash: entra, graph, connector, ingestion, query, control.
        control_token: bearer token of the control endpoints.
        settings: Steward's settings for this tenant (environment variables).
        on_install: called with a user's id after the Teams app was installed for that person.
    """

    def __init__(self, folder: Path, recipe: Recipe, *, real_now: Callable[[], datetime] = utc_now) -> None:
        self.folder = folder
        self.recipe = recipe
        self._real_now = real_now
        self.offset = timedelta()
        #: How many changes there were since the tenant was made.
        self.revision = 0
        self._parts: dict[type, Any] = {}
        self.tenant: Tenant = make_tenant(
            recipe.apps, recipe.seed, recipe.made_at, enterprise=recipe.enterprise, owners=recipe.owners
        )
        self.identities: Identities = make_identities(recipe.seed, recipe.secrets)
        self.traffic = Traffic(self.now)
        self.traffic.change = self.change
        self.tokens = Tokens(self.tenant.tenant_id, f"https://sts.windows.net/{self.tenant.tenant_id}/")
        self.urls: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        self.ca_file = folder / "ca.pem"
        self.control_token = secrets.token_urlsafe(24)
        self.on_install: list[Callable[[str], None]] = []
        self._journal = folder / "journal.jsonl"
        self._replay()

    @classmethod
    def open(
        cls,
        state_dir: Path,
        apps: int,
        seed: int,
        *,
        enterprise: int | None = None,
        owners: int | None = None,
        real_now: Callable[[], datetime] = utc_now,
    ) -> "TwinState":
        """The tenant that lives in this state directory, made now if there is none. Raises StateError.

        `enterprise` and `owners` are make_tenant's; None takes what is stored, the usual numbers when it is made.
        """
        folder = state_dir / "practice"
        folder.mkdir(parents=True, exist_ok=True)
        recipe = read_recipe(folder, apps, seed, enterprise=enterprise, owners=owners)
        if recipe is None:
            names = ("scanner", "ownerWriter", "mail", "install", "bot")
            recipe = Recipe(
                apps=apps,
                seed=seed,
                made_at=real_now(),
                generator=GENERATOR_VERSION,
                enterprise=enterprise,
                owners=owners,
                secrets={name: secrets.token_urlsafe(30) for name in names},
            )
            write_recipe(folder, recipe)
        return cls(folder, recipe, real_now=real_now)

    # ------------------------------------------------------------ clock

    def now(self) -> datetime:
        """The practice tenant's time: real time plus all days that were skipped; aware UTC."""
        return self._real_now() + self.offset

    def advance(self, days: float) -> datetime:
        """Skip days; returns the new time."""
        self.change("clockMoved", days=days)
        return self.now()

    # ------------------------------------------------------------ journal

    def change(self, kind: str, **data: Any) -> Any:
        """Do a registered mutation and journal it; returns what the mutation returns.

        The mutation acts first, so that one that refuses (raises) leaves no line behind.
        """
        at = self.now()
        result = self._act(kind, at, data)
        line = json.dumps({"at": at.isoformat(), "kind": kind, **data}, ensure_ascii=False, separators=(",", ":"))
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return result

    def _act(self, kind: str, at: datetime, data: dict[str, Any]) -> Any:
        self.revision += 1
        try:
            return MUTATIONS[kind](self, at, data)
        except BaseException:
            self.revision -= 1
            raise

    def _replay(self) -> None:
        """Bring the tenant to where the journal ends; a torn last line (a crash while writing) is dropped."""
        if not self._journal.exists():
            return
        text = self._journal.read_text(encoding="utf-8")
        lines = text.split("\n")
        torn = lines.pop()
        for number, line in enumerate(lines, 1):
            try:
                data = json.loads(line)
                kind, at = data.pop("kind"), datetime.fromisoformat(data.pop("at"))
                self._act(kind, at, data)
            except (ValueError, KeyError, TypeError, AttributeError, Refused) as error:
                raise StateError(
                    f"{self._journal}, line {number}, cannot be replayed ({error!r}); delete {self.folder} to start afresh"
                ) from error
        if torn:
            self._journal.write_text(text[: len(text) - len(torn)], encoding="utf-8")

    def part(self, kind: type[Part]) -> Part:
        """A twin's own state, one per class, made with no arguments when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind()
        part: Part = self._parts[kind]
        return part

    # ------------------------------------------------------------ who asks

    def client(self, client_id: str) -> Client | None:
        """The identity with this client id."""
        return self.identities.by_client_id.get(client_id)

    def claims(self, request: web.Request, audience: str = GRAPH) -> Claims:
        """The checked bearer token of a request. Raises Refused 401."""
        return self.tokens.check(request.headers.get("Authorization"), audience)

    def require_role(self, request: web.Request, role: str, audience: str = GRAPH) -> Claims:
        """The claims of a request whose client has a Graph permission (in its token) or an Azure role.

        Raises Refused 401 for a bad token and 403 for a missing role.
        """
        claims = self.claims(request, audience)
        client = self.client(claims.client_id)
        held = claims.roles if audience == GRAPH else frozenset(client.azure_roles if client else ())
        if role not in held:
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        return claims

    # ------------------------------------------------------------ shorthands

    @property
    def faults(self) -> list[Fault]:
        return self.traffic.faults

    def remember_port(self, service: str, port: int) -> None:
        """Keep a service's port for the next start."""
        self.recipe.ports[service] = port
        write_recipe(self.folder, self.recipe)


def read_recipe(
    folder: Path, apps: int, seed: int, *, enterprise: int | None = None, owners: int | None = None
) -> Recipe | None:
    """The stored recipe, None when there is none. Raises StateError when it is for another tenant."""
    path = folder / "tenant.json"
    if not path.exists():
        if (folder / "journal.jsonl").exists():
            raise StateError(f"{folder} has a journal but no tenant.json; delete the folder to start afresh")
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        recipe = Recipe(**{**data, "made_at": datetime.fromisoformat(data["made_at"])})
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} is damaged ({error!r}); delete {folder} to start afresh") from error
    wanted = {
        "apps": apps,
        "seed": seed,
        "generator": GENERATOR_VERSION,
        "enterprise": recipe.enterprise if enterprise is None else enterprise,
        "owners": recipe.owners if owners is None else owners,
    }
    for name, value in wanted.items():
        if getattr(recipe, name) != value:
            raise StateError(
                f"{folder} holds a practice tenant with {name}={getattr(recipe, name)}, asked for was {value}; "
                "use another STATE_DIR or delete the folder"
            )
    return recipe


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Replace tenant.json in one step."""
    data = {**asdict(recipe), "made_at": recipe.made_at.isoformat()}
    fresh = folder / "tenant.json.new"
    # It holds the practice secrets.
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(data, indent=1), encoding="utf-8")
    fresh.replace(folder / "tenant.json")


@mutation("clockMoved")
def _move_clock(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    state.offset += timedelta(days=data["days"])
