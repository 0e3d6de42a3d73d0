"""Croissant: mlcroissant finds no fault, and gives back every picture with its words, rights and lineage, without a network."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive
from PIL import Image

from catalog.store import Store
from export.shards import ExportSettings, export

pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),  # rdflib's own call
    pytest.mark.filterwarnings("ignore:The inplace keyword"),  # mlcroissant on pandas 3
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),  # mlcroissant leaves pictures open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # the same, found by the collector
    pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning"),  # its call of tarfile
]


@pytest.fixture(scope="module")
def exported(curated: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A copy of the curated archive, with an export beside it in `out`."""
    room = tmp_path_factory.mktemp("croissant")
    shutil.copytree(curated, room / "workspace")
    export(room / "workspace", room / "out", ExportSettings())
    return Archive(room / "workspace")


@pytest.fixture
def croissant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The library, with its cache in a folder of the test's own."""
    import mlcroissant
    from etils import epath
    from mlcroissant._src.operation_graph.operations import extract

    monkeypatch.setattr(extract, "EXTRACT_PATH", epath.Path(tmp_path / "cache"))
    return mlcroissant


def test_every_record_comes_back_as_it_was_exported(exported: Archive, croissant: Any) -> None:
    folder = exported.folder.parent / "out"
    data = croissant.Dataset(folder / "croissant.json")
    assert data.metadata.ctx.issues.report() == ""  # neither an error nor a warning
    assert data.metadata.ctx.is_v1_1()
    found = {}
    for row in data.records("samples"):
        one = {name.removeprefix("samples/"): value for name, value in row.items()}
        found[one["sha256"].decode()] = one
    made = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(found) == {row["key"] for shard in made["shards"] for row in shard["samples"]}
    store = Store(exported.folder)
    for key, one in found.items():
        picture = one["image"]
        assert picture.tobytes() == Image.open(store.path(key)).tobytes()
        assert one["member_sha256"].decode() == hashlib.sha256(store.read(key)).hexdigest()
    (variation,) = [one for one in found.values() if one["origin"] == b"generated"]
    parent = found[variation["parent"].decode()]
    assert (variation["model"], variation["prompt"], variation["split"]) == (b"tiny", b"a gourd", b"train")
    assert [name.decode() for name in parent["concepts"]] == ["chimarrão"]
    assert (parent["caption"].decode(), parent["creator"].decode()) == ("Roda com uma cuia", "Zé <da> Silva")
    (bound,) = [one for one in found.values() if one["title"] == b"nc"]
    assert bound["licence"] == b"CC BY-NC 4.0"
    assert bound["licence_uri"] == b"https://creativecommons.org/licenses/by-nc/4.0/"
    assert bound["credit_line"] == b"Ana, CC BY-NC"
    assert list(data.records("splits")) == [{"splits/name": "train", "splits/url": "cr:TrainingSplit"}]


def test_a_changed_shard_is_refused(exported: Archive, croissant: Any, tmp_path: Path) -> None:
    shutil.copytree(exported.folder.parent / "out", tmp_path / "out")
    shard = next((tmp_path / "out").glob("train-real-*.tar"))
    content = bytearray(shard.read_bytes())
    content[700] ^= 1
    shard.write_bytes(content)
    with pytest.raises(croissant.GenerationError, match=shard.name) as caught:
        list(croissant.Dataset(tmp_path / "out" / "croissant.json").records("samples"))
    assert "is not identical with the reference" in str(caught.value.__cause__)


def test_it_needs_nothing_from_elsewhere_and_names_the_licence_of_every_picture(exported: Archive) -> None:
    read = json.loads((exported.folder.parent / "out" / "croissant.json").read_text(encoding="utf-8"))
    assert isinstance(read["@context"], dict)  # an address would be fetched
    assert set(read["license"]) == {f"https://creativecommons.org/licenses/{name}/4.0/" for name in ("by", "by-nc", "by-nd")}
    assert read["datePublished"] == exported.rows("SELECT strftime(max(stored_at), '%Y-%m-%d') AS day FROM images")[0]["day"]
