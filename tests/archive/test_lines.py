"""Rows on their way to Parquet: what is written is what is read, whatever the texts hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from archive.embedded import EmbeddedArchive
from archive.manifest import Waiting
from archive.tables import RECORDS
from tests.archive.build import NOW, record, run


@pytest.mark.parametrize(
    "text", ["", '"', '""', "a,b", "\\N", "NULL", "null", "'", " x ", "é😀", "{}", "[1]", "-", "\\"]
)
async def test_an_awkward_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    archive = EmbeddedArchive(tmp_path, lambda: NOW, spooling=True)
    base = record()
    odd = replace(base, application=replace(base.application, display_name=text, service_management_reference=text))

    await archive.append_records(run(), [odd])
    (row,) = archive.rows_of(Waiting(table=RECORDS.name, id=run().run_id, since=""))
    await archive.close()

    assert (row["Application"], row["ServiceManagementReference"]) == (text, text)
    assert row["SecretDisplayName"] == odd.credential.display_name
