"""What one decision is about, gathered while the scan is read through."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.leavers import Orphan
from alerts.model import Credential, CredentialRecord, Person, Route

#: (object id, key id) of a credential.
Key = tuple[str, str]


@dataclass(kw_only=True)
class Material:
    """What the decision needs beside the scan itself: of a tenant's apps the few that it is about."""

    fallback: tuple[Person, ...]
    people: Mapping[str, Person]
    #: Who hears of what is held.
    admins: tuple[Person, ...] = ()
    #: Of all apps that have something due, or an unclosed alert, or a pending nomination.
    records: dict[Key, CredentialRecord] = field(default_factory=dict)
    siblings: dict[str, list[Credential]] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    #: Apps that have lost their last owner, with what expires next of each.
    orphans: list[Orphan] = field(default_factory=list)
    #: Ids of all counting owners.
    owners: set[str] = field(default_factory=set)
    #: Counted over all apps.
    credentials: int = 0
    ownerless: int = 0
    ownerless_without_any: int = 0
