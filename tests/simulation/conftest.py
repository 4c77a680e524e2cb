"""The databases of the simulated tenants."""

from tests.alerts.conftest import database_url, postgres

__all__ = ["database_url", "postgres"]
