"""A licence has one name, whether the catalogue's macro or the export's page writes it."""

import duckdb

from catalog import db
from catalog.licences import FAMILIES
from export.card import licence_name


def test_the_page_names_licences_as_the_catalogue_does() -> None:
    with duckdb.connect(":memory:") as connection:
        db.upgrade(connection)
        for family in FAMILIES:
            for version in (None, "1.0", "4.0"):
                for port in (None, "de"):
                    rights = {"family": family, "version": version, "jurisdiction": port}
                    row = connection.execute("SELECT licence_name(?, ?, ?)", [family, version, port]).fetchone()
                    assert row == (licence_name(rights),)
