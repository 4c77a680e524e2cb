"""The working state: SQLite or PostgreSQL behind one port; the only importer of SQLAlchemy and Alembic."""
