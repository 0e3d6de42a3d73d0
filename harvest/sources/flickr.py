"""Flickr: public photographs of a search, of tags, of one account, or by number. It asks for a key.

What is said of a photograph is the same whether it was found by a search or asked for by its number, so that a change
is a change of the source. `history:NUMBER` keeps the history of its licence too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.records import Candidate
from harvest.flickr_photo import EXTRAS, candidate, history, largest_of_row, largest_of_sizes, photo_of
from harvest.json_answer import json_object, line, listed, mapping, whole_number
from harvest.questions import address, asked_value, changed, refuse_unless, term
from harvest.source import Answer, Ask, Key, Politeness, Problem, WebSource

PER_PAGE = 250
MOST_FOUND = 4_000
"""Flickr repeats itself after the first 4,000 photographs of one search."""

GONE = "the photograph is gone, or no longer public"

_NUMBER = re.compile(r"[0-9]{1,20}")
_ACCOUNT = re.compile(r"[0-9]{1,20}@N[0-9]{2}")
_PAGE = re.compile(r"https?://(?:www\.|m\.)?flickr\.com/photos/[^/\s]+/([0-9]{1,20})(?:[/?#].*)?")


class Source(WebSource):
    """Asks the REST service, in JSON always: its answers are XML otherwise."""

    institution = "Flickr"
    home_url = "https://www.flickr.com/"
    terms_url = "https://www.flickr.com/help/terms/api"
    api_url = "https://api.flickr.com/services/rest"
    asks = "WORDS, tags:ONE,TWO, user:12037949754@N01, photo:NUMBER, history:NUMBER or a photograph's page"
    politeness = Politeness(delay_s=1.0, connections=1)  # 3,600 questions an hour for one key
    key = Key(variable="FLICKR_API_KEY", parameter="api_key")

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each term.

        Raises:
            UsageError: no number or no account where one should stand.
        """
        for one in dict.fromkeys(asked):
            page = _PAGE.fullmatch(one.strip())
            kind, rest = term(f"photo:{page[1]}" if page else one, ("search", "tags", "user", "photo", "history"), "flickr")
            if kind in ("photo", "history"):
                number = refuse_unless(_NUMBER, rest, kind, "flickr", "2636503812")
                steps = ["sizes", "history"] if kind == "history" else ["sizes"]
                yield Ask(url=self._info(number), carry={"photo_id": number, "step": "info", "steps": steps})
            elif kind == "user":
                yield self._search("user_id", refuse_unless(_ACCOUNT, rest, kind, "flickr", "12037949754@N01"))
            elif kind == "tags":
                yield self._search("tags", rest, tag_mode="all")
            else:
                yield self._search("text", rest)

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """A search's rows as candidates, and its next page; one photograph after up to three answers."""
        found = json_object(_bare(answer))
        if found is None:
            what = "the answer is no JSON object, so nothing of Flickr"
            yield Problem(where=answer.url, what="Flickr answers in XML, not in JSON" if b"<rsp" in answer.body[:300] else what)
            found = {"stat": "fail"}
        elif found.get("stat") == "fail":
            yield self._failure(found, answer, carry)
        if carry.get("step") in ("sizes", "history"):
            yield from self._whole(found, carry)
        elif found.get("stat") == "fail":
            return
        elif "photo" in found:
            yield from self._photo(mapping(found["photo"]), answer, carry)
        else:
            yield from self._found(mapping(found.get("photos") or found.get("photoset")), answer, carry)

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """By its number, with its history where that was kept."""
        return f"{'history' if 'licence_history' in other else 'photo'}:{source_id}" if _NUMBER.fullmatch(source_id) else None

    def _found(self, photos: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        rows = photos.get("photo")
        if not isinstance(rows, list):
            yield Problem(where=answer.url, what="the answer holds no photographs")
            return
        owner = line(photos.get("owner"))
        for number, row in enumerate(rows, 1):
            photo = photo_of(mapping(row), owner)
            if "id" not in photo:
                yield Problem(where=f"{answer.url} photo {number}", what="a photograph without a number: passed over")
            elif _is_image(photo):
                size = largest_of_row(mapping(row))
                yield candidate(photo, size, evidence=self._info(photo["id"]), answer_sha256=answer.sha256)
            else:
                yield Problem(where=f"flickr photo {photo['id']}", what="not an image but video: passed over")
        page, pages = whole_number(photos.get("page")) or 1, whole_number(photos.get("pages")) or 1
        size_of_page = whole_number(photos.get("perpage")) or PER_PAGE
        if not rows or page >= pages:
            return
        if page * size_of_page >= MOST_FOUND:
            what = f"more photographs than can be asked for: Flickr gives the first {MOST_FOUND}, so narrow the search"
            yield Problem(where=answer.url, what=what)
        else:
            yield Ask(url=changed(answer.url, {"page": page + 1}), carry=carry)

    def _photo(self, row: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        photo = photo_of(row)
        steps = [str(one) for one in listed(carry.get("steps"))] or ["sizes"]
        if "id" not in photo:
            yield Problem(where=answer.url, what="a photograph without a number: passed over")
        elif not _is_image(photo):
            yield Problem(where=f"flickr photo {photo['id']}", what="not an image but video: passed over")
        else:
            yield self._step(steps, {"photo_id": photo["id"], "photo": photo, "answer_sha256": answer.sha256})

    def _whole(self, found: Mapping[str, Any], carry: Mapping[str, Any]) -> Iterator[Candidate | Ask]:
        """The candidate when its last answer has come; one that failed leaves its part out."""
        photo = {str(name): str(text) for name, text in mapping(carry.get("photo")).items()}
        if "id" not in photo:
            return
        carry = {**carry, "photo": photo}
        if carry.get("step") == "sizes":
            carry["size"] = largest_of_sizes(found)
        elif kept := history(found):
            photo["licence_history"] = kept
        if steps := [str(one) for one in listed(carry.get("steps"))]:
            yield self._step(steps, carry)
        else:
            url, width, height = carry.get("size") or (None, None, None)
            size = (url, width, height) if url else None
            sha256 = str(carry.get("answer_sha256"))
            yield candidate(photo, size, evidence=self._info(photo["id"]), answer_sha256=sha256)

    def _failure(self, found: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Problem:
        code = whole_number(found.get("code"))
        number = line(carry.get("photo_id")) or line(asked_value(answer.url, "photo_id"))
        if code == 100:
            return Problem(
                where=answer.url, what=f"Flickr does not accept the key: check {self.key.variable if self.key else ''}"
            )
        if number and code in (1, 2):
            return Problem(where=f"flickr photo {number}", what=GONE, gone=carry.get("step") not in ("sizes", "history"))
        message = line(found.get("message")) or "no reason is given"
        return Problem(
            where=answer.url, what=f"Flickr answers with the error {code if code is not None else '?'}: {message[:200]}"
        )

    def _step(self, steps: list[str], carry: Mapping[str, Any]) -> Ask:
        method = {"sizes": "flickr.photos.getSizes", "history": "flickr.photos.licenses.getLicenseHistory"}.get(steps[0])
        url = self._url(method or "flickr.photos.getSizes", [("photo_id", str(carry["photo_id"]))])
        return Ask(url=url, carry={**carry, "step": steps[0], "steps": steps[1:]})

    def _search(self, parameter: str, value: str, **more: str) -> Ask:
        pairs: list[tuple[str, str | int]] = [(parameter, value), *more.items()]
        pairs += [("media", "photos"), ("extras", EXTRAS), ("per_page", PER_PAGE), ("page", 1)]
        return Ask(url=self._url("flickr.photos.search", pairs))

    def _info(self, number: str) -> str:
        return self._url("flickr.photos.getInfo", [("photo_id", number)])

    def _url(self, method: str, pairs: Sequence[tuple[str, str | int]]) -> str:
        return address(self.base_url, "", [("method", method), *pairs, ("format", "json"), ("nojsoncallback", 1)])


def _is_image(photo: Mapping[str, str]) -> bool:
    return photo.get("media", "photo") == "photo"


def _bare(answer: Answer) -> Answer:
    """Without the function call that is laid around the JSON where `nojsoncallback` is not asked for."""
    body = answer.body.strip()
    if body.startswith(b"jsonFlickrApi(") and body.endswith((b")", b");")):
        return replace(answer, body=body[len(b"jsonFlickrApi(") :].rstrip(b";").rstrip(b")"))
    return answer
