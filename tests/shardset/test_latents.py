"""`latents/` beside the shards: it follows them, and it is no part of what is handed over."""

from pathlib import Path

import pytest
from small_shards import sample

from shardset import latents
from shardset.target import target
from shardset.verify import verify
from shardset.write import NewSample, write_folder


def written(folder: Path | str, samples: list[NewSample]) -> None:
    write_folder(folder, samples, purpose="research", about={"selection": {}})


def put(folder: Path, name: str) -> Path:
    path = folder / latents.FOLDER / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"numbers")
    return path


@pytest.fixture
def collection() -> list[NewSample]:
    return [sample(number) for number in range(4)]


def picture(one: NewSample) -> str:
    return latents.name("picture", one.key, "0" * 16)


def test_latents_and_texts_of_a_withdrawn_sample_go_with_the_next_writing(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    paths = [put(tmp_path, picture(one)) for one in collection]
    text = put(tmp_path, latents.name("text", "a" * 64, "0" * 16))
    half = put(tmp_path, f".{picture(collection[1])}.77.tmp")
    written(tmp_path, collection[1:])
    assert [path.exists() for path in (*paths, text, half)] == [False, True, True, True, False, False]


def test_folder_that_says_the_same_keeps_its_latents(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    kept = [put(tmp_path, picture(collection[0])), put(tmp_path, latents.name("text", "a" * 64, "0" * 16))]
    gone = put(tmp_path, latents.name("picture", "b" * 64, "0" * 16))
    written(tmp_path, collection)
    assert all(path.exists() for path in kept)
    assert not gone.exists()


def test_last_latents_take_their_folder_with_them(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    put(tmp_path, picture(collection[0]))
    written(tmp_path, collection[1:])
    assert not (tmp_path / latents.FOLDER).exists()


def test_files_of_other_names_are_left_alone(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    own = put(tmp_path, "notes.txt")
    written(tmp_path, collection[1:])
    assert own.exists()


def test_verify_and_manifest_do_not_know_of_latents(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    before = (tmp_path / "manifest.json").read_bytes()
    put(tmp_path, picture(collection[0]))
    assert verify(tmp_path) == []
    assert latents.FOLDER not in target(tmp_path).listed()
    written(tmp_path, collection)
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_remote_place_holds_no_latents(collection: list[NewSample]) -> None:
    pytest.importorskip("fsspec")
    place = target("memory://without-latents")
    written("memory://without-latents", collection)
    assert latents.sweep(place, [], keep_texts=False) == 0
    assert [name for name in place.listed() if not name.endswith(".tar")] == ["manifest.json"]
