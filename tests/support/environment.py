"""The environment in which a test starts Steward: this machine's, without what would make it another Steward."""

import os

#: Settings of whoever runs the tests, which must not reach a Steward that a test starts.
FOREIGN = (
    "AZURE_", "GRAPH_", "LOGS_", "Microsoft", "BOT_", "TEAMS_", "STEWARD_", "PRACTICE_", "STATE_DIR", "SSL_CERT",
    "REQUESTS_CA",
)  # fmt: skip


def own_environment(**settings: str) -> dict[str, str]:
    """The environment of a Steward as a stranger starts it, with these settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | settings
