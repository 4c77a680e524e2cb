"""Writes the DuckDB SQL beside every query file: `python -m archive.translate [--check]`.

The only importer of duckdb-kql besides the practice tenant: at run time the embedded archive needs
nothing but DuckDB.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb_kql

from archive.kql import QUERIES, literal, read_parameters
from archive.tables import TABLES

HEADER = "-- Made from {name}.kql by `python -m archive.translate`; do not edit.\n"
#: Any moment will do: it only makes the translator write a placeholder for now().
_SOME_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
#: Stands in a `strings` parameter's table until the list is bound.
_SENTINEL = "steward-list-{name}"


def schema() -> dict[str, list[str]]:
    """Table name -> column names, for the operators whose answer depends on them."""
    return {table.name: list(table.names) for table in TABLES.values()}


def translate(name: str, text: str) -> str:
    """The SQL of a query file: `$<Name>` for each parameter, `$now` for the time."""
    parameters = read_parameters(text)
    lists = [each for each, kind in parameters.items() if kind == "strings"]
    scalars = {each: kind for each, kind in parameters.items() if kind != "strings"}
    lets = [f"let {each} = {literal('strings', [_SENTINEL.format(name=each)])};" for each in lists]
    if scalars:
        declared = ", ".join(f"{each}:{kind}" for each, kind in scalars.items())
        lets.insert(0, f"declare query_parameters({declared});")
    result = duckdb_kql.to_sql("\n".join([*lets, text]), schema=schema(), query_now=_SOME_MOMENT, allow_write=False)
    sql = str(result).replace("$kqlnow", "$now")
    for each in result.declarations:
        sql = sql.replace(f"CAST(${each.slot} AS", f"CAST(${each.name} AS")
    for each in lists:
        row = f"(VALUES (CAST('{_SENTINEL.format(name=each)}' AS VARCHAR)))"
        if row not in sql:
            raise ValueError(f"{name}: the table of {each} is not where it is expected")
        sql = sql.replace(row, f"(SELECT unnest(CAST(${each} AS VARCHAR[])))")
    if "$kqlp" in sql:
        raise ValueError(f"{name}: a parameter has no place")
    return HEADER.format(name=name) + sql + "\n"


def stale(folder: Path = QUERIES) -> list[str]:
    """Names of .sql files that are missing, outdated, or without a .kql file."""
    wanted = {
        path.with_suffix(".sql").name: translate(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.kql"))
    }
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.sql")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: list[str]) -> int:
    """Exit code 0; 1 when --check finds a stale file; 2 for wrong usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m archive.translate [--check]\n")
        return 2
    names = stale()
    for name in names:
        sys.stdout.write(f"{'stale' if arguments else 'written'}: {name}\n")
        source = QUERIES / Path(name).with_suffix(".kql")
        if arguments:
            continue
        if source.exists():
            (QUERIES / name).write_text(translate(source.stem, source.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            (QUERIES / name).unlink()
    return 1 if arguments and names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
