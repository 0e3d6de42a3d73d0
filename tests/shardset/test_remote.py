"""Folders of shards in a bucket: files whole or not at all, nothing stale, errors that say what to do, and no secret told."""

import contextlib
import os
import pickle
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_shards import sample

import shardset.remote
from base.errors import SourceError, UsageError
from shardset.remote import MEMORY_BYTES, Remote
from shardset.target import LocalFolder, Target, target
from shardset.write import write_folder

BUCKET = "acervo"
LARGE = bytes(range(256)) * (33 << 12)  # 33 MiB: over the size kept in memory, and three parts of an upload


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """moto's server on loopback with one bucket; yields a client of it."""
    import boto3
    import fsspec
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "chave",
        "AWS_SECRET_ACCESS_KEY": "segredo",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()
        fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


@pytest.fixture
def remote(bucket: Any, request: pytest.FixtureRequest) -> Remote:
    """An empty folder of its own in the bucket."""
    return Remote(f"s3://{BUCKET}/{abs(hash(request.node.name))}/coleção")


def keys(client: Any, place: Remote) -> list[str]:
    prefix = place.where.removeprefix(f"s3://{BUCKET}/")
    return [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]


def put(place: Target, name: str, data: bytes) -> None:
    with place.writing(name) as stream:
        stream.write(data)


@pytest.fixture(params=["s3", "memory", "local"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """The same contract over a bucket, in memory, and over fsspec's folder on this machine, where files are renamed."""
    if request.param == "s3":
        made: Remote = request.getfixturevalue("remote")
        return made
    return Remote({"memory": f"memory://{tmp_path.name}", "local": f"local://{tmp_path}/deep/er"}[str(request.param)])


def test_what_is_written_is_listed_sized_and_read_in_whole_and_in_part(place: Target) -> None:
    assert place.listed() == []
    assert place.size("a.tar") is None
    put(place, "b.tar", b"bees")
    put(place, "a.tar", LARGE[: MEMORY_BYTES + 5])
    if not place.where.startswith("local:"):
        put(place, "inside/c.tar", b"not looked into")
    assert place.listed() == ["a.tar", "b.tar"]
    assert place.size("a.tar") == MEMORY_BYTES + 5
    assert place.size("inside") is None
    assert place.read("a.tar") == LARGE[: MEMORY_BYTES + 5]
    assert place.read_range("a.tar", 300, 4) == LARGE[300:304]
    assert place.read_range("b.tar", 2, 99) == b"es"
    assert place.read_range("b.tar", 4, 99) == b""
    assert place.read_range("b.tar", 99, 1) == b""
    put(place, "b.tar", b"other bees")
    assert (place.size("b.tar"), place.read("b.tar")) == (10, b"other bees")
    place.remove("b.tar")
    assert place.listed() == ["a.tar"]
    for reading in (lambda: place.read("b.tar"), lambda: place.read_range("b.tar", 0, 1)):
        with pytest.raises(SourceError, match=r"/b\.tar is missing"):
            reading()


@pytest.mark.parametrize("size_bytes", [10, MEMORY_BYTES + 1])
def test_an_interrupted_write_leaves_the_file_as_it_was(place: Target, size_bytes: int) -> None:
    put(place, "a.tar", b"before")
    for name in ("a.tar", "new.tar"):
        with pytest.raises(KeyboardInterrupt), place.writing(name) as stream:
            stream.write(LARGE[:size_bytes])
            raise KeyboardInterrupt
    assert place.listed() == ["a.tar"]
    assert place.read("a.tar") == b"before"


def test_an_upload_that_fails_leaves_nothing(place: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    put(place, "first.tar", b"the folder is there")
    filesystem, _ = place._fresh()  # type: ignore[attr-defined]  # the connection is what fails

    def broken(*_: Any, **__: Any) -> None:
        raise ConnectionResetError("cut")

    if filesystem.protocol[0] == "s3":
        real = filesystem._call_s3

        async def cut(method: str, *rest: Any, **more: Any) -> Any:
            return broken() if more.get("PartNumber") == 3 else await real(method, *rest, **more)

        monkeypatch.setattr(filesystem, "_call_s3", cut)
    else:
        monkeypatch.setattr(filesystem, "mv", broken)
        monkeypatch.setattr(filesystem, "put_file" if "memory" in place.where else "mv", broken)
    with pytest.raises(SourceError, match=r"cannot write a\.tar into .*cut.*run again"):
        put(place, "a.tar", LARGE)
    monkeypatch.undo()
    assert place.listed() == ["first.tar"]
    if filesystem.protocol[0] == "s3":
        assert filesystem.list_multipart_uploads(BUCKET) == []


def test_changes_by_others_are_seen_at_once(bucket: Any, remote: Remote) -> None:
    put(remote, "a.tar", b"mine")
    assert remote.listed() == ["a.tar"]
    folder = keys(bucket, remote)[0].removesuffix("a.tar")
    bucket.put_object(Bucket=BUCKET, Key=f"{folder}b.tar", Body=b"theirs")
    bucket.put_object(Bucket=BUCKET, Key=f"{folder}a.tar", Body=b"mine no more")
    bucket.put_object(Bucket=BUCKET, Key=folder, Body=b"")  # the mark of a folder made by hand
    assert remote.listed() == ["a.tar", "b.tar"]
    assert (remote.size("a.tar"), remote.read("a.tar")) == (12, b"mine no more")
    bucket.delete_object(Bucket=BUCKET, Key=f"{folder}a.tar")
    assert remote.size("a.tar") is None


def test_a_large_upload_goes_in_parts_of_bounded_size(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    filesystem, _ = remote._fresh()
    real, parts = filesystem._call_s3, []

    async def counted(method: str, *rest: Any, **more: Any) -> Any:
        parts.extend([len(more["Body"])] if "Body" in more else [])
        return await real(method, *rest, **more)

    monkeypatch.setattr(filesystem, "_call_s3", counted)
    put(remote, "a.tar", LARGE)
    monkeypatch.undo()
    assert sorted(parts) == [1 << 20, 16 << 20, 16 << 20]
    assert remote.size("a.tar") == len(LARGE)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_writer_killed_inside_an_upload_leaves_nothing_that_a_sweep_does_not_take_away(bucket: Any, remote: Remote) -> None:
    child = os.fork()
    if not child:
        filesystem, _ = remote._fresh()
        real = filesystem._call_s3

        async def deadly(method: str, *rest: Any, **more: Any) -> Any:
            if more.get("PartNumber") == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return await real(method, *rest, **more)

        filesystem._call_s3 = deadly
        with contextlib.suppress(BaseException):
            put(remote, "manifest.json", LARGE)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert remote.listed() == []
    assert len(bucket.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 1
    remote.sweep(lambda name: name == "manifest.json")
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket=BUCKET)


def test_a_sweep_aborts_our_unfinished_uploads_and_no_other(bucket: Any, remote: Remote) -> None:
    folder = remote.where.removeprefix(f"s3://{BUCKET}/")
    names = ["manifest.json", "theirs.bin", "deeper/manifest.json"]
    for name in names:
        bucket.create_multipart_upload(Bucket=BUCKET, Key=f"{folder}/{name}")
    bucket.create_multipart_upload(Bucket=BUCKET, Key="manifest.json")
    remote.sweep(lambda name: name == "manifest.json")
    left = [one["Key"] for one in bucket.list_multipart_uploads(Bucket=BUCKET)["Uploads"]]
    assert sorted(left) == sorted([f"{folder}/theirs.bin", f"{folder}/deeper/manifest.json", "manifest.json"])
    for one in bucket.list_multipart_uploads(Bucket=BUCKET)["Uploads"]:
        bucket.abort_multipart_upload(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"])


def test_a_sweep_removes_our_files_that_were_not_renamed(tmp_path: Path) -> None:
    for name in (".manifest.json.77.tmp", ".theirs.77.tmp", "manifest.json"):
        (tmp_path / name).touch()
    Remote(f"local://{tmp_path}").sweep(lambda name: name == "manifest.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == [".theirs.77.tmp", "manifest.json"]


def test_shards_in_a_bucket_are_the_same_bytes_and_kept_when_unchanged(tmp_path: Path, remote: Remote) -> None:
    samples = [sample(number) for number in range(9)]
    samples += [sample(50, parent=samples[0].key)]
    about: dict[str, Any] = {"selection": {}}
    here = write_folder(tmp_path / "here", samples, purpose="research", about=about)
    there = write_folder(remote, samples, purpose="research", about=about)
    assert there.manifest_digest == here.manifest_digest
    assert {name: remote.read(name) for name in remote.listed()} == {
        path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()
    }
    assert write_folder(remote, samples, purpose="research", about=about).written == ()
    fewer = write_folder(remote, samples[1:9], purpose="research", about=about)
    assert 1 <= len(fewer.written) < len(there.written)
    assert not set(fewer.removed) & set(remote.listed())


def test_a_worker_gets_a_connection_of_its_own(remote: Remote) -> None:
    put(remote, "a.tar", b"bees")
    sent = pickle.loads(pickle.dumps(remote))
    assert sent.read("a.tar") == b"bees"
    assert b"segredo" not in pickle.dumps(remote)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_worker_reads_too(remote: Remote) -> None:
    put(remote, "a.tar", b"bees")
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os._exit(0 if remote.read("a.tar") == b"bees" else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_missing_bucket_is_named_before_and_at_writing(bucket: Any) -> None:
    place = Remote("s3://nowhere/collection")
    with pytest.raises(UsageError, match="s3://nowhere/collection: there is no such bucket"):
        place.listed()
    with pytest.raises(UsageError, match="there is no such bucket"):
        put(place, "a.tar", b"x")
    assert [one["Name"] for one in bucket.list_buckets()["Buckets"]] == [BUCKET]


def test_a_refusal_says_whose_permission_is_missing(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    filesystem, _ = remote._fresh()

    async def refused(*_: Any, **__: Any) -> None:
        raise PermissionError("Access Denied for http://ana:senha@127.0.0.1/x?X-Amz-Signature=abc")

    monkeypatch.setattr(filesystem, "_call_s3", refused)
    for attempt in (remote.listed, lambda: remote.size("a"), lambda: put(remote, "a", b"x"), lambda: remote.remove("a")):
        with pytest.raises(UsageError, match=r"not allowed to .*Access Denied.*AWS_PROFILE") as told:
            attempt()
        assert "senha" not in str(told.value)
        assert "abc" not in str(told.value)
    remote.sweep(lambda name: True)  # who may write need not be allowed to list uploads: only a warning


def test_no_credentials_and_no_network_say_what_to_do(bucket: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import fsspec

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")  # nobody listens
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        with pytest.raises(SourceError, match=r"cannot list s3://acervo/away .*network.*AWS_ENDPOINT_URL"):
            Remote("s3://acervo/away").listed()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(UsageError, match=r"not allowed to list .*credentials.*AWS_PROFILE"):
        Remote("s3://acervo/away").listed()
    monkeypatch.undo()
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIAXYZ:s3nha@acervo/x",
        "s3://AKIAXYZ:s3nha/com/barra@acervo/x",
        "s3://AKIAs3nha@acervo/x",
        "sftp://ana:s3nha@host/x",
        "https://host/x?token=s3nha",
        "abfs://caixa@conta.example/x?sig=s3nha",
        "s3://acervo/x#s3nha",
    ],
)
def test_a_url_with_credentials_is_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(UsageError) as told:
        target(url)
    assert "s3nha" not in str(told.value)


def test_users_without_a_password_are_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shardset.remote, "_check_protocol", lambda *_: None)
    for url in ("abfs://caixa@conta.dfs.core.windows.net/x", "sftp://ana@host/x"):
        assert Remote(url + "/").where == url


def test_unknown_protocols_missing_libraries_and_read_only_places_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="knows no protocol 's4'"):
        target("s4://acervo/x")
    with pytest.raises(UsageError, match="names no folder"):
        target("s3://")
    with pytest.raises(UsageError, match="can only be read"):
        put(target("http://127.0.0.1:9/x"), "a", b"x")
    with pytest.raises(UsageError, match=r"gs://acervo/x needs .*uv sync --extra remote"):
        target("gs://acervo/x")  # gcsfs is in no extra
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(UsageError, match="uv sync --extra remote"):
        target("s3://acervo/x")


def test_file_urls_and_paths_stay_folders_of_this_machine(tmp_path: Path) -> None:
    assert isinstance(target(f"file://{tmp_path}"), LocalFolder)
    assert isinstance(target(str(tmp_path)), LocalFolder)
    put(target(f"file://{tmp_path}/new"), "a", b"x")
    assert (tmp_path / "new" / "a").read_bytes() == b"x"
