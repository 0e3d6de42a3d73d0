"""The RO-Crate: every file with its sum, every picture with its rights, and which model made what of which picture."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from told_samples import Told

from export.card import Facts
from export.ro_crate import PROFILE, ro_crate
from shardset.write import write_folder


@pytest.fixture
def crate(tmp_path: Path) -> dict[str, Any]:
    """Its entities, by @id."""
    told = Told()
    told.vary(told.add("red"), "blue")
    written = write_folder(tmp_path / "out", told.samples, purpose="research", about={})
    known = Facts(newest_day="2026-11-21", institutions=("Museu da Cuia",))
    files = {"README.md": b"Read me."}
    one, two = (
        ro_crate(order, written.manifest["shards"], known, purpose="research", files=files)
        for order in (told.samples, told.samples[::-1])
    )
    assert one == two
    graph = json.loads(one)["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    return entities


def named(value: Any) -> list[str]:
    """Every @id that is referred to."""
    if isinstance(value, list):
        return [name for one in value for name in named(one)]
    return [value["@id"]] if isinstance(value, dict) else []


def test_it_begins_as_the_specification_wants_and_names_nothing_that_it_does_not_describe(crate: dict[str, Any]) -> None:
    descriptor = crate["ro-crate-metadata.json"]
    assert (descriptor["conformsTo"], descriptor["about"]) == ({"@id": PROFILE}, {"@id": "./"})
    root = crate["./"]
    assert {"@type", "name", "description", "datePublished", "license"} <= set(root)
    referred = {name for entity in crate.values() for value in entity.values() for name in named(value)}
    assert referred - set(crate) == {PROFILE}


def test_files_have_their_sums(crate: dict[str, Any], tmp_path: Path) -> None:
    shards = sorted((tmp_path / "out").glob("*.tar"))
    assert len(shards) == 2
    for path in shards:
        assert crate[path.name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert crate["README.md"]["sha256"] == hashlib.sha256(b"Read me.").hexdigest()
    assert {one["@id"] for one in crate["./"]["hasPart"]} == {"README.md", *(path.name for path in shards)}


def test_a_variation_is_the_result_of_a_model_and_its_parent(crate: dict[str, Any]) -> None:
    (action,) = [entity for entity in crate.values() if entity["@type"] == "CreateAction"]
    (made,) = [entity for entity in crate.values() if "isBasedOn" in entity]
    assert action["result"] == [{"@id": made["@id"]}]
    assert action["object"] == [made["isBasedOn"]]
    assert crate[action["instrument"]["@id"]]["name"] == "tiny"
    parent = crate[made["isBasedOn"]["@id"]]
    assert (parent["creditText"], crate[parent["license"]["@id"]]["name"]) == ("Maria, CC BY 4.0", "CC BY 4.0")
