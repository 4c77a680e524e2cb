"""Each promise is tested on both engines where it speaks of several replicas, on SQLite where it speaks of one."""

from tests.alerts.conftest import database_url, postgres, world
from tests.bot.conftest import authority

__all__ = ["authority", "database_url", "postgres", "world"]
