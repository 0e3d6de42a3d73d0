"""Files are whole and durable whatever their size and whatever the file system can do; what fails leaves nothing behind."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from base import direct
from base.direct import BLOCK_BYTES, BUFFER_BYTES, STREAM_BUFFER_BYTES, DirectStream, write_durably
from base.files import written_whole
from catalog.store import SYNC_THREADS, Store

SIZES = (0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3_333_333)


def files(folder: Path) -> list[tuple[str, bytes]]:
    """One of each size; the larger come first, so that a buffer holds what is left of another file."""
    return [(str(folder / str(size)), os.urandom(size)) for size in reversed(SIZES)]


def refuse_direct(monkeypatch: pytest.MonkeyPatch, at_open: bool) -> None:
    """A file system that knows no direct writes, and says so when a file is opened, or written."""
    opened, write = os.open, os.write

    def noted_open(path: str, flags: int, mode: int = 0o777) -> int:
        if at_open and flags & direct.DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return opened(path, flags, mode)

    def noted_write(handle: int, data: memoryview) -> int:
        if not at_open and fcntl.fcntl(handle, fcntl.F_GETFL) & direct.DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return write(handle, data)

    monkeypatch.setattr(os, "open", noted_open)
    monkeypatch.setattr(os, "write", noted_write)


@pytest.mark.parametrize("refused", [None, "at open", "at write"])
def test_every_file_holds_its_bytes_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str | None) -> None:
    written = files(tmp_path)
    with monkeypatch.context() as patched:
        if refused:
            refuse_direct(patched, at_open=refused == "at open")
        write_durably(written)
    assert {path: Path(path).read_bytes() for path, _ in written} == dict(written)


def test_a_file_that_cannot_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"):
            write_durably(files(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_is_waited_for_and_its_pictures_do_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Store(tmp_path)
    most: list[int] = []
    monkeypatch.setattr("catalog.store.SYNC_BYTES", 1000)
    monkeypatch.setattr("catalog.store.write_durably", lambda lot: most.append(len(held._syncing)))
    for number in range(5 * SYNC_THREADS):
        held.put(number.to_bytes(4, "big") + bytes(1000))
    assert len(most) >= 4 * SYNC_THREADS
    assert max(most) <= SYNC_THREADS + 1


@pytest.mark.parametrize("refused", [None, "at open", "at write"])
@pytest.mark.parametrize(
    "size", [0, 1, BLOCK_BYTES, STREAM_BUFFER_BYTES - 1, STREAM_BUFFER_BYTES, STREAM_BUFFER_BYTES + 5, 9_999_999]
)
def test_a_stream_holds_what_was_written_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str | None, size: int
) -> None:
    whole = os.urandom(size)
    with monkeypatch.context() as patched:
        if refused:
            refuse_direct(patched, at_open=refused == "at open")
        with written_whole(tmp_path / "file", past_cache=True) as stream:
            for start in range(0, size, 700_001):
                stream.writelines([whole[start : start + 100_000], whole[start + 100_000 : start + 700_001]])
    assert (tmp_path / "file").read_bytes() == whole


def test_what_follows_a_flush_is_written_too(tmp_path: Path) -> None:
    with DirectStream(str(tmp_path / "file")) as stream:
        stream.write(b"a" * 5000)
        stream.flush()
        stream.write(b"b" * (STREAM_BUFFER_BYTES + 3))
    assert (tmp_path / "file").read_bytes() == b"a" * 5000 + b"b" * (STREAM_BUFFER_BYTES + 3)


def test_a_stream_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"), written_whole(tmp_path / "file", past_cache=True) as stream:
            stream.write(b"x" * 10)
    assert list(tmp_path.iterdir()) == []
