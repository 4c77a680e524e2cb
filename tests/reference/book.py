"""Day after day: what is remembered of each credential, what people answered, and what follows from both."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.reference.routes import Finder, Past, Route
from tests.reference.tenant import (
    App,
    Cred,
    Day,
    Expected,
    Rules,
    Tell,
    days_left,
    excluded_by_itself,
    stages_of,
    superseded_by,
    working_day_later,
)

#: How far somebody has been told: a later stage, the last call and the expiry each go beyond what was before.
NOTHING = (0, -(10**6))
LAST_CALL = (1, 0)
EXPIRED = (2, 0)
NEW, EXCLUDED, LONG_EXPIRED, SUPERSEDED, OPEN = "new", "excluded", "expired", "superseded", "open"


@dataclass
class Snooze:
    until: datetime
    #: Pressed before the last stage had come: then that stage breaks through.
    early: bool


@dataclass
class File:
    """What is remembered of one credential with one end date, from the day on that it is due."""

    app: App
    cred: Cred
    #: Person -> how far told as an alarm, and as a calm notice.
    told: dict[str, tuple[int, int]] = field(default_factory=dict)
    calmed: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: Whom a message reached, and who pressed anything.
    reached: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    #: "Not mine" or unreachable, as long as these are the owners.
    off: set[str] = field(default_factory=set)
    off_under: tuple[str, ...] = ()
    #: (kind, who)
    answer: tuple[str, str] | None = None
    snoozes: dict[str, Snooze] = field(default_factory=dict)
    #: Told beside the route: the manager of a silence, the fallback at the last call, all of them when a nomination
    #: came to nothing.
    beside: set[str] = field(default_factory=set)
    #: Whom the silence led to; with those of a nomination that came to nothing; and who has heard that or a last call.
    silence: set[str] = field(default_factory=set)
    escalated: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    #: Person -> days that were left when first told of a stage; days left when the credential was first seen.
    first_told: dict[str, int] = field(default_factory=dict)
    first_seen: int | None = None
    route: Route = field(default_factory=lambda: Route("unroutable"))
    verdict: str = NEW
    left: int = 0


@dataclass
class Nomination:
    #: The credential on whose card somebody was named, and its end.
    key: tuple[str, str]
    end: datetime | None
    nominator: str
    nominee: str
    state: str  # asked | accepted | approved | assigned | declined | rejected | expired
    answer_by: datetime
    #: When a nominator who was asked again should have named somebody else.
    again_by: datetime | None = None

    @property
    def app(self) -> str:
        return self.key[0]

    @property
    def pending(self) -> bool:
        return self.state in ("asked", "accepted", "approved")


class Book:
    """Give it each day's scan and, in between, what people pressed."""

    def __init__(self, rules: Rules, past: dict[str, Past] | None = None) -> None:
        self.rules = rules
        self.past: dict[str, Past] = dict(past or {})
        self.apps: dict[str, App] = {}
        self.files: dict[tuple[str, str], File] = {}
        self.nominations: list[Nomination] = []
        self.complete_scans: list[datetime] = []
        #: Counting owners at the last complete scan; leavers who wait for an admin, and who have been handed over.
        self.owners_before: set[str] = set()
        self.held_leavers: set[str] = set()
        self.settled_leavers: set[str] = set()
        #: (app, key, end) that was not due yet -> whom a handover about it reached.
        self.handed_ahead: dict[tuple[str, str, datetime], set[str]] = {}
        self.today = Expected()
        self.finder = Finder(rules, Day(datetime(1, 1, 1, tzinfo=UTC), {}, {}))

    # ------------------------------------------------------------ one scan

    def scan(self, day: Day) -> Expected:
        """What this scan must bring; answers that come until the next one add to the same `Expected`."""
        self.today = Expected()
        self.finder = Finder(self.rules, day)
        self._take_in(day)
        self._settle_nominations()
        self._remember_owners(day)
        due = self._due(day)
        for file in due:
            self._judge(file, day)
        for file in due:
            self._tell(file, day, scan=True)
            file.snoozes = {p: s for p, s in file.snoozes.items() if self._snoozed(file, p, day.now)}
        self._leavers(day)
        self.settle(day)
        return self.today

    def settle(self, day: Day) -> None:
        """The states as they stand once all messages of the moment have been tried."""
        self.today.states = {key: self._state(file, day.now) for key, file in self.files.items()}

    def _take_in(self, day: Day) -> None:
        """A complete scan is the truth; a partial one takes nothing away.

        Reading: an app that a partial scan did read is taken as read, but for credentials that are missing in it and
        for owners when none are left, for it marks nothing as removed and nobody as ownerless.
        """
        if day.complete:
            self.apps = dict(day.apps)
            return
        for app in day.apps.values():
            before = self.apps.get(app.id)
            if before is not None:
                keys = {c.key for c in app.creds}
                kept = tuple(c for c in before.creds if c.key not in keys)
                owners = app.owners if self.finder.counting_owners(app) else before.owners
                app = App(app.id, (*app.creds, *kept), owners, app.home, app.disabled)
            self.apps[app.id] = app

    def _due(self, day: Day) -> list[File]:
        """Due credentials in order; what is gone or ends on another day starts afresh or is closed."""
        due: dict[tuple[str, str], File] = {}
        for app in self.apps.values():
            for cred in app.creds:
                if cred.end is None or (left := days_left(cred.end, day.now)) > self.rules.first:
                    continue
                file = self.files.get((app.id, cred.key))
                if file is None or file.cred.end != cred.end:
                    # Reading: whom a handover reached before its day has been told of it.
                    file = File(app, cred, reached=set(self.handed_ahead.get((app.id, cred.key, cred.end), ())))
                file.app, file.cred, file.left = app, cred, left
                file.first_seen = left if file.first_seen is None else file.first_seen
                due[app.id, cred.key] = file
        self.files = due
        return [due[key] for key in sorted(due)]

    def _judge(self, file: File, day: Day) -> None:
        """Verdict and route of the day, and which answers have lapsed."""
        file.verdict = OPEN
        if excluded_by_itself(file.app):
            file.verdict = EXCLUDED
        elif file.cred.end is not None and day.now - file.cred.end > timedelta(days=7):
            file.verdict = LONG_EXPIRED
        elif superseded_by(file.cred, file.app):
            file.verdict = SUPERSEDED
        elif file.cred.kind == "saml" and not file.cred.active:
            # Reading: an inactive SAML certificate never alarms; where nothing supersedes it, only this state is left.
            file.verdict = EXCLUDED
        owners = tuple(self.finder.counting_owners(file.app))
        if file.off and owners != file.off_under:
            file.off = set()
        file.off_under = owners
        self._reroute(file)
        self._lapse(file)

    def _lapse(self, file: File) -> None:
        """A promise and a snooze end when their author is disabled or leaves the route.

        Reading: "no longer needed" and "a pipeline renews it" promise nothing; they stand until taken back.
        """
        if file.answer and file.answer[0] == "acknowledge" and file.answer[1] not in file.route.people:
            file.answer = None
        file.snoozes = {p: s for p, s in file.snoozes.items() if p in file.route.people}

    def _reroute(self, file: File) -> None:
        besides: dict[str, str] = {}
        for nomination in self.nominations:
            if nomination.app == file.app.id and nomination.state in ("accepted", "approved"):
                besides.setdefault(nomination.nominee, "acceptedNominee")
                besides.setdefault(nomination.nominator, "nominator")
        file.route = self.finder.route(file.app, self.past.get(file.app.id), file.off, besides)
        # Reading: who was told beside the route stays with it to the end, for as long as the account is active;
        # unless the route comes to lead to them: then a further silence goes one manager up.
        file.beside = {p for p in file.beside - file.route.people.keys() if self.finder.active(p) and p not in file.off}
        file.route.people.update(dict.fromkeys(sorted(file.beside), "beside"))

    # ------------------------------------------------------------ telling

    def _tell(self, file: File, day: Day, *, scan: bool) -> None:
        """Decide, send, and move the route on from those who cannot be reached, until there is nobody new to tell."""
        told = self._decide(file, day, scan=scan)
        while True:
            out_of_reach = [p for p in told if not self._reaches(file, p, day)]
            if not out_of_reach:
                return
            self._reroute(file)
            self._lapse(file)
            told = self._decide(file, day, scan=False)

    def _decide(self, file: File, day: Day, *, scan: bool) -> list[str]:
        """Who is told now: the route, the manager of a silence, and with a scan the fallback of the last call."""
        if file.verdict == OPEN and not (file.answer and file.answer[0] == "retire"):
            self._break_silence(file)
            if scan:
                self._call_fallback(file)
        told: list[str] = []
        for person, reason in list(file.route.people.items()):
            wanted = self._what(file, person, day.now)
            if wanted is None:
                continue
            kind, stage, rank = wanted
            tell = Tell(person, file.app.id, file.cred.key, kind, stage)
            self.today.tells[tell] = (file.route.path, reason)
            self.today.quiet.pop((person, tell.app, tell.key), None)
            known = file.calmed if kind == "calm" else file.told
            known[person] = max(rank, known.get(person, NOTHING))
            if kind == "stage":
                file.first_told.setdefault(person, file.left)
            if kind in ("escalation", "lastCall"):
                file.heard.add(person)
            told.append(person)
        return told

    def _reaches(self, file: File, person: str, day: Day) -> bool:
        """Whether a message gets there; one who is out of reach in both channels is off this alert."""
        if person in day.unreachable:
            file.off.add(person)
            return False
        file.reached.add(person)
        return True

    def _crossed(self, file: File) -> int | None:
        """The newest stage that has been crossed."""
        return min((s for s in stages_of(file.cred, self.rules) if file.left <= s), default=None)

    def _what(self, file: File, person: str, now: datetime) -> tuple[str, int, tuple[int, int]] | None:
        """(kind, stage, rank) that this person on the route must be told now, None with the reason noted."""
        answer = file.answer[0] if file.answer else ""
        stage = self._crossed(file)
        if file.verdict in (EXCLUDED, LONG_EXPIRED):
            return self._quiet(file, person, file.verdict)
        if answer == "retire":
            # Reading: retired is not alerted (rule 1), so expiry is not told either.
            return self._quiet(file, person, "retired")
        if file.verdict == SUPERSEDED:
            return self._calm(file, person, stage, now)
        kind, rank = "stage", (0, -(stage or 0))
        if file.left < 0:
            kind, rank = "expired", EXPIRED
        elif file.left <= self.rules.last_call_days:
            kind, rank = "lastCall", LAST_CALL
        elif stage is None:
            return self._quiet(file, person, "no stage crossed yet")
        if kind == "stage" and person in file.escalated & file.beside - file.heard:
            return "escalation", 0, rank
        if kind != "stage":
            done = file.told.get(person, NOTHING) >= rank
            return self._quiet(file, person, "told already") if done else (kind, 0, rank)
        if why := self._hushed(file, person, stage, now):
            return self._quiet(file, person, why)
        if file.told.get(person, NOTHING) < rank:
            return kind, stage or 0, rank
        if person in file.snoozes:
            # Reading: "remind me in 7 days" reminds even where no new stage was crossed; named by the days left.
            return kind, file.left, rank
        return self._quiet(file, person, "told already")

    def _hushed(self, file: File, person: str, stage: int | None, now: datetime) -> str:
        """Why an answer keeps this stage from this person, '' if none does.

        Reading: whoever pressed "acknowledge" is reminded at each stage unless they snoozed as well.
        """
        if self._snoozed(file, person, now):
            return "snoozed"
        if file.answer is None or stage == self.rules.last:
            return ""
        if file.answer[0] == "automatic":
            return "a pipeline renews it"
        return "" if file.answer[1] == person else "somebody has it"

    def _calm(
        self, file: File, person: str, stage: int | None, now: datetime
    ) -> tuple[str, int, tuple[int, int]] | None:
        """Two calm notices: at the first crossed stage, and at the last unless known unused since.

        Reading: "first" is the first that this person hears of it, as an alarm or calmly. An inactive SAML
        certificate is never spoken of.
        """
        if stage is None or file.left < 0 or file.cred.kind == "saml" or person in file.beside:
            return self._quiet(file, person, "superseded")
        if why := self._hushed(file, person, stage, now):
            return self._quiet(file, person, why)
        rank = (0, -stage)
        before = max(file.told.get(person, NOTHING), file.calmed.get(person, NOTHING))
        newer = superseded_by(file.cred, file.app)
        used, started = file.cred.last_used, newer.start if newer else None
        unused = used is not None and started is not None and used < started
        if before == NOTHING or (stage == self.rules.last and before < rank and not unused):
            return "calm", stage, rank
        return self._quiet(file, person, "superseded")

    def _quiet(self, file: File, person: str, why: str) -> None:
        self.today.quiet[person, file.app.id, file.cred.key] = why

    def _snoozed(self, file: File, person: str, now: datetime) -> bool:
        """Whether a snooze of theirs still holds; one begun before the last stage never reaches past its day."""
        snooze = file.snoozes.get(person)
        if snooze is None or now >= snooze.until:
            return False
        return not snooze.early or file.left > self.rules.last

    def _call_fallback(self, file: File) -> None:
        """Last call and expiry go to the fallback as well.

        Reading: a last call that was missed does not take the expiry from them; but one that was first seen when
        expired is told to its route alone, "one notice".
        """
        if file.left <= self.rules.last_call_days and (file.first_seen or 0) >= 0:
            self._add_beside(file, [p for p in self.finder.fallback() if p not in file.off])

    @staticmethod
    def _add_beside(file: File, people: Iterable[str]) -> None:
        for person in people:
            if person not in file.route.people:
                file.beside.add(person)
                file.route.people[person] = "beside"

    def _break_silence(self, file: File) -> None:
        """Rule 6: one manager is told as well when nobody has answered.

        Reading: it is judged by crossing, so an answer that lapses later brings it as well; and again for the next
        one up when the first cannot be reached. On the day of the last call it is the last call that the manager
        gets: one message, not two.
        """
        if self._silent(file):
            people = self.finder.escalation(self._asked(file), set(file.route.people), file.off)
            file.silence |= set(people)
            file.escalated |= set(people)
            self._add_beside(file, people)

    def _asked(self, file: File) -> list[str]:
        return [p for p, reason in file.route.people.items() if reason != "beside"]

    def _silent(self, file: File) -> bool:
        """Nobody answered with the last stage; without an earlier stage, after half of the days left, at least one.

        Reading: a standing answer and a pending nomination are answers, a snooze is none. "An earlier stage" is one
        that somebody who is on the route now was told: whoever has just come had no time to answer.
        """
        if file.left < 0 or self.rules.escalate_days is None or bool(file.silence & file.beside):
            return False
        if file.answer or self._pending(file.app.id):
            return False
        days = self.rules.escalate_days or self.rules.last
        asked = [file.first_told[p] for p in self._asked(file) if p in file.first_told]
        if not asked or file.left > days:
            return False
        first = max(asked)
        return first > days or first - file.left >= max(1, first / 2)

    # ------------------------------------------------------------ the ledger

    def _state(self, file: File, now: datetime) -> str:
        """The one state, the first that fits."""
        answer = file.answer[0] if file.answer else ""
        checks = (
            ("excluded", file.verdict == EXCLUDED),
            ("expired", file.verdict == LONG_EXPIRED),
            ("retired", answer == "retire"),
            ("superseded", file.verdict == SUPERSEDED),
            ("nominated", self._pending(file.app.id)),
            # Reading: "a pipeline renews it" has no state of its own; whoever said so has read it.
            ("acknowledged", answer == "acknowledge"),
            ("snoozed", any(self._snoozed(file, p, now) for p in file.route.people)),
            ("read", bool(file.seen & set(file.route.people))),
            ("delivered", bool(file.reached & set(file.route.people))),
            ("pending", not (file.told.keys() | file.calmed.keys()) & set(file.route.people)),
        )
        return next((state for state, fits in checks if fits), "unreachable")

    # ------------------------------------------------------------ answers

    def _pressed(self, key: tuple[str, str], person: str) -> File:
        file = self.files[key]
        file.seen.add(person)
        return file

    def acknowledge(self, day: Day, person: str, key: tuple[str, str]) -> None:
        file = self._pressed(key, person)
        file.answer = ("acknowledge", person)
        file.snoozes.pop(person, None)

    def retire(self, day: Day, person: str, key: tuple[str, str]) -> None:
        self._pressed(key, person).answer = ("retire", person)

    def automatic(self, day: Day, person: str, key: tuple[str, str]) -> None:
        self._pressed(key, person).answer = ("automatic", person)

    def release(self, day: Day, person: str, key: tuple[str, str]) -> None:
        file = self._pressed(key, person)
        if file.answer and file.answer[1] == person:
            file.answer = None
        file.snoozes.pop(person, None)

    def snooze(self, day: Day, person: str, key: tuple[str, str], days: int) -> None:
        """Capped by the last stage's day, or later by the floor before expiry; nothing where no time is left."""
        file = self._pressed(key, person)
        if file.cred.end is None:
            return
        early = days_left(file.cred.end, day.now) > self.rules.last
        latest = file.cred.end - timedelta(days=self.rules.last if early else self.rules.snooze_floor)
        until = min(day.now + timedelta(days=min(days, self.rules.snooze_max)), latest)
        if until > day.now:
            file.snoozes[person] = Snooze(until, early)
            if file.answer and file.answer[1] == person:
                # Reading: "remind me" after "I'll do it" takes the promise back, for a snooze is no answer.
                file.answer = None

    def not_mine(self, day: Day, person: str, key: tuple[str, str]) -> None:
        """Off until the owners change; when nobody on the path is left, the next are told at once."""
        file = self._pressed(key, person)
        file.off.add(person)
        self._reroute(file)
        self._lapse(file)
        self._now(file, day)
        self._tell(file, day, scan=False)

    # ------------------------------------------------------------ nominations

    @staticmethod
    def _answer_by(end: datetime | None, at: datetime) -> datetime:
        """Three days; with seven days or less left one working day."""
        return working_day_later(at) if end is not None and days_left(end, at) <= 7 else at + timedelta(days=3)

    def nominate(self, day: Day, person: str, key: tuple[str, str], nominee: str) -> None:
        end = self._pressed(key, person).cred.end
        self.nominations.append(Nomination(key, end, person, nominee, "asked", self._answer_by(end, day.now)))

    def answer_nomination(self, day: Day, app: str, nominee: str, verb: str) -> None:
        """accept | decline by the nominee, approve | reject by an admin."""
        states = {"accept": "accepted", "decline": "declined", "approve": "approved", "reject": "rejected"}
        nomination = self._open_nomination(app, nominee)
        nomination.state = states[verb]
        nomination.answer_by = self._answer_by(nomination.end, day.now)

    def owner_shown(self, app: str, nominee: str) -> None:
        """Graph was asked after the owner was written, and shows them."""
        self._open_nomination(app, nominee).state = "assigned"

    def _open_nomination(self, app: str, nominee: str) -> Nomination:
        return next(n for n in self.nominations if n.pending and (n.app, n.nominee) == (app, nominee))

    def _pending(self, app: str) -> bool:
        return any(n.pending and n.app == app for n in self.nominations)

    def keep_time_limits(self, day: Day) -> None:
        """Rule 7: nominee, then nominator, then all admins and the fallback, as long as nobody has it.

        Reading: "the next" is one step at a time. A nominator who is asked again has as long as a nominee. An
        approver who is late is reminded with the fallback beside; what was accepted stays accepted.
        """
        for nomination in self.nominations:
            if nomination.state == "asked" and day.now >= nomination.answer_by:
                nomination.state = "expired"
                file = self.files.get(nomination.key)
                if file and file.verdict == OPEN and not self._pending(nomination.app):
                    nomination.again_by = self._answer_by(nomination.end, day.now)
            elif nomination.again_by is not None and day.now >= nomination.again_by:
                nomination.again_by = None
                file = self.files.get(nomination.key)
                if file and file.verdict == OPEN and not file.answer and not self._pending(nomination.app):
                    everybody = [p for p in (*self.rules.admins, *self.rules.fallback) if self.finder.active(p)]
                    file.escalated |= {p for p in everybody if p not in file.route.people}
                    self._add_beside(file, everybody)
                    self._now(file, day)
                    self._tell(file, day, scan=False)

    @staticmethod
    def _now(file: File, day: Day) -> None:
        if file.cred.end is not None:
            file.left = days_left(file.cred.end, day.now)

    def _settle_nominations(self) -> None:
        for nomination in self.nominations:
            app = self.apps.get(nomination.app)
            if nomination.pending and app is not None and nomination.nominee in self.finder.counting_owners(app):
                nomination.state = "assigned"

    # ------------------------------------------------------------ owners who leave

    def _leavers(self, day: Day) -> None:
        """Rule 11, in complete scans only.

        Reading: gone is who is no enabled user. The grace counts complete scans since the last record that names
        them; owners lost before the first scan are history. One person alone is never "more than 1 %". Who departed
        with too many waits for an admin, for as long as they are away; nobody presses that here.
        """
        if not day.complete:
            return
        self.complete_scans.append(day.now)
        owners = {o for app in self.apps.values() if app.creds for o in self.finder.counting_owners(app)}
        departed = {o for o in self.owners_before - owners if not self._enabled(o)}
        leaving: dict[str, list[App]] = {}
        for app in self.apps.values():
            if self._orphaned(app, day):
                for person in self.past[app.id].owners:
                    leaving.setdefault(person, []).append(app)
        self.held_leavers &= leaving.keys() | departed
        self.settled_leavers &= leaving.keys()
        if len(departed) > 1 and len(departed) * 100 > len(self.owners_before):
            self.held_leavers |= departed
        self.owners_before = owners
        for person in sorted(leaving.keys() - self.held_leavers - self.settled_leavers):
            seen = max(self.past[app.id].at for app in leaving[person])
            if len([at for at in self.complete_scans if at > seen]) >= self.rules.grace:
                self._hand_over(person, leaving[person], day)
        # Reading: once, for all apps of that day; where nobody could be told of any of them, again at the next scan.
        self.settled_leavers |= {leaver for _, leaver, _ in self.today.handovers}

    def _orphaned(self, app: App, day: Day) -> bool:
        """Nobody owns it, nobody who did is there any more, and something of it will expire."""
        past = self.past.get(app.id)
        if past is None or past.at < self.complete_scans[0] or self.finder.counting_owners(app):
            return False
        ahead = any(c.end is not None and c.end > day.now for c in app.creds)
        return ahead and not any(self._enabled(o) for o in past.owners)

    def _enabled(self, person: str) -> bool:
        account = self.finder.day.accounts.get(person)
        return account is not None and account.enabled

    def _hand_over(self, leaver: str, apps: list[App], day: Day) -> None:
        """To the manager as Graph says now, else as recorded; if that is nobody active, to the fallback.

        Reading: about the most urgent of an app's due credentials; not where all of these are excluded or long
        expired, nor to somebody who is off that alert.
        """
        for app in apps:
            manager = self.finder.manager(leaver) or self.past[app.id].owners.get(leaver, "")
            people = [manager] if self.finder.active(manager) else self.finder.fallback()
            due = [f for key, f in self.files.items() if key[0] == app.id]
            speaking = [f for f in due if f.verdict in (OPEN, SUPERSEDED)]
            if due and not speaking:
                continue
            file = min(speaking, key=lambda f: (f.verdict != OPEN, f.left, f.cred.end), default=None)
            for person in people:
                if file is not None and person in file.off and person not in file.route.people:
                    continue
                self.today.handovers.add((person, leaver, app.id))
                if file is None and person not in day.unreachable:
                    ends = [(c.end, c.key) for c in app.creds if c.end is not None and c.end > day.now]
                    end, key = min(ends)
                    self.handed_ahead.setdefault((app.id, key, end), set()).add(person)
                elif file is not None:
                    reason = "previousOwnerManager" if person == manager else "fallback"
                    file.route.people.setdefault(person, reason)
                    if not self._reaches(file, person, day):
                        self._reroute(file)
                        self._tell(file, day, scan=False)

    def _remember_owners(self, day: Day) -> None:
        """The record of today, for the days on which the app has no owner any more.

        Reading: the latest record with a counting owner may be today's. Where all of today's owners are off an alert
        there is then no other previous owner to ask, and the route goes on to the fallback.
        """
        for app in day.apps.values():
            if owners := self.finder.counting_owners(app):
                self.past[app.id] = Past(day.now, {o: self.finder.manager(o) for o in owners[:3]})


__all__ = ["Book", "File", "Nomination"]
