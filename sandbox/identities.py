"""Steward's own identities in the practice tenant: one client per purpose, each with as little as it needs."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sandbox.tokens import Client

#: Identity -> Graph application permissions.
GRAPH_ROLES: Mapping[str, frozenset[str]] = {
    "scanner": frozenset(
        {
            "Application.Read.All",
            "User.Read.All",
            "GroupMember.Read.All",
            "AuditLog.Read.All",
            "RoleManagement.Read.Directory",
        }
    ),
    "ownerWriter": frozenset({"Application.ReadWrite.All", "Directory.Read.All"}),
    "mail": frozenset({"Mail.Send"}),
    "install": frozenset({"TeamsAppInstallation.ReadWriteSelfForUser.All"}),
    "bot": frozenset(),
}

#: Identity -> Azure roles on the data collection rule and the workspace.
AZURE_ROLES: Mapping[str, frozenset[str]] = {
    "scanner": frozenset({"Monitoring Metrics Publisher", "Log Analytics Reader"}),
}


@dataclass(frozen=True, kw_only=True)
class Identities:
    """All identities by name, and the ids that the settings need."""

    by_name: Mapping[str, Client]
    by_client_id: Mapping[str, Client]
    #: Id of Steward's Teams app in the organisation's catalogue.
    catalog_app_id: str
    #: Id in the app's manifest.
    manifest_id: str
    #: Immutable id of the data collection rule.
    rule_id: str
    workspace_id: str

    @property
    def bot(self) -> Client:
        return self.by_name["bot"]


def _uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def make_identities(seed: int, secrets: Mapping[str, str]) -> Identities:
    """The identities of one tenant: ids from the seed, secrets as given (identity -> secret)."""
    chance = random.Random(f"identities {seed}")
    clients = {
        name: Client(
            name=name,
            client_id=_uuid(chance),
            object_id=_uuid(chance),
            secret=secrets[name],
            roles=set(roles),
            azure_roles=set(AZURE_ROLES.get(name, ())),
        )
        for name, roles in GRAPH_ROLES.items()
    }
    return Identities(
        by_name=clients,
        by_client_id={client.client_id: client for client in clients.values()},
        catalog_app_id=_uuid(chance),
        manifest_id=_uuid(chance),
        rule_id="dcr-" + UUID(int=chance.getrandbits(128)).hex,
        workspace_id=_uuid(chance),
    )
