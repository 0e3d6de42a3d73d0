"""An image service's own description (info.json): asked for where the size matters, read for limits and rights."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from catalog.records import Candidate
from harvest.credit import COMPOSED, with_credit
from harvest.iiif_image import described_image_url, needs_login
from harvest.iiif_rights import Layer, both
from harvest.iiif_service import service_kind
from harvest.json_answer import json_object
from harvest.source import Answer, Ask, Problem
from harvest.wire import candidate_from, row_of

CLOSED = "access-restricted"

UNANSWERED_BY_RULE = frozenset(("robots",))

_PASSING = (0, 408, 425, 429)
"""Statuses after which the same question may be answered another time, besides 5xx; 0 is no answer at all."""


def description_ask(candidate: Candidate, service_url: str) -> Ask:
    """The question to an image service; its answer, or its refusal, completes the candidate."""
    carry = {"candidate": row_of(candidate), "service": service_url}
    return Ask(url=f"{service_url}/info.json", carry=carry, even_unanswered=True)


def read_description(answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Problem]:
    """The candidate with the address of the most that its server gives, and with what the service says of rights.

    A service that has no description leaves the manifest's address as it is; one that does not answer for now leaves the
    candidate to another harvest.
    """
    candidate: Candidate = candidate_from(carry["candidate"])
    service_url = str(carry["service"])
    if UNANSWERED_BY_RULE & set(answer.headers.get("outcome", ())):
        yield candidate  # robots.txt closes the service: it says so of the image, too
        return
    if answer.status in _PASSING or answer.status >= 500:
        said = f"answered with status {answer.status}" if answer.status else "did not answer"
        yield Problem(where=answer.url, what=f"the image service {said}: {candidate.source_id} is left to another harvest")
        return
    if answer.status == 401:
        rights = candidate.rights
        closed = replace(rights, flags=tuple(sorted({*rights.flags, CLOSED, "refuse"})))
        yield replace(candidate, rights=closed)
        return
    description = json_object(answer) if answer.status == 200 else None
    if description is None or not _describes_images(description):
        if answer.status == 200:
            yield Problem(
                where=answer.url, what="the answer is no description of an image service: the manifest's address stands"
            )
        yield candidate
        return
    other = {name: text for name, text in candidate.other.items() if name not in ("width_px", "height_px", "credit_line")}
    composed = candidate.other.get("credit_line") == COMPOSED
    ours = replace(candidate.rights, credit_line=None) if composed else candidate.rights
    rights = both(ours, Layer.of(description, "media"), evidence=answer.url)
    if needs_login(description):
        rights = replace(rights, flags=tuple(sorted({*rights.flags, CLOSED, "refuse"})))
    rights, note = with_credit(rights, None, title=candidate.title, creator=candidate.creator, name=candidate.source_id)
    url = described_image_url(description, service_kind(description) or 2, service_url, candidate.image_url)
    yield replace(candidate, rights=rights, image_url=url, other={**other, **note, "image_service": service_url})


def _describes_images(description: Mapping[str, Any]) -> bool:
    return service_kind(description) is not None or ("width" in description and "height" in description)
