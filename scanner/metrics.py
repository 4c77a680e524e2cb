"""What the scanner counts for /metrics; never a name or an id."""

from prometheus_client import Counter

DELTA_POLLS = Counter(
    "steward_delta_polls_total",
    "Questions to Graph between scans for what has changed, by type of app and outcome.",
    ["type", "outcome"],
)
DELTA_CREDENTIALS = Counter(
    "steward_delta_credentials_total", "Alerted credentials that were seen renewed between scans.", ["finding"]
)
