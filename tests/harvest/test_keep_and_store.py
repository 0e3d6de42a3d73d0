"""What is durable when: the store's bytes before their names, the spool's lines in order; and how frames and requests travel."""

import errno
import io
import json
import os
import threading
import time
from pathlib import Path

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from small_catalogue import candidate

from base.errors import NoSpaceError
from catalog import records, runs, store
from catalog.store import Store
from harvest import outlet
from harvest.crawl import harvest_iiif
from harvest.keep import Keeper
from harvest.outlet import Outlet
from harvest.settings import OPENED_CONNECTIONS
from harvest.source import Problem
from harvest.wire import Answered, pack, pack_end, unpack

ANSWERED = Answered(url="https://museum.example/1.jpg", status=200, etag='"1"')


def source_row(name: str) -> records.Source:
    return records.Source(name=name, institution="Atelier", home_url="", terms_url="", checked_on="")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(fsynced or renamed, name) of every file, in order."""
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{handle}")).name
        fsync(handle)
        seen.append(("fsynced", name))

    def noted_replace(path: str, target: str) -> None:
        seen.append(("renamed", Path(path).name))
        replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    return seen


@pytest.mark.parametrize("number", [1, store.SYNC_FILES, 3 * store.SYNC_FILES + 1])
def test_every_picture_of_a_group_is_on_the_disk_before_the_first_gets_its_name(
    workspace: Path, steps: list[tuple[str, str]], number: int
) -> None:
    held = Store(workspace)
    names = [held.put(b"picture %d" % one) for one in range(number)]
    assert not any(held.has(name) for name in names)
    steps[:] = [step for step in steps if step[1] != workspace.name]  # the folder of the store itself, made at the first put
    held.sync()
    files = {f"{os.getpid()}-{name}" for name in names}
    assert {name for _, name in steps[:number]} == files
    assert {what for what, _ in steps[:number]} == {"fsynced"}
    assert [step for step in steps[number : 2 * number] if step[0] != "renamed"] == []
    folders = [name for what, name in steps[2 * number :] if what == "fsynced"]
    assert sorted(folders) == sorted({"store", *(name[:2] for name in names)})
    assert held.names() == set(names)


def test_pictures_go_to_the_disk_while_more_are_put(workspace: Path, steps: list[tuple[str, str]]) -> None:
    held = Store(workspace)
    for number in range(store.SYNC_FILES):
        held.put(b"picture %d" % number)
    ends = time.monotonic() + 5
    while len([name for _, name in steps if name != workspace.name]) < store.SYNC_FILES and time.monotonic() < ends:
        time.sleep(0.005)
    assert len([name for _, name in steps if name != workspace.name]) == store.SYNC_FILES
    assert held.names() == set()


def test_a_disk_that_fails_once_is_not_believed_afterwards(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Store(workspace)
    held.put(b"picture")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(NoSpaceError, match="storing a picture"):
            held.sync()
    with pytest.raises(NoSpaceError):
        held.sync()
    assert held.names() == set()


def test_the_same_bytes_twice_are_one_file(workspace: Path) -> None:
    held = Store(workspace)
    assert held.put(b"picture") == held.put(b"picture")
    held.sync()
    assert held.put(b"picture") in held.names()
    assert not list((workspace / "store" / "incoming").iterdir())


def test_lines_follow_the_bytes_and_a_candidate_follows_its_image(workspace: Path, steps: list[tuple[str, str]]) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        keeper = Keeper(run, {}, stated=source_row)
        for number in range(3):
            keeper.take(candidate(f"{number}.jpg", outcome="metadata_only"), drawn(number), ANSWERED)
        assert not (run.folder / "candidates.jsonl").exists()
        steps.clear()
        keeper.flush()
        spooled = [name for _, name in steps]
        assert spooled[-3:] == ["images.jsonl", "candidates.jsonl", "answers.jsonl"]
        assert spooled.index("store") < spooled.index("images.jsonl")
        lines = [json.loads(line) for line in (run.folder / "candidates.jsonl").read_bytes().splitlines()]
        assert {line["sha256"] for line in lines} == keeper.store.names()


def test_an_item_stated_twice_is_kept_once(workspace: Path) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        keeper = Keeper(run, {}, stated=source_row)
        for title in ("first", "second"):
            keeper.take(candidate("1.jpg", title=title), drawn(1))
        report = keeper.finish("folder:atelier")
    assert (report.candidates, report.images_added, len(report.problems)) == (1, 1, 1)


FRAMES = [
    (candidate("a.jpg", title="Ã\u2028 gourd"), b"\xff\xd8 bytes \n with a line end", False, ANSWERED),
    (candidate("b.jpg"), b"", False, None),
    (candidate("c.jpg"), None, True, None),
    Problem(where="https://museum.example/m", what="no JSON"),
]


def test_frames_come_out_as_they_went_in_and_no_byte_of_the_next_is_read() -> None:
    packed = [pack(frame) for frame in FRAMES]
    stream = io.BytesIO(b"".join(packed) + pack_end())
    for frame, data in zip(FRAMES, packed, strict=True):
        before = stream.tell()
        assert unpack(stream) == frame
        assert stream.tell() - before == len(data)
    assert unpack(stream) is None


@pytest.mark.parametrize("left", [0, 3, 40, -1])
def test_a_frame_that_is_cut_off_is_no_end(left: int) -> None:
    with pytest.raises(EOFError):
        unpack(io.BytesIO(pack(FRAMES[0])[:left]))


def test_frames_wait_in_order_while_the_command_is_busy_and_all_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "WAITING_BYTES", 1 << 20)
    reading, writing = os.pipe()
    way_out = Outlet(writing)
    bodies = [bytes([number]) * (300 << 10) for number in range(12)]
    sent: list[int] = []

    def send_all() -> None:
        for number, body in enumerate(bodies):
            way_out.send((candidate(f"{number}.jpg"), body, False, None))
            sent.append(number)
        way_out.end()
        way_out.close()
        os.close(writing)

    sender = threading.Thread(target=send_all)
    sender.start()
    ends = time.monotonic() + 5
    while way_out.has_room() and time.monotonic() < ends:
        time.sleep(0.005)
    assert len(sent) <= 6  # nobody reads yet: what waits is limited
    with os.fdopen(reading, "rb", buffering=0) as stream:
        arrived = []
        while (frame := unpack(stream)) is not None:
            assert not isinstance(frame, Problem)
            arrived.append(frame[1])
    sender.join()
    assert arrived == bodies


def test_an_opened_host_never_has_more_requests_at_a_time_than_its_connections(workspace: Path, loopback: Loopback) -> None:
    urls = [loopback.page(f"/many/{number}.jpg", drawn(number)) for number in range(40)]
    canvases = [canvas(f"{loopback.url}/many/{number}", url) for number, url in enumerate(urls)]
    url = loopback.page("/many", manifest(loopback.url + "/many", *canvases, rights=BY))
    lock, under_way, most = threading.Lock(), [0], [0]

    def slowly() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.03)
        with lock:
            under_way[0] -= 1

    for number in range(40):
        loopback.hooks[f"/many/{number}.jpg"] = slowly
    assert harvest_iiif(workspace, [url], allow_hosts=[loopback.host]).outcomes == {"stored": 40}
    assert 2 <= most[0] <= OPENED_CONNECTIONS
