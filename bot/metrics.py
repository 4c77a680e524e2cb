"""What the bot counts for /metrics; never a name or an id of a person."""

from prometheus_client import Counter

INBOUND = Counter("steward_inbound_total", "Requests at /api/messages by HTTP answer.", ["kind", "status"])
CONNECTOR_CALLS = Counter(
    "steward_connector_calls_total", "Calls to the Bot Connector by outcome.", ["call", "outcome"]
)
