"""What two years of history cost: the previous owners of 1,000 ownerless apps in one query over 24 million rows.

Makes the history in the embedded archive's own layout, in a temporary folder that is removed afterwards, then asks
in a fresh process for each measurement: the committed query, a hand-written SQL statement over the same files, and
the newest days as one file a day against the same days compacted. The answers are compared with what was made.

Run: make bench-archive, or python bench/archive.py [--days 730] [--rows 24000000] [--ownerless 1000]
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archive.duck import Duck, parquet  # noqa: E402 - after the path is set
from archive.embedded import EmbeddedArchive  # noqa: E402
from archive.files import ArchiveFiles  # noqa: E402
from archive.history import ArchiveHistory  # noqa: E402
from archive.manifest import DataFile, read_manifest, write_manifest  # noqa: E402
from archive.tables import RECORDS  # noqa: E402

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
#: Days that are also written as one file a day, for comparison.
DAILY = 45
REPEATS = 3
MB = 1024.0


@dataclass(frozen=True)
class Size:
    days: int
    credentials: int
    apps: int
    ownerless: int


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the archive with two years of history.")
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--rows", type=int, default=24_000_000, help="records over all days (default 24 million)")
    parser.add_argument("--ownerless", type=int, default=1_000, help="apps asked for (default 1000)")
    parser.add_argument("--part", choices=("query", "sql"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    credentials = max(options.rows // options.days, options.ownerless)
    size = Size(options.days, credentials, max(options.ownerless, credentials * 4 // 11), options.ownerless)
    if options.part:
        print(json.dumps(asyncio.run(_measure(options.part, options.folder, size))))
        return 0
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as folder:
        return _compare(Path(folder), size)


def _compare(folder: Path, size: Size) -> int:
    began = time.monotonic()
    rows = _make(folder / "months", size, _months(size.days))
    print(
        f"history: {rows:,} records of {size.apps:,} apps over {size.days} days, "
        f"{_disk(folder / 'months'):.0f} MB on disk, made in {time.monotonic() - began:.0f} s"
    )
    months, handwritten = _fresh("query", folder / "months", size), _fresh("sql", folder / "months", size)
    print(f"previous owners of {size.ownerless:,} ownerless apps, one query: {months['found']:,} found")
    _line("the committed query", months)
    _line("hand-written SQL", handwritten)
    short = Size(min(DAILY, size.days), size.credentials, size.apps, size.ownerless)
    _make(folder / "compacted", short, _months(short.days))
    _make(folder / "daily", short, _each_day(short.days))
    compacted, daily = _fresh("query", folder / "compacted", short), _fresh("query", folder / "daily", short)
    print(f"the newest {short.days} days of it:")
    _line(f"compacted, {_disk(folder / 'compacted'):.0f} MB", compacted)
    _line(f"a file a day, {_disk(folder / 'daily'):.0f} MB", daily)
    print(
        f"ratios: query to hand-written SQL {months['seconds'] / handwritten['seconds']:.2f}, "
        f"a file a day to compacted {daily['seconds'] / compacted['seconds']:.2f} in time, "
        f"{_disk(folder / 'daily') / _disk(folder / 'compacted'):.2f} in size"
    )
    wrong = months["wrong"] + handwritten["wrong"] + compacted["wrong"] + daily["wrong"]
    print("answers: all as made" if not wrong else f"answers: {wrong} WRONG")
    return 1 if wrong else 0


def _line(name: str, spent: dict[str, Any]) -> None:
    print(
        f"  {name:32} {spent['seconds']:6.2f} s (first {spent['first']:.2f} s), {spent['memory']:4.0f} MB of memory, "
        f"{spent['before']:.0f} MB before the query"
    )


def _disk(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / MB / MB


# ---------------------------------------------------------------- measuring


def _fresh(part: str, folder: Path, size: Size) -> dict[str, Any]:
    """One measurement in a process of its own, so that its memory is its own too."""
    arguments = [
        "--part",
        part,
        "--folder",
        str(folder),
        "--days",
        str(size.days),
        "--rows",
        str(size.days * size.credentials),
        "--ownerless",
        str(size.ownerless),
    ]
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def _measure(part: str, folder: Path, size: Size) -> dict[str, Any]:
    ids = [app_id(number) for number in range(size.ownerless)]
    archive = EmbeddedArchive(folder, lambda: NOW)
    before, times, found = _memory(), [], {}
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = (
            await _ask(archive, ids, size.days) if part == "query" else _by_hand(archive.duck, folder, ids, size.days)
        )
        times.append(time.perf_counter() - began)
    await archive.close()
    expected = {app_id(number): last for number in range(size.ownerless) if (last := _last_owned(number, size.days))}
    wrong = sum(found.get(each) != expected.get(each) for each in {*found, *expected})
    return {
        "seconds": sorted(times)[len(times) // 2],
        "first": times[0],
        "memory": _memory(),
        "before": before,
        "found": len(found),
        "wrong": wrong,
    }


async def _ask(archive: EmbeddedArchive, ids: list[str], days: int) -> dict[str, tuple[str, str]]:
    """app -> (day of the proof, owner's id), through the port that the scanner uses."""
    found = await ArchiveHistory(archive).previous_owners(ids, days)
    return {each: (owners[0].seen.date().isoformat(), owners[0].person.id) for each, owners in found.items()}


def _by_hand(duck: Duck, folder: Path, ids: list[str], days: int) -> dict[str, tuple[str, str]]:
    files = parquet([folder / each.path for each in read_manifest(folder).of(RECORDS.name)])
    sql = f"""
        SELECT ApplicationObjectId, strftime(max(ScanDate), '%Y-%m-%d'), max_by(OwnerId, ScanDate),
               max_by((OwnerDisplayName, OwnerUPN, OwnerMail, OwnerManagerId, OwnerManagerDisplayName, OwnerManagerUPN,
                       OwnerManagerMail, Owners::VARCHAR), ScanDate)
        FROM {files} SEMI JOIN (SELECT unnest($ids) AS id) ON id = ApplicationObjectId
        WHERE OwnerId <> '' AND ScanDate > $since GROUP BY 1"""  # noqa: S608 - our own file names
    since = (NOW - timedelta(days=days)).replace(tzinfo=None)
    return {row[0]: (row[1], row[2]) for row in duck.cursor().execute(sql, {"ids": ids, "since": since}).fetchall()}


def _memory() -> float:
    """Most memory that this process ever held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux counts what the parent held before the start into ru_maxrss.
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


# ---------------------------------------------------------------- making


def app_id(number: int) -> str:
    """Spread over the alphabet, as real object ids are."""
    return f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}"


def _owner_number(app: int, back: int) -> int:
    """Who owns an app so many days ago: owners change every 200 to 699 days."""
    era = (back + app * 37 % 700) // (200 + app * 101 % 500)
    return (app * 31 + era * 7919) % 9000


def _lost(app: int) -> int:
    """So many days ago an ownerless app lost its last owner; a few lost it before the history begins."""
    return 3 + app * 131 % 760


def _last_owned(app: int, days: int) -> tuple[str, str] | None:
    """What the query must find: the day before the owner was lost, and the owner of that day."""
    back = _lost(app)
    if back >= days:  # that morning is just beyond the window
        return None
    return (TODAY - timedelta(days=back)).isoformat(), f"{_owner_number(app, back):08x}-0000-4000-8000-00000000aaaa"


def _months(days: int) -> Iterator[tuple[date, date]]:
    first = TODAY - timedelta(days=days)
    while first < TODAY:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(after, TODAY)
        first = after


def _each_day(days: int) -> Iterator[tuple[date, date]]:
    for back in range(days, 0, -1):
        yield TODAY - timedelta(days=back), TODAY - timedelta(days=back - 1)


def _make(folder: Path, size: Size, spans: Iterator[tuple[date, date]]) -> int:
    """Write the history, a file for each span of days (the last day not included); returns its rows."""
    folder.mkdir()
    duck = Duck(folder / "spill", memory_limit="2GB")
    files = ArchiveFiles(folder, duck, lambda: NOW, history_days=size.days, lock_wait=10, spooling=False)
    cursor = duck.cursor()
    cursor.execute(f"""
        CREATE TABLE People AS SELECT n, printf('%08x-0000-4000-8000-00000000aaaa', n) AS id, 'Person ' || n AS name,
            'person.' || n || '@contoso.example' AS upn FROM range(9000) t(n);
        CREATE TABLE Apps AS SELECT n AS app, printf('%08x-0000-4000-8000-%012x', n * 2654435761 % 4294967296, n) AS ObjectId,
            printf('%08x-1111-4000-8000-%012x', n * 2246822519 % 4294967296, n) AS AppId,
            'Application ' || n || ' ' || ['Sync', 'Portal', 'Export', 'Worker'][1 + n % 4] AS Name,
            CASE WHEN n < {size.ownerless} THEN 3 + n * 131 % 760 ELSE -1 END AS lost FROM range({size.apps}) t(n);
        CREATE TABLE Credentials AS SELECT n AS credential, n % {size.apps} AS app, 90 + n * 53 % 640 AS life, n * 17 % 730 AS shift
            FROM range({size.credentials}) t(n);
    """)  # noqa: S608 - numbers
    rows = sum(files.add_month(RECORDS, f"{first:%Y-%m}", _days_sql(first, after)) for first, after in spans)
    # As the daily scans' own files stand: not compacted.
    manifest = read_manifest(folder)
    plain = [DataFile(path=each.path, table=each.table, month=each.month, rows=each.rows) for each in manifest.files]
    write_manifest(folder, manifest.swapped(add=plain, at=NOW))
    duck.close()
    return rows


def _days_sql(first: date, after: date) -> str:
    """All columns of the daily record for the days from `first` to the day before `after`."""
    given = {
        "TimeGenerated": "scanned",
        "ScanDate": "scanned",
        "RunId": "strftime(scanned, 'run-%Y%m%d')",
        "EntraTenantId": "'tenant'",
        "Application": "a.Name",
        "ApplicationAppId": "a.AppId",
        "ApplicationObjectId": "a.ObjectId",
        "ApplicationType": "'appRegistration'",
        "CredentialType": "CASE WHEN credential % 5 = 0 THEN 'certificate' ELSE 'clientSecret' END",
        "CredentialKeyId": "printf('%08x-%04x-4000-8000-%012x', credential * 2654435761 % 4294967296, turn, credential)",
        "SecretDisplayName": "'secret ' || credential % 7",
        "SecretStartDate": "starts",
        "SecretExpiresDate": "starts + life * INTERVAL 1 DAY",
        "SecretExpiresDays": "life - (number + shift) % life",
        "OwnerId": "coalesce(p.id, '')",
        "OwnerDisplayName": "coalesce(p.name, 'NotExists')",
        "OwnerUPN": "coalesce(p.upn, 'NotExists')",
        "OwnerMail": "coalesce(p.upn, '')",
        "OwnerManagerId": "coalesce(m.id, '')",
        "OwnerManagerDisplayName": "coalesce(m.name, '')",
        "OwnerManagerUPN": "coalesce(m.upn, '')",
        "OwnerManagerMail": "coalesce(m.upn, '')",
        "OwnerCount": "CASE WHEN p.n IS NULL THEN 0 ELSE 1 END",
        "Owners": 'CASE WHEN p.n IS NULL THEN \'[]\' ELSE \'[{"id":"\' || p.id || \'","UPN":"\' || p.upn || \'","mail":"\' || p.upn || '
        '\'","enabled":true,"kind":"user","displayName":"\' || p.name || \'","managerId":"\' || m.id || \'"}]\' END',
        "CredentialUsage": "'signIn'",
        "EscalationPath": "CASE WHEN p.n IS NULL THEN 'unroutable' ELSE 'currentOwners' END",
        "EmailSent": "'No'",
        "AlertType": "'NoAlert'",
    }
    kinds = RECORDS.duckdb_types()
    absent = {name: "''" if kind == "VARCHAR" else "NULL" for name, kind in kinds.items()}
    columns = ", ".join(f"({given.get(name, absent[name])})::{kinds[name]} AS {name}" for name in RECORDS.names)
    return f"""
        WITH days AS (
            SELECT unnest(generate_series(DATE '{first}', DATE '{after}' - 1, INTERVAL 1 DAY)) + INTERVAL 6 HOUR AS scanned
        ), dated AS (
            SELECT scanned, date_diff('day', scanned::DATE, DATE '{TODAY}') AS back, date_diff('day', DATE '2020-01-01', scanned::DATE) AS number FROM days
        ), lived AS (
            SELECT d.*, c.*, (number + shift) // life AS turn, scanned - ((number + shift) % life) * INTERVAL 1 DAY AS starts
            FROM dated d CROSS JOIN Credentials c
        )
        SELECT {columns} FROM lived l JOIN Apps a ON a.app = l.app
        LEFT JOIN People p ON back >= lost AND p.n = (a.app * 31 + ((back + a.app * 37 % 700) // (200 + a.app * 101 % 500)) * 7919) % 9000
        LEFT JOIN People m ON m.n = p.n // 12"""  # noqa: S608 - our own columns and dates


if __name__ == "__main__":
    sys.exit(main())
