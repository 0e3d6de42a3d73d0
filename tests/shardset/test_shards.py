"""Shards: the same bytes each time, read by anyone, rewritten only where something changed, and checked to the byte."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from small_shards import sample

from base.errors import SourceError
from shardset import names
from shardset.read import draw, open_shards, read
from shardset.tar import header
from shardset.verify import verify
from shardset.write import NewSample, Written, write_folder


def written(folder: Path, samples: list[NewSample]) -> Written:
    return write_folder(folder, samples, purpose="research", about={"selection": {}})


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.fixture
def collection() -> list[NewSample]:
    real = [sample(number) for number in range(20)] + [sample(number, split="val") for number in range(20, 24)]
    return [*real, *(sample(100 + number, parent=real[number % 3].key) for number in range(9))]


def test_two_writings_are_byte_identical_whatever_the_order_umask_and_zone(
    tmp_path: Path, collection: list[NewSample], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "one", collection)
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    mask = os.umask(0o077)
    try:
        written(tmp_path / "two", collection[::-1])
    finally:
        os.umask(mask)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


# In a process of its own: webdataset 1.0.2 leaves its files open, which is an error under `filterwarnings = error`.
READ_BACK = """
import json, sys, webdataset
for one in webdataset.WebDataset(sys.argv[1:], shardshuffle=False).decode():
    print(json.dumps([one["__key__"], one["txt"], one["json"]["sha256"], len(one["jpg"])]))
"""


def test_plain_tar_and_webdataset_read_every_sample(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    shards = sorted(map(str, tmp_path.glob("*.tar")))
    listed = [name for shard in shards for name in subprocess.check_output(["tar", "tf", shard], text=True).split()]
    assert sorted(listed) == sorted(f"{one.key}.{end}" for one in collection for end in ("jpg", "json", "txt"))
    lines = subprocess.check_output([sys.executable, "-W", "ignore", "-c", READ_BACK, *shards], text=True).splitlines()
    found = {key: (caption, sha256, size) for key, caption, sha256, size in map(json.loads, lines)}
    assert found == {one.key: (one.caption, one.key, one.size_bytes) for one in collection}


def test_our_header_is_the_one_of_tarfile() -> None:
    info = tarfile.TarInfo("a" * 64 + ".jpg")
    info.size, info.mode, info.mtime, info.uid, info.gid = 12345, 0o444, 0, 0, 0
    assert header(info.name, 12345) == info.tobuf(tarfile.USTAR_FORMAT)


def test_an_unchanged_folder_is_not_written_again(tmp_path: Path, collection: list[NewSample]) -> None:
    first = written(tmp_path, collection)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = written(tmp_path, collection)
    assert (second.written, second.removed) == ((), ())
    assert second.manifest_digest == first.manifest_digest
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times


def test_one_picture_less_changes_one_shard(tmp_path: Path, collection: list[NewSample]) -> None:
    first = written(tmp_path, collection)
    gone = collection[5]
    second = written(tmp_path, [one for one in collection if one is not gone])
    assert list(second.removed) == [first.shard_of[gone.key]]
    assert len(second.written) == 1
    assert gone.load() not in b"".join(path.read_bytes() for path in tmp_path.glob("*.tar"))


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="stands twice"):
        written(tmp_path, [sample(1), sample(1)])


def test_altered_bytes_are_refused_at_writing(tmp_path: Path) -> None:
    good = sample(1)
    with pytest.raises(SourceError, match="have changed"):
        written(tmp_path, [NewSample(**{**vars(good), "load": lambda: b"x" * good.size_bytes})])
    assert list(tmp_path.iterdir()) == []


def test_samples_are_read_by_offset(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    folder = open_shards(tmp_path)
    assert [ref.key for ref in folder.refs("val")] == sorted(one.key for one in collection if one.split == "val")
    by_key = {one.key: one for one in collection}
    for ref in folder.refs():
        found = folder.load(ref)
        assert (found.image, found.caption) == (by_key[ref.key].load(), by_key[ref.key].caption)


def test_a_flipped_bit_is_named_with_shard_and_sample(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    assert verify(tmp_path) == []
    folder = open_shards(tmp_path)
    ref = folder.refs("train", "real")[3]
    offset = next(place for name, place, _, _ in ref.members if name == "jpg")
    path = tmp_path / ref.shard
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[offset + 7] ^= 1
    path.write_bytes(bytes(data))
    assert f"{ref.shard}: {ref.key}.jpg is altered" in verify(tmp_path)
    with pytest.raises(SourceError, match=ref.key):
        folder.load(ref)


@pytest.mark.parametrize(("member", "back"), [("txt", 0), ("json", -30), ("json", 512 - 148), ("txt", -20)])
def test_a_flip_anywhere_in_a_sample_is_named(tmp_path: Path, collection: list[NewSample], member: str, back: int) -> None:
    written(tmp_path, collection)
    ref = open_shards(tmp_path).refs("train", "real")[2]
    offset, size = next((place, size) for name, place, size, _ in ref.members if name == member)
    path = tmp_path / ref.shard
    data = bytearray(path.read_bytes())
    data[offset - back if back >= 0 else offset + size - back] ^= 4  # data, tar header, or padding
    path.write_bytes(bytes(data))
    (fault,) = verify(tmp_path)
    assert fault.startswith(f"{ref.shard}: ")
    assert f"{ref.key}.{member}" in fault


def test_a_cut_shard_and_a_broken_manifest_are_refused_at_opening(tmp_path: Path, collection: list[NewSample]) -> None:
    shard = tmp_path / written(tmp_path, collection).written[0]
    shard.write_bytes(shard.read_bytes()[:-512])
    with pytest.raises(SourceError, match=shard.name):
        open_shards(tmp_path)
    manifest = json.loads((tmp_path / names.MANIFEST).read_text())
    for wrong in (
        {"shards": [{"name": "../../etc/passwd"}]},
        {"shards": 7},
        {"shards": [{**manifest["shards"][0], "samples": [{}]}]},
    ):
        (tmp_path / names.MANIFEST).write_text(json.dumps({**manifest, **wrong}))
        with pytest.raises(SourceError, match=r"manifest\.json"):
            open_shards(tmp_path)


def test_what_a_killed_writer_left_half_written_goes_and_other_files_stay(tmp_path: Path, collection: list[NewSample]) -> None:
    name = names.ShardName(split="train", kind="real", bucket="00", digest="0" * 12)
    (tmp_path / f".{name}.4711.tmp").write_bytes(b"half a shard")
    (tmp_path / ".notes.1.tmp").write_bytes(b"somebody else's")
    written(tmp_path, collection)
    assert [path.name for path in tmp_path.glob(".*")] == [".notes.1.tmp"]


def test_missing_and_foreign_shards_are_named(tmp_path: Path, collection: list[NewSample]) -> None:
    shards = written(tmp_path, collection).written
    (tmp_path / shards[0]).unlink()
    foreign = str(names.ShardName(split="test", kind="real", bucket="00", digest="0" * 12))
    (tmp_path / foreign).write_bytes(b"")
    assert verify(tmp_path) == [f"{shards[0]} is missing", f"{foreign} is not in the manifest"]


def test_alpha_is_the_probability_of_a_variation_and_variations_are_drawn_evenly(
    tmp_path: Path, collection: list[NewSample]
) -> None:
    written(tmp_path, collection)
    folder = open_shards(tmp_path)
    ref = next(one for one in folder.refs("train", "real") if one.key in folder.variations)
    drawn = Counter(draw(folder, ref, 0.5, 0, number).key for number in range(3000))
    # binomial, n 3000, p 0.5: standard deviation 27; four of them on each side
    assert abs(drawn[ref.key] - 1500) < 4 * 27
    assert {key for key in drawn if key != ref.key} == {one.key for one in folder.variations[ref.key]}
    # three variations, 500 each expected, standard deviation below 21
    assert all(abs(count - 500) < 4 * 21 for key, count in drawn.items() if key != ref.key)
    alone = next(one for one in folder.refs("train", "real") if one.key not in folder.variations)
    assert draw(folder, alone, 1.0, 0, 1) == alone


def test_the_pipeline_gives_one_epoch_of_real_samples(tmp_path: Path, collection: list[NewSample]) -> None:
    written(tmp_path, collection)
    real = {ref.key for ref in open_shards(tmp_path).refs("train", "real")}
    assert {one["__key__"] for one in read(tmp_path, alpha=0.0)} == real
    mixed = list(read(tmp_path, alpha=1.0).decode())
    assert len(mixed) == len(real)
    assert sum(one["json"]["origin"] == "generated" for one in mixed) == 3


@pytest.mark.parametrize("kill_at", ["export.after_shard:2", "export.before_manifest"])
def test_killed_and_written_again_gives_the_same_bytes(tmp_path: Path, collection: list[NewSample], kill_at: str) -> None:
    code = (
        "import sys; from pathlib import Path; from small_shards import sample; from shardset.write import write_folder\n"
        "write_folder(Path(sys.argv[1]), [sample(number) for number in range(20)], purpose='research', about={})"
    )
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": f"{root}:{root / 'tests' / 'support'}"}
    for folder, kills in (("calm", [None]), ("killed", [kill_at, None])):
        for kill in kills:
            done = subprocess.run(
                [sys.executable, "-c", code, str(tmp_path / folder)],
                env={**environment, **({"FOTOTECA_KILL_AT": kill} if kill else {})},
                check=False,
            )
            assert done.returncode == (-9 if kill else 0)
    assert digests(tmp_path / "calm") == digests(tmp_path / "killed")
    assert verify(tmp_path / "killed") == []


def test_a_folder_without_a_manifest_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"manifest\.json"):
        open_shards(tmp_path)
