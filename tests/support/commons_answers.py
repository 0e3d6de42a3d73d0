"""Answers of Wikimedia Commons as they are really shaped, for tests."""

import json
from collections.abc import Mapping
from typing import Any

from catalog.records import Candidate
from harvest.source import Answer
from harvest.sources.commons import Source

URL = "https://commons.wikimedia.org/w/api.php?action=query&generator=search&gsrsearch=mate"
BY_SA = {
    "LicenseShortName": "CC BY-SA 4.0",
    "License": "cc-by-sa-4.0",
    "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0",
}


def page(number: int = 7, file: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A page with one image; `fields` are of `extmetadata`, `file` of `imageinfo`."""
    stated = {name: {"value": value, "source": "commons-desc-page"} for name, value in fields.items() if value is not None}
    info = {
        "url": f"https://upload.wikimedia.org/wikipedia/commons/a/ab/{number}.jpg",
        "descriptionurl": f"https://commons.wikimedia.org/wiki/File:{number}.jpg",
        "sha1": "0123456789abcdef0123456789ABCDEF01234567", "size": 5, "width": 640, "height": 480, "mime": "image/jpeg",
        "mediatype": "BITMAP", "extmetadata": stated, **(file or {}),
    }  # fmt: skip
    return {"pageid": number, "ns": 6, "title": f"File:{number}.jpg", "imageinfo": [info]}


def read(resource: Any, carry: Mapping[str, Any] | None = None, source: Source | None = None) -> list[Any]:
    body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    return list((source or Source()).parse(Answer(URL, body), carry or {}))


def batch(*pages: Any, **more: Any) -> dict[str, Any]:
    return {"batchcomplete": True, "query": {"pages": list(pages)}, **more}


def one(**fields: Any) -> Candidate:
    file = fields.pop("file", None)
    (found,) = read(batch(page(7, file, **{**BY_SA, **fields})))
    assert isinstance(found, Candidate)
    return found
