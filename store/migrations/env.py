"""Alembic's entry: runs migrations on the connection it is given, else on the database of `-x url=...`.

The service hands over a connection with an open transaction (store/migrate.py). A developer who makes a
new revision runs `alembic -c store/migrations/alembic.ini -x url=sqlite:///scratch.db revision --autogenerate`.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from store import schema
from store.engine import parse_address, postgres_engine, sqlite_engine


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=schema.metadata,
        # SQLite changes a table by building it anew.
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        # One transaction around all steps: Alembic would otherwise take SQLite for unable to undo DDL.
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_url(url: str) -> None:
    address = parse_address(url)
    if address.path is not None:
        engine = sqlite_engine(address.path, writes=True, foreign_keys=False, pooled=False)
    else:
        engine = postgres_engine(address.dsn, pooled=False)
    try:
        async with engine.connect() as connection, connection.begin():
            await connection.run_sync(run)
    finally:
        await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif (url := context.get_x_argument(as_dictionary=True).get("url")) is not None:
    asyncio.run(run_on_url(url))
else:
    raise SystemExit("which database? add -x url=sqlite:///file or -x url=postgresql://user@host/database")
