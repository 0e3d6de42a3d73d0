"""Reads IIIF Presentation answers, version 2 or 3 or a mixture, as they are met in the wild: manifests and what is painted."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from catalog.records import Candidate, Rights
from harvest.credit import with_credit
from harvest.gate import is_refused
from harvest.iiif_collection import members
from harvest.iiif_description import description_ask, read_description
from harvest.iiif_image import Painted, image_url, needs_login, painted_images, to_be_asked
from harvest.iiif_rights import Layer, both, read_layers
from harvest.iiif_service import declared_px, image_service, is_described, web_address
from harvest.iiif_text import as_list, chosen, identifier, in_other_languages, plain_texts, role_values
from harvest.source import Answer, Ask, Problem
from harvest.text import one_line

DEEPEST = 8
"""Collections within collections below this are not followed, unless the user says so (assumption, not measured)."""

ASK_SERVICES = "ask_services"
"""In `carry`: image services are asked where they may give more than the manifest's own address. Without it a manifest
speaks for itself alone."""

LOGIN = "the manifest declares a login"

Item = Candidate | Ask | Problem


def read_answer(answer: Answer, carry: Mapping[str, Any], depth: int = DEEPEST) -> Iterator[Item]:
    """Candidates of a manifest, or follow-up asks of a collection. Rubbish of any kind becomes a Problem.

    Args:
        answer: A collection, a manifest, or an image service's description.
        carry: As `harvest.iiif_collection.members` and `harvest.iiif_description.description_ask` made it.
        depth: How many collections may lie within collections.
    """
    if "candidate" in carry:
        yield from read_description(answer, carry)
        return
    try:
        resource = _scrubbed(json.loads(answer.body))
    except (ValueError, RecursionError):
        yield Problem(where=answer.url, what="the answer is no JSON, so no IIIF collection or manifest")
        return
    if not isinstance(resource, dict):
        yield Problem(where=answer.url, what="the answer is no JSON object, so no IIIF collection or manifest")
        return
    kind = _kind(resource)
    if kind == "Collection":
        yield from members(resource, answer, carry, depth)
    elif kind == "Manifest":
        yield from _manifest(resource, answer, carry)
    else:
        yield Problem(where=answer.url, what=f"neither a IIIF collection nor a manifest but {kind[:60] or 'untyped'!r}")


def _kind(resource: Mapping[str, Any]) -> str:
    """Collection or Manifest, by its own word or else by its parts; any other word as it is."""
    said = resource.get("type") or resource.get("@type") or ""
    words = [one.rpartition(":")[2] for one in as_list(said) if isinstance(one, str)]
    if found := next((word for word in words if word in ("Collection", "Manifest")), None):
        return found
    if not said and "sequences" in resource:
        return "Manifest"
    if not said and any(name in resource for name in ("manifests", "members", "collections")):
        return "Collection"
    return str(said)


@dataclass(frozen=True)
class _Manifest:
    """What all canvases of one manifest share."""

    resource: Mapping[str, Any]
    answer: Answer
    layers: tuple[Layer, ...]
    several: bool
    restricted: bool
    collection: str | None  # outermost address of the collections, where one of them states rights

    @cached_property
    def creator(self) -> str | None:
        """Of the whole, as its metadata have it."""
        return role_values(self.resource, "creator")

    @cached_property
    def date(self) -> str | None:
        """Of the whole."""
        return role_values(self.resource, "date")

    @cached_property
    def label(self) -> str | None:
        """Of the whole."""
        return chosen(self.resource.get("label"))[0]

    @cached_property
    def page(self) -> str | None:
        """Where the whole is shown."""
        return _page(self.resource, self.answer)

    @cached_property
    def metadata(self) -> list[tuple[str, str]]:
        """Pairs of label and value, as they stand."""
        return list(_pairs(self.resource))

    @cached_property
    def facts(self) -> dict[str, str]:
        """What the candidates of all canvases say of their manifest."""
        return _facts(self)

    @cached_property
    def rights(self) -> dict[bool, Rights]:
        """Of a canvas that says nothing itself, behind a login and without one."""
        return {closed: read_layers(self.layers, evidence=self.answer.url, restricted=closed) for closed in (False, True)}

    @property
    def urls(self) -> tuple[str, str]:
        """Where it came from, and what it says of itself."""
        return self.answer.url, identifier(self.resource) or ""


@dataclass(frozen=True)
class _Canvas:
    """One canvas: its place among all, where it is named in problems, and the layer of its sequence."""

    number: int
    resource: Any
    layers: tuple[Layer, ...]


def _manifest(resource: dict[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Item]:
    canvases = _canvases(resource)
    if not canvases:
        yield Problem(where=answer.url, what="a manifest without canvases")
    above = tuple(Layer.from_json(one) for one in carry.get("layers", []))
    collection = next(iter(carry.get("path", [])), None) if above else None
    layers = (Layer.of(resource, "record"), *above)
    manifest = _Manifest(resource, answer, layers, len(canvases) > 1, needs_login(resource), collection)
    used: Counter[str] = Counter()
    for canvas in canvases:
        where = f"{answer.url} canvas {canvas.number}"
        if not _is_canvas(canvas.resource):
            yield Problem(where=where, what="no canvas: passed over")
            continue
        name = one_line(identifier(canvas.resource) or "")
        if not name:
            yield Problem(where=where, what="a canvas without an id: its place in the manifest stands for it")
            name = f"{answer.url}#canvas-{canvas.number}"
        for painted in painted_images(canvas.resource):
            used[name] += 1
            source_id = name if used[name] == 1 else f"{name}#{used[name]}"
            candidate = _candidate(manifest, canvas, painted, source_id)
            service = None
            if carry.get(ASK_SERVICES) and not is_refused(candidate.rights):
                service = to_be_asked(painted.body, canvas.resource, manifest_urls=manifest.urls, base=answer.url)
            yield description_ask(candidate, service) if service else candidate


def _canvases(resource: Mapping[str, Any]) -> list[_Canvas]:
    """Those of version 3, then those of version 2's sequences: further sequences give the same canvases in another order."""
    found = [(one, ()) for one in as_list(resource.get("items"))]
    seen: set[str] = set()
    for sequence in as_list(resource.get("sequences")):
        if not isinstance(sequence, dict):
            continue
        layer = Layer.of(sequence, "record")
        here = [one for one in as_list(sequence.get("canvases")) if (identifier(one) or "") not in seen]
        found += [(one, () if layer.says_nothing else (layer,)) for one in here]  # type: ignore[misc]
        seen |= {name for one in here if (name := identifier(one))}
    return [_Canvas(number, one, layers) for number, (one, layers) in enumerate(found, 1)]


def _is_canvas(canvas: Any) -> bool:
    if not isinstance(canvas, dict):
        return False
    kind = canvas.get("type", canvas.get("@type", "Canvas"))
    return isinstance(kind, str) and kind.rpartition(":")[2] == "Canvas"


def _candidate(manifest: _Manifest, canvas: _Canvas, painted: Painted, source_id: str) -> Candidate:
    resource, answer, part = manifest.resource, manifest.answer, canvas.resource
    title = _title(manifest, part)
    described = next((one for one in (part, resource) if plain_texts(_description(one))), resource)
    caption, language = chosen(_description(described))
    creator = role_values(part, "creator") or manifest.creator
    rights = _rights(manifest, canvas, painted)
    rights, note = with_credit(rights, None, title=title, creator=creator, name=source_id)
    other = {**_other(manifest, part), **_size(painted.body), **in_other_languages(_description(described), language), **note}
    return Candidate(
        source=f"iiif:{urlsplit(answer.url).netloc.rpartition('@')[2].lower()}",
        source_id=source_id,
        rights=rights,
        outcome="metadata_only",
        page_url=_page(part, answer) or manifest.page or answer.url,
        image_url=image_url(painted.body, manifest_urls=manifest.urls, base=answer.url),
        title=title,
        creator=creator,
        creation_date=role_values(part, "date") or manifest.date,
        caption=caption,
        caption_language=language,
        other=other,
        answer_sha256=answer.sha256,
    )


def _rights(manifest: _Manifest, canvas: _Canvas, painted: Painted) -> Rights:
    near = (painted.body, *painted.around)
    own = (*(Layer.of(one, "media") for one in near), Layer.of(canvas.resource, "canvas"), *canvas.layers)
    restricted = needs_login(canvas.resource) or any(needs_login(one) for one in near)
    restricted = restricted or (manifest.restricted and not _opens_itself(painted, manifest))
    if all(layer.says_nothing for layer in own):
        rights = manifest.rights[restricted]
    else:
        rights = read_layers((*own, *manifest.layers), evidence=manifest.answer.url, restricted=restricted)
    if rights.scope == "dataset" and manifest.collection:
        rights = replace(rights, evidence=manifest.collection)
    service = image_service(painted.body, manifest.answer.url)
    return both(rights, Layer.of(service[0], "media"), evidence=manifest.answer.url) if service else rights


def _opens_itself(painted: Painted, manifest: _Manifest) -> bool:
    """Whether the image's own service is described in the manifest: a login of its own would stand there.

    A login that a manifest declares may concern other content of its institution (Authorization Flow API 2.0, 3: the
    services belong to the resource that they protect).
    """
    service = image_service(painted.body, manifest.answer.url)
    return service is not None and is_described(service[0])


def _title(manifest: _Manifest, canvas: Mapping[str, Any]) -> str | None:
    """The manifest's label; with several canvases the canvas's label too, where it says anything."""
    whole, (part, _) = manifest.label, chosen(canvas.get("label"))
    if whole and manifest.several and part and any(character.isalnum() for character in part):
        return f"{whole}, {part}"
    return whole or part


def _description(resource: Mapping[str, Any]) -> Any:
    """Version 3 calls it summary, version 2 description."""
    return resource.get("summary") or resource.get("description")


def _page(resource: Mapping[str, Any], answer: Answer) -> str | None:
    """Version 3's homepage, or what version 2 calls related, where that is a page."""
    for one in [*as_list(resource.get("homepage")), *as_list(resource.get("related"))]:
        form = str(one.get("format") or "text/html") if isinstance(one, dict) else "text/html"
        if form.startswith(("text/html", "application/xhtml")) and (url := web_address(identifier(one), answer.url)):
            return url
    return None


def _size(body: Mapping[str, Any]) -> dict[str, str]:
    size = declared_px(body)
    return {"width_px": str(size[0]), "height_px": str(size[1])} if size else {}


def _other(manifest: _Manifest, canvas: Mapping[str, Any]) -> dict[str, str]:
    """Provider, manifest, what it is part of, and the metadata pairs as they are; the canvas's before the manifest's."""
    found = dict(manifest.facts)
    for label, value in (*_pairs(canvas), *manifest.metadata):
        found.setdefault(label, value)
    return found


def _facts(manifest: _Manifest) -> dict[str, str]:
    resource, url = manifest.resource, manifest.answer.url
    found = {"manifest": url}
    if (own := identifier(resource)) and own != url:
        found["manifest_id"] = own
    if manifest.collection:
        found["collection"] = manifest.collection
    providers = [chosen(one.get("label"))[0] for one in as_list(resource.get("provider")) if isinstance(one, dict)]
    wholes = [_named(one) for name in ("partOf", "within") for one in as_list(resource.get(name))]
    if manifest.restricted:
        found["access"] = LOGIN
    for name, texts in (("provider", providers), ("part_of", wholes)):
        if said := "; ".join(dict.fromkeys(text for text in texts if text)):
            found[name] = said[:2000]
    return {label: one_line(value) for label, value in found.items()}


def _pairs(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for pair in as_list(resource.get("metadata"))[:60]:
        if isinstance(pair, dict) and (label := chosen(pair.get("label"))[0]) and (value := chosen(pair.get("value"))[0]):
            yield one_line(label[:100]), one_line(value[:2000])


def _named(whole: Any) -> str | None:
    """A collection's label and address."""
    label = chosen(whole.get("label"))[0] if isinstance(whole, dict) else None
    return " ".join(filter(None, [label, identifier(whole)])) or None


def _scrubbed(value: Any) -> Any:
    """The same JSON without half characters (lone surrogates) and NULs, which no database takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [_scrubbed(one) for one in value]
    if isinstance(value, dict):
        return {_scrubbed(name): _scrubbed(one) for name, one in value.items()}
    return value
