"""Reads IIIF Presentation 3 answers as they are met in the wild: collections, manifests, canvases and what is painted on them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from catalog.records import Candidate, Rights
from harvest.credit import with_credit
from harvest.iiif_image import image_bodies, image_url, needs_login
from harvest.iiif_rights import Layer, read_layers
from harvest.iiif_text import as_list, chosen, identifier, in_other_languages, plain_texts, role_values
from harvest.source import Answer, Ask, Problem
from harvest.text import one_line

DEEPEST = 8
"""Collections within collections below this are not followed (assumption, not measured)."""

Item = Candidate | Ask | Problem


def read_answer(answer: Answer, carry: Mapping[str, Any]) -> Iterator[Item]:
    """Candidates of a manifest, or follow-up asks of a collection. Rubbish of any kind becomes a Problem.

    `carry` holds what the collections above said: `layers` (rights and statement, nearest first) and `path` (addresses).
    """
    try:
        resource = _scrubbed(json.loads(answer.body))
    except (ValueError, RecursionError):
        yield Problem(where=answer.url, what="the answer is no JSON, so no IIIF collection or manifest")
        return
    if not isinstance(resource, dict):
        yield Problem(where=answer.url, what="the answer is no JSON object, so no IIIF collection or manifest")
        return
    kind = str(resource.get("type") or resource.get("@type") or "")
    if kind == "Collection":
        yield from _collection(resource, answer, carry)
    elif kind == "Manifest":
        yield from _manifest(resource, answer, carry)
    elif kind.startswith("sc:"):
        yield Problem(where=answer.url, what=f"{kind} is IIIF Presentation 2, which is not read yet")
    else:
        yield Problem(where=answer.url, what=f"neither a IIIF collection nor a manifest but {kind[:60] or 'untyped'!r}")


def _collection(resource: dict[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Item]:
    path = [*carry.get("path", []), answer.url]
    layers = [Layer.of(resource, "dataset").as_json(), *carry.get("layers", [])]
    for number, member in enumerate(as_list(resource.get("items")), 1):
        where = f"{answer.url} item {number}"
        kind = member.get("type") or member.get("@type") if isinstance(member, dict) else None
        url = web_address(identifier(member), answer.url)
        if kind not in ("Collection", "Manifest") or url is None:
            yield Problem(where=where, what="no collection or manifest with a web address: passed over")
        elif url in path:
            yield Problem(where=where, what=f"a collection that holds itself ({url}): not followed")
        elif len(path) >= DEEPEST and kind == "Collection":
            yield Problem(where=where, what=f"collections nested deeper than {DEEPEST}: not followed")
        else:
            yield Ask(url=url, carry={"layers": layers, "path": path})


@dataclass(frozen=True)
class _Manifest:
    """What all canvases of one manifest share."""

    resource: Mapping[str, Any]
    answer: Answer
    layers: tuple[Layer, ...]
    several: bool
    restricted: bool


def _manifest(resource: dict[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Item]:
    canvases = as_list(resource.get("items"))
    above = tuple(Layer.from_json(one) for one in carry.get("layers", []))
    manifest = _Manifest(resource, answer, (Layer.of(resource, "record"), *above), len(canvases) > 1, needs_login(resource))
    used: Counter[str] = Counter()
    for number, canvas in enumerate(canvases, 1):
        where = f"{answer.url} canvas {number}"
        if not isinstance(canvas, dict) or canvas.get("type", "Canvas") != "Canvas":
            yield Problem(where=where, what="no canvas: passed over")
            continue
        name = one_line(identifier(canvas) or "")
        if not name:
            yield Problem(where=where, what="a canvas without an id: its place in the manifest stands for it")
            name = f"{answer.url}#canvas-{number}"
        for body in image_bodies(canvas):
            used[name] += 1
            source_id = name if used[name] == 1 else f"{name}#{used[name]}"
            yield _candidate(manifest, canvas, body, source_id)


def _candidate(manifest: _Manifest, canvas: Mapping[str, Any], body: Mapping[str, Any], source_id: str) -> Candidate:
    resource, answer = manifest.resource, manifest.answer
    title = _title(manifest, canvas)
    described = canvas if plain_texts(canvas.get("summary")) else resource
    caption, language = chosen(described.get("summary"))
    creator = role_values(canvas, "creator") or role_values(resource, "creator")
    rights = _rights(manifest, canvas, body)
    rights, note = with_credit(rights, None, title=title, creator=creator, name=source_id)
    return Candidate(
        source=f"iiif:{urlsplit(answer.url).netloc.rpartition('@')[2].lower()}",
        source_id=source_id,
        rights=rights,
        outcome="metadata_only",
        page_url=_page(canvas, answer) or _page(resource, answer) or answer.url,
        image_url=image_url(body, manifest_urls=(answer.url, identifier(resource) or ""), base=answer.url),
        title=title,
        creator=creator,
        creation_date=role_values(canvas, "date") or role_values(resource, "date"),
        caption=caption,
        caption_language=language,
        other={**_other(manifest, canvas), **in_other_languages(described.get("summary"), language), **note},
        answer_sha256=answer.sha256,
    )


def _rights(manifest: _Manifest, canvas: Mapping[str, Any], body: Mapping[str, Any]) -> Rights:
    layers = (Layer.of(body, "media"), Layer.of(canvas, "canvas"), *manifest.layers)
    restricted = manifest.restricted or needs_login(canvas) or needs_login(body)
    return read_layers(layers, evidence=manifest.answer.url, restricted=restricted)


def _title(manifest: _Manifest, canvas: Mapping[str, Any]) -> str | None:
    """The manifest's label; with several canvases the canvas's label too, where it says anything."""
    whole, _ = chosen(manifest.resource.get("label"))
    part, _ = chosen(canvas.get("label"))
    if whole and manifest.several and part and any(character.isalnum() for character in part):
        return f"{whole}, {part}"
    return whole or part


def _page(resource: Mapping[str, Any], answer: Answer) -> str | None:
    return next(filter(None, (web_address(identifier(one), answer.url) for one in as_list(resource.get("homepage")))), None)


def _other(manifest: _Manifest, canvas: Mapping[str, Any]) -> dict[str, str]:
    """Provider, manifest, and the metadata pairs as they are; the canvas's before the manifest's."""
    found = {"manifest": identifier(manifest.resource) or manifest.answer.url}
    providers = [text for one in as_list(manifest.resource.get("provider")) if isinstance(one, dict)
                 for text in [chosen(one.get("label"))[0]] if text]  # fmt: skip
    if providers:
        found["provider"] = "; ".join(providers)
    for resource in (canvas, manifest.resource):
        for pair in as_list(resource.get("metadata"))[:60]:
            if isinstance(pair, dict) and (label := chosen(pair.get("label"))[0]) and (value := chosen(pair.get("value"))[0]):
                found.setdefault(label[:100], value[:2000])
    return {one_line(label): one_line(value) for label, value in found.items()}


def _scrubbed(value: Any) -> Any:
    """The same JSON without half characters (lone surrogates) and NULs, which no database takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [_scrubbed(one) for one in value]
    if isinstance(value, dict):
        return {_scrubbed(name): _scrubbed(one) for name, one in value.items()}
    return value


def web_address(text: str | None, base: str) -> str | None:
    """An absolute http or https address without its fragment, or None."""
    if not text or not text.strip():
        return None
    try:
        url = urldefrag(urljoin(base, one_line(text))).url
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
