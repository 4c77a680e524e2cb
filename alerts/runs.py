"""Nouns of one scan: what it read, what was made of it, and its report. `model.py` names them together with all others."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alerts.directory import Application, CredentialRecord, Person, PreviousOwner, Quarantine


class RunStatus(StrEnum):
    SUCCEEDED = "succeeded"
    #: Something could not be read; nothing was closed because of it.
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanRun:
    """The report of one scan; the row of CredentialScanRuns_CL."""

    run_id: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime
    #: App registrations read.
    applications: int = 0
    enterprise_applications: int = 0
    credentials: int = 0
    quarantined: int = 0
    #: Apps with at least one credential and no counting owner.
    ownerless: int = 0
    #: Of these, the ones that have no owner object at all.
    ownerless_without_any: int = 0
    #: App registrations with federated credentials, none of which expires.
    federated: int = 0
    due: int = 0
    expired: int = 0
    notices_queued: int = 0
    #: Rows acknowledged by Log Analytics; 0 when only embedded.
    records_uploaded: int = 0
    #: HTTP requests sent to Graph, retries included, a $batch POST counting one.
    requests: int = 0
    throttled: int = 0
    resource_units: int = 0
    #: phase -> seconds.
    phase_seconds: Mapping[str, float] = field(default_factory=dict)
    #: Sentences; what is missing and why when the status is partial.
    errors: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


class Anew(StrEnum):
    """Why what is stored is decided anew without a scan."""

    #: An admin has let go: the brake does not hold it.
    LET_GO = "letGo"
    #: A pause is over: what has waited through it is said by its newest stage.
    RESUMED = "resumed"


@dataclass(frozen=True, kw_only=True)
class ScannedTenant:
    """What one scan read, before anything is decided."""

    run_id: str
    started_at: datetime
    tenant_id: str
    #: Both types, with at least one credential; each object id once, in the order of the ids. A large tenant's
    #: stand on the disk: whoever goes through them gets them anew each time.
    applications: Collection[Application]
    #: App ids whose enterprise app is disabled.
    disabled_app_ids: frozenset[str] = frozenset()
    #: All owners, previous owners and managers by id; an id that is nowhere is absent.
    people: Mapping[str, Person] = field(default_factory=dict)
    #: Ownerless app's object id -> its owners by history, at most three.
    previous_owners: Mapping[str, tuple[PreviousOwner, ...]] = field(default_factory=dict)
    #: Why the history could not be asked, '' when it could: never the same as an empty history.
    history_failed: str = ""
    #: App id in lower case -> contacts named for it, asked before the fallback.
    contacts: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    #: Key id in lower case -> when the credential last signed in; what is not known is absent.
    last_used: Mapping[str, datetime] = field(default_factory=dict)
    #: App registration's object id -> names of its federated identity credentials.
    federated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quarantined: tuple[Quarantine, ...] = ()
    #: What could not be read and why; empty means the scan is complete.
    missing: tuple[str, ...] = ()
    #: Set when nothing was read at all: what is stored is decided anew, with today's date.
    anew: Anew | None = None

    @property
    def complete(self) -> bool:
        return not self.missing


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the engine made of a scan."""

    #: In the order of their keys, made anew each time somebody goes through them.
    records: Iterable[CredentialRecord]
    #: How many records these are.
    credentials: int = 0
    due: int = 0
    expired: int = 0
    ownerless: int = 0
    ownerless_without_any: int = 0
    notices_queued: int = 0
    #: How many people these are for.
    people_told: int = 0
