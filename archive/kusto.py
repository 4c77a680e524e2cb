"""Any KQL over an archive's files, translated as it comes by duckdb-kql: for the practice tenant's query service.

Steward itself asks only the committed queries, whose SQL stands beside them; nothing of it imports this.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import duckdb_kql

from alerts.ports import Table
from archive.duck import Duck, answer, view_sql
from archive.manifest import read_manifest
from archive.tables import TABLES
from archive.translate import schema

#: Translated queries that are remembered; Steward asks some twenty.
REMEMBERED = 200

_KQL_TYPES: Mapping[str, str] = {
    "VARCHAR": "string",
    "TIMESTAMP": "datetime",
    "DATE": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "INTEGER": "int",
    "SMALLINT": "int",
    "BIGINT": "long",
    "HUGEINT": "long",
    "UBIGINT": "long",
    "DOUBLE": "real",
    "FLOAT": "real",
    "BOOLEAN": "bool",
    "JSON": "dynamic",
    "INTERVAL": "timespan",
    "UUID": "guid",
}


class BadQuery(ValueError):
    """The service would refuse this query.

    Attributes:
        code: of the inner error: SyntaxError or SemanticError.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Kusto:
    """Answers KQL.

    Args:
        folder: the archive's.
        duck: the engine.
        now: what now() means.
    """

    def __init__(self, folder: Path, duck: Duck, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._duck = duck
        self._now = now
        self._translated: dict[str, duckdb_kql.TranslationResult] = {}
        self._translating = threading.Lock()

    def ask(self, kql: str) -> tuple[list[tuple[str, str]], Table]:
        """Column names with their types, and the answer. Blocks. Raises BadQuery."""
        translated = self._translate(kql)
        values = {**translated.parameters}
        if "kqlnow" in values:
            values["kqlnow"] = self._now().astimezone(UTC).replace(tzinfo=None)
        cursor = self._duck.cursor()
        manifest = read_manifest(self._folder)
        for table in TABLES.values():
            cursor.execute(view_sql(table, [self._folder / each.path for each in manifest.of(table.name)]))
        try:
            result = answer(cursor, str(translated), values)
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise BadQuery("SemanticError", str(error).splitlines()[0]) from error
        kinds = [str(column[1]) for column in cursor.description or []]
        return [(name, kql_type(kind)) for name, kind in zip(result.columns, kinds, strict=True)], result

    def _translate(self, kql: str) -> duckdb_kql.TranslationResult:
        with self._translating:
            found = self._translated.get(kql)
            if found is None:
                try:
                    found = duckdb_kql.to_sql(kql, schema=schema(), query_now=self._now(), allow_write=False)
                except duckdb_kql.KqlSyntaxError as error:
                    raise BadQuery("SyntaxError", str(error)) from error
                except duckdb_kql.KqlError as error:
                    raise BadQuery("SemanticError", str(error)) from error
                if len(self._translated) >= REMEMBERED:
                    self._translated.clear()
                self._translated[kql] = found
            return found


def kql_type(duckdb_type: str) -> str:
    """The Kusto type of a DuckDB type; lists and structs are dynamic."""
    return _KQL_TYPES.get(duckdb_type, "real" if duckdb_type.startswith("DECIMAL") else "dynamic")
