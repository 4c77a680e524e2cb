"""What may be wrong with Steward itself: problems by name, the promise each breaks, and the auditor's report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.ports import Transaction
from alerts.views import Sentence

#: Name of the stored report.
REPORT = "audit.report"


class ProblemKind(StrEnum):
    """Most serious first; each has its own sentences (`problem.<kind>`, `alarm.<kind>...`) and part of the runbook."""

    CLOCK_JUMPED = "clockJumped"
    #: A restored database: nothing is sent until it was compared with the archive.
    RESTORED = "restored"
    NOBODY_TO_TELL = "nobodyToTell"
    SCAN_FAILED = "scanFailed"
    SCAN_PARTIAL = "scanPartial"
    SCAN_MISSED = "scanMissed"
    TEAMS_FAILING = "teamsFailing"
    MAIL_FAILING = "mailFailing"
    LEDGER_DIFFERS = "ledgerDiffers"
    #: Something that must be told stands in no message, and could not be put into one.
    LOST = "lost"
    NO_NEXT_STEP = "noNextStep"
    OVERDUE = "overdue"
    WORKERS_SILENT = "workersSilent"
    EVENTS_STUCK = "eventsStuck"
    UPLOAD_FAILING = "uploadFailing"
    DEAD_LETTERS = "deadLetters"
    #: The auditor itself has not been heard of.
    AUDITOR_SILENT = "auditorSilent"


#: The promise of docs/promises.md that a problem breaks, or would break if it lasted.
PROMISES: Mapping[ProblemKind, str] = {
    ProblemKind.CLOCK_JUMPED: "P5",
    ProblemKind.RESTORED: "P19",
    ProblemKind.NOBODY_TO_TELL: "P11",
    ProblemKind.SCAN_FAILED: "P8",
    ProblemKind.SCAN_PARTIAL: "P8",
    ProblemKind.SCAN_MISSED: "P4",
    ProblemKind.TEAMS_FAILING: "P1",
    ProblemKind.MAIL_FAILING: "P1",
    ProblemKind.LEDGER_DIFFERS: "P1",
    ProblemKind.LOST: "P1",
    ProblemKind.NO_NEXT_STEP: "P11",
    ProblemKind.OVERDUE: "P1",
    ProblemKind.WORKERS_SILENT: "P18",
    ProblemKind.EVENTS_STUCK: "P9",
    ProblemKind.UPLOAD_FAILING: "P9",
    ProblemKind.DEAD_LETTERS: "P14",
    ProblemKind.AUDITOR_SILENT: "P18",
}


def said_key(kind: str) -> str:
    """Key of the sentence that says a problem in one line."""
    return f"problem.{kind}"


def to_do_key(kind: str) -> str:
    """Key of the sentence that says what to do about it."""
    return f"alarm.{kind}.todo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong. Of each kind there is at most one at a time."""

    kind: ProblemKind
    #: Since when it is known.
    since: datetime
    #: Figures and reasons for its sentences; never names of people or apps.
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def promise(self) -> str:
        """Its promise's number."""
        return PROMISES[self.kind]

    def sentence(self) -> Sentence:
        """What it says in one line."""
        return Sentence(key=said_key(self.kind), params={**self.params, "since": self.since.isoformat()})


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What the auditor found when it looked last; kept in the store for every replica and page."""

    at: datetime
    run_id: str = ""
    due: int = 0
    #: Ledger state -> number.
    states: Mapping[str, int] = field(default_factory=dict)
    difference: int = 0
    overdue: int = 0
    not_told: int = 0
    #: Deliveries that were made anew for notices that had none.
    repaired: int = 0
    last_scan_at: datetime | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def well(self) -> bool:
        return not self.problems

    def to_json(self) -> str:
        """For the store."""
        body: dict[str, Any] = {
            "at": self.at.isoformat(),
            "run_id": self.run_id,
            "due": self.due,
            "states": dict(self.states),
            "difference": self.difference,
            "overdue": self.overdue,
            "not_told": self.not_told,
            "repaired": self.repaired,
            "last_scan_at": self.last_scan_at.isoformat() if self.last_scan_at else None,
            "problems": [
                {"kind": problem.kind, "since": problem.since.isoformat(), "params": dict(problem.params)}
                for problem in self.problems
            ],
        }
        return json.dumps(body)

    @classmethod
    def from_json(cls, text: str) -> "AuditReport":
        """As it was stored; a kind of problem that this version does not know is left out."""
        body = json.loads(text)
        known = set(ProblemKind)
        return cls(
            at=datetime.fromisoformat(body["at"]),
            run_id=body["run_id"],
            due=body["due"],
            states=body["states"],
            difference=body["difference"],
            overdue=body["overdue"],
            not_told=body["not_told"],
            repaired=body["repaired"],
            last_scan_at=datetime.fromisoformat(body["last_scan_at"]) if body["last_scan_at"] else None,
            problems=tuple(
                Problem(
                    kind=ProblemKind(each["kind"]), since=datetime.fromisoformat(each["since"]), params=each["params"]
                )
                for each in body["problems"]
                if each["kind"] in known
            ),
        )


async def stored_report(tx: Transaction) -> AuditReport | None:
    """What the auditor said last, None before its first look."""
    text = await tx.value(REPORT)
    return AuditReport.from_json(text) if text else None
