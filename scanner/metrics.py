"""What the scanner counts for /metrics; never a name or an id."""

from prometheus_client import Counter, Gauge

from alerts.model import ScanRun

DELTA_POLLS = Counter(
    "steward_delta_polls_total",
    "Questions to Graph between scans for what has changed, by type of app and outcome.",
    ["type", "outcome"],
)
DELTA_CREDENTIALS = Counter(
    "steward_delta_credentials_total", "Alerted credentials that were seen renewed between scans.", ["finding"]
)
SCANS = Counter("steward_scans_total", "Scans that ended, by status.", ["status"])
SCAN_CALLS = Counter(
    "steward_scan_graph_total", "What scans took from Graph: requests, throttled ones, resource units.", ["what"]
)
SCAN_PROGRESS = Gauge("steward_scan_progress", "Objects that the newest scan has read so far, by phase.", ["phase"])
SCAN_FOUND = Gauge("steward_scan_found", "What the last scan that ended found, by kind.", ["kind"])
SCAN_SECONDS = Gauge("steward_scan_seconds", "Seconds that each phase of the last scan took.", ["phase"])


def note_scan(run: ScanRun) -> None:
    """Count a scan that has ended."""
    SCANS.labels(run.status.value).inc()
    SCAN_CALLS.labels("requests").inc(run.requests)
    SCAN_CALLS.labels("throttled").inc(run.throttled)
    SCAN_CALLS.labels("resource_units").inc(run.resource_units)
    for kind, number in (
        ("applications", run.applications),
        ("enterprise_applications", run.enterprise_applications),
        ("credentials", run.credentials),
        ("quarantined", run.quarantined),
        ("ownerless", run.ownerless),
        ("due", run.due),
        ("expired", run.expired),
        ("errors", len(run.errors)),
    ):
        SCAN_FOUND.labels(kind).set(number)
    SCAN_SECONDS.clear()
    for phase, seconds in run.phase_seconds.items():
        SCAN_SECONDS.labels(phase).set(seconds)
