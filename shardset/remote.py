"""A folder of shards at a URL that fsspec knows (S3, Google Cloud, Azure, SFTP, HTTP…): uploads whole or not at all.

A file is first written to a file without a name on this machine, then handed to the filesystem in one call. Streaming into
fsspec's own buffered file would spare the disk space, but leaving its block, even by an error, completes the upload on most
filesystems, and which of them can take that back differs.
"""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from base.errors import SourceError, UsageError
from shardset import names

log = logging.getLogger(__name__)

MEMORY_BYTES = 8 << 20
"""A file up to this is kept in memory until it is whole; larger ones go through the disk (TMPDIR)."""
S3 = ("s3", "s3a")
UPLOAD = {"chunksize": 16 << 20, "max_concurrency": 4}
"""Of S3: 64 MiB of parts at a time; s3fs's own setting would be ten of 50 MiB. 10,000 parts are 160 GB. A file of 250 MB
took 132 MB more memory (moto on loopback, 2026-11-21)."""
STORES = frozenset({*S3, "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "tos", "hf", "memory"})
"""Object stores: a file appears when its upload is complete, and a folder needs no making. Elsewhere a file is renamed."""
READ_ONLY = frozenset({"http", "https", "github", "zip", "tar", "git", "reference", "data"})

_PASSWORD = re.compile(r"[^@]*:[^@]*@")
_SECRETS = (re.compile(r"(?<=//)[^/@\s]*@"), re.compile(r"\?[^\s'\"]+"))
_FAILURES = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "aiohttp": ("ClientError",),
    "gcsfs.retry": ("HttpError",),
    "azure.core.exceptions": ("AzureError",),
    "paramiko": ("SSHException",),
    "smbprotocol.exceptions": ("SMBException",),
    "requests": ("RequestException",),
}
"""What filesystems raise beside OSError."""
_REFUSED = frozenset(
    (
        *("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "ClientAuthenticationError", "ProfileNotFound"),
        *("AuthenticationException", "SSOTokenLoadError", "UnauthorizedSSOTokenError"),
    )
)
"""Of these, by name, the ones that say who one is or that one may not."""


class Remote:
    """Implements `shardset.target.Target`. Can be sent to workers: each process opens its own connection.

    Credentials and endpoints come from where the filesystem looks for them: AWS_PROFILE, AWS_ACCESS_KEY_ID,
    AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS, `~/.config/fsspec`….
    """

    def __init__(self, url: str) -> None:
        """No connection is made yet.

        Raises:
            UsageError: the URL holds a password or a signature, its protocol is unknown, or a library is missing.
        """
        self.where = _shown(url)
        self.protocol = self.where.partition("://")[0].lower()
        self._opened: tuple[int, Any, str] | None = None
        _check_protocol(self.protocol, self.where)

    def __getstate__(self) -> dict[str, Any]:
        """Connections stay with their process."""
        return {**self.__dict__, "_opened": None}

    def size(self, name: str) -> int | None:
        """As for `Target`."""
        with self._told(f"look for {name} in"):
            filesystem, root = self._fresh()
            try:
                found = filesystem.info(f"{root}/{name}")
            except FileNotFoundError:
                return None
            return int(found["size"]) if found["type"] == "file" else None

    def read(self, name: str) -> bytes:
        """As for `Target`."""
        with self._told(f"read {name} from", name):
            filesystem, root = self._fresh()
            return bytes(filesystem.cat_file(f"{root}/{name}"))

    def read_range(self, name: str, offset: int, size_bytes: int) -> bytes:
        """As for `Target`."""
        if size_bytes <= 0:
            return b""
        with self._told(f"read {name} from", name):
            filesystem, root = self._fresh()
            try:
                return bytes(filesystem.cat_file(f"{root}/{name}", start=offset, end=offset + size_bytes))
            except FileNotFoundError:
                raise
            except (OSError, ValueError):  # S3 and HTTP refuse a range beyond the end
                if offset < int(filesystem.info(f"{root}/{name}")["size"] or 0):
                    raise
                return b""

    def listed(self) -> list[str]:
        """As for `Target`.

        Raises:
            UsageError: the bucket itself is not there.
        """
        with self._told("list"):
            filesystem, root = self._fresh()
            try:
                found = filesystem.ls(root, detail=True)
            except FileNotFoundError:
                if self.protocol in STORES and self.protocol != "memory":
                    self._check_bucket(filesystem, root)
                return []
            inside = (str(one["name"]).rpartition("/")[2] for one in found if one["type"] == "file")
            return sorted(name for name in inside if name)  # the empty one marks a folder that was made by hand

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """As for `Target`. The upload begins when the block has ended."""
        if self.protocol in READ_ONLY:
            raise UsageError(f"{self.where} can only be read: export to a folder or a bucket.")
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as stream:
            yield cast(IO[bytes], stream)
            size_bytes = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            with self._told(f"write {name} into"):
                self._upload(stream, name, size_bytes)

    def remove(self, name: str) -> None:
        """As for `Target`."""
        with self._told(f"remove {name} from"):
            filesystem, root = self._fresh()
            filesystem.rm_file(f"{root}/{name}")

    def sweep(self, ours: Callable[[str], bool]) -> None:
        """As for `Target`: files not renamed yet, and on S3 uploads in parts, which cost money until they are aborted.

        Google and Azure forget unfinished uploads by themselves, after a week. Nobody else may be writing `ours` now.
        """
        if self.protocol in S3:
            self._abort_uploads(ours)
        elif self.protocol not in STORES | READ_ONLY:
            for name in self.listed():
                found = names.TEMPORARY.fullmatch(name)
                if found and ours(found[1]):
                    self.remove(name)

    def _fresh(self) -> tuple[Any, str]:
        """The filesystem of this process, without what it remembers of listings, and the folder's path in it."""
        if self._opened is None or self._opened[0] != os.getpid():  # fsspec's connections do not survive a fork
            import fsspec

            filesystem, root = fsspec.core.url_to_fs(self.where)
            self._opened = (os.getpid(), filesystem, str(root).rstrip("/"))
        _, filesystem, root = self._opened
        filesystem.invalidate_cache()
        return filesystem, root

    def _upload(self, stream: Any, name: str, size_bytes: int) -> None:
        filesystem, root = self._fresh()
        there = f"{root}/{name}"
        renamed = self.protocol not in STORES
        path = f"{root}/.{name}.{os.getpid()}.tmp" if renamed else there
        if renamed:
            filesystem.makedirs(root, exist_ok=True)
        try:
            if size_bytes <= MEMORY_BYTES:
                filesystem.pipe_file(path, stream.read())
            else:
                stream.flush()
                filesystem.put_file(f"/dev/fd/{stream.fileno()}", path, **(UPLOAD if self.protocol in S3 else {}))
            if renamed:
                _rename(filesystem, path, there)
        except BaseException:
            if renamed and filesystem.exists(path):
                filesystem.rm_file(path)
            raise
        if (found := self.size(name)) != size_bytes:
            raise SourceError(f"{self.where}/{name} has {found} bytes after {size_bytes} were written: run again.")

    def _abort_uploads(self, ours: Callable[[str], bool]) -> None:
        with self._told("look for unfinished uploads in"):
            filesystem, root = self._fresh()
            bucket, _, folder = root.partition("/")
            prefix = f"{folder}/" if folder else ""
            further: dict[str, str] = {}
            while True:
                try:
                    page = filesystem.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix, **further)
                except (PermissionError, NotImplementedError) as error:
                    log.warning("unfinished uploads not looked for where=%s reason=%s", self.where, _without_secrets(error))
                    return
                for upload in page.get("Uploads", ()):
                    if ours(upload["Key"].removeprefix(prefix)):
                        facts = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                        filesystem.call_s3("abort_multipart_upload", **facts)
                if not page.get("IsTruncated"):
                    return
                further = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def _check_bucket(self, filesystem: Any, root: str) -> None:
        try:
            filesystem.info(root.partition("/")[0])
        except FileNotFoundError:
            raise self._no_bucket() from None
        except PermissionError:
            pass  # who may use a folder of a bucket need not be allowed to ask for the bucket

    def _no_bucket(self) -> UsageError:
        return UsageError(f"{self.where}: there is no such bucket. Make it first, or mend the name; nothing was written.")

    @contextmanager
    def _told(self, doing: str, name: str = "") -> Iterator[None]:
        """The filesystem's own errors in words that say what to do."""
        try:
            yield
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket" or "bucket does not exist" in str(error):
                raise self._no_bucket() from error
            raise SourceError(f"{self.where}/{name} is missing." if name else f"{self.where} is not there.") from error
        except ImportError as error:
            raise _missing(self.where, error) from error
        except _failures() as error:
            said = _without_secrets(error)
            if isinstance(error, PermissionError) or type(error).__name__ in _REFUSED:
                raise UsageError(
                    f"not allowed to {doing} {self.where} ({said}). Credentials come from the environment, never from the URL: "
                    "check AWS_PROFILE or AWS_ACCESS_KEY_ID, or what your filesystem asks for, and what that user may do."
                ) from error
            raise SourceError(
                f"cannot {doing} {self.where} ({said}). Check the network and the endpoint (AWS_ENDPOINT_URL), then run again: "
                "files there are whole or absent."
            ) from error


def _shown(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        UsageError: it holds what must not be recorded; the message does not repeat it.
    """
    protocol, _, rest = url.partition("://")
    if _PASSWORD.match(rest) or ("@" in rest.partition("/")[0] and protocol.lower() in (*S3, "gs", "gcs")):
        raise UsageError(
            f"the {protocol} URL holds a key or password, which would be recorded with the export: leave it out, and set it in "
            "the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE…)."
        )
    if "?" in rest or "#" in rest:
        raise UsageError(
            f"the {protocol} URL holds a query ('?' or '#'), where signatures and tokens stand: give the folder's plain URL, and "
            "credentials in the environment."
        )
    if not rest.strip("/") and protocol != "memory":
        raise UsageError(f"{url} names no folder: give {protocol}://bucket/folder.")
    return url.rstrip("/")


def _check_protocol(protocol: str, where: str) -> None:
    try:
        import fsspec

        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise _missing(where, error) from error
    except ValueError:
        raise UsageError(
            f"{where}: fsspec knows no protocol {protocol!r}. Give a folder, s3://bucket/folder or the like."
        ) from None


def _missing(where: str, error: ImportError) -> UsageError:
    return UsageError(f"{where} needs a library that is not installed ({error}): `uv sync --extra remote`, or install that one.")


def _failures() -> tuple[type[BaseException], ...]:
    """The errors of the libraries that are loaded; none is loaded for it."""
    found: list[type[BaseException]] = [OSError, NotImplementedError]
    for module, classes in _FAILURES.items():
        if module in sys.modules:
            found += [getattr(sys.modules[module], name) for name in classes]
    return tuple(found)


def _code(error: BaseException) -> str:
    """S3's word for what went wrong; empty where there is none."""
    answer = getattr(error.__cause__ or error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _without_secrets(error: BaseException) -> str:
    """What the error says on one line, without users, passwords and queries of URLs."""
    said = " ".join(str(error).split()) or type(error).__name__
    for pattern in _SECRETS:
        said = pattern.sub("…", said)
    return said[:300]


def _rename(filesystem: Any, path: str, there: str) -> None:
    try:
        filesystem.mv(path, there)
    except OSError:
        if not filesystem.exists(there):
            raise
        filesystem.rm_file(there)  # HDFS, SMB and some FTP servers rename onto nothing that stands
        filesystem.mv(path, there)
