"""A folder's own files may say no: read from their bytes, kept as evidence, and stored only with a person's reason."""

import struct
from collections.abc import Callable
from pathlib import Path

from drawn_pictures import drawn
from wishes_in_files import VOCABULARY, xmp

from catalog import db
from harvest.crawl import harvest_folder


def refusing(data: bytes) -> bytes:
    """The JPEG with XMP that prohibits data mining."""
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(f"<plus:DataMining>{VOCABULARY}DMI-PROHIBITED</plus:DataMining>")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet + data[2:]


def test_a_file_that_opts_out_is_left_unless_a_person_gives_a_reason(
    workspace: Path, folder: Path, write_sheet: Callable[..., Path]
) -> None:
    (folder / "no.jpg").write_bytes(refusing(drawn(1)))
    (folder / "yes.jpg").write_bytes(drawn(2))
    sheet = write_sheet("file,licence", "no.jpg,CC BY 4.0", "yes.jpg,CC BY 4.0")
    assert harvest_folder(workspace, folder, sheet).outcomes == {"stored": 1, "not_fetched_opt_out": 1}
    rows = {row["source_id"]: row for row in db.rows(workspace, "SELECT * FROM current_candidates")}
    assert "DMI-PROHIBITED" in rows["no.jpg"]["opt_outs"]
    assert rows["yes.jpg"]["consulted"]
    assert harvest_folder(workspace, folder, sheet, fetch_anyway="our own pictures").outcomes == {"stored": 2}
    sql = "SELECT rights_evidence, opt_outs FROM current_candidates WHERE source_id = 'no.jpg'"
    (row,) = db.rows(workspace, sql)
    assert row["rights_evidence"].endswith("our own pictures")
    assert "DMI-PROHIBITED" in row["opt_outs"]
    assert harvest_folder(workspace, folder, sheet).unchanged == 2
