"""Files are whole or absent."""

from pathlib import Path

import pytest

from base.files import canonical_json, sha256_of_file, write_json, written_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"old": True})
    with pytest.raises(RuntimeError), written_whole(target) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert target.read_text() == '{\n  "old": true\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_canonical_json_is_the_same_for_equal_values() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1}) == '{"a":"é","b":1}'


def test_canonical_json_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_sha256_of_file_matches_the_known_value_for_abc(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_of_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
