"""The table of opt-outs: channel by channel, what a server or a file says, and what of it is kept as a denial."""

import json
from typing import Any

import pytest
from wishes_in_files import (
    VOCABULARY,
    assertion,
    cbor,
    jpeg_with_extended_xmp,
    jpeg_with_store,
    jpeg_with_xmp,
    png,
    png_with_raw_profile,
    png_with_xmp,
    store,
    tiff,
    training,
    webp,
    xmp,
)

from catalog.records import OptOut
from harvest.ai_txt import read_ai_file
from harvest.consent import answer_channels, said_in_answer, said_in_file
from harvest.page_consent import PAGE_CHANNELS, page_opt_outs
from harvest.robots import read_robots
from harvest.signals import said_in_robots
from harvest.source import Answer
from harvest.tdmrep import read_tdm_file

HOST = "https://media.example"
URL = f"{HOST}/private/a.jpg?size=full"
GROUP = "User-agent: *\n"


def headers(*lines: tuple[str, str]) -> tuple[OptOut, ...]:
    """Names may come in any case and several times, as they do on the wire."""
    by_name: dict[str, tuple[str, ...]] = {}
    for name, value in lines:
        by_name[name.lower()] = (*by_name.get(name.lower(), ()), value)
    return said_in_answer(Answer(URL, b"", 200, by_name))


def robots(text: str) -> tuple[OptOut, ...]:
    rules = read_robots(f"{HOST}/robots.txt", 200, text.encode())
    refused = rules.refusal(URL)
    return (*(refused[1] if refused else ()), *said_in_robots(rules, URL))


def tdm_file(rules: Any) -> tuple[OptOut, ...]:
    body = rules if isinstance(rules, bytes) else json.dumps(rules).encode()
    return tuple(filter(None, [read_tdm_file(f"{HOST}/.well-known/tdmrep.json", 200, body).denial(URL)]))


def rule(location: Any, reserved: Any, **more: Any) -> dict[str, Any]:
    return {"location": location, "tdm-reservation": reserved, **more}


def ai_file(text: str) -> tuple[OptOut, ...]:
    return tuple(filter(None, [read_ai_file(f"{HOST}/ai.txt", 200, text.encode()).denial(URL)]))


def page(html: str, **lines: str) -> tuple[OptOut, ...]:
    named = {name.replace("_", "-"): (value,) for name, value in lines.items()}
    return page_opt_outs(f"<html><head>{html}</head><body></body></html>", f"{HOST}/page", named)


def file(body: bytes) -> tuple[OptOut, ...]:
    return said_in_file(body, URL)


def manifest(boxes: bytes) -> tuple[OptOut, ...]:
    return file(png((b"caBX", boxes)))


def plus(attributes: str) -> tuple[OptOut, ...]:
    return file(jpeg_with_xmp(xmp("", attributes)))


def mining(code: str) -> bytes:
    return xmp(f"<plus:DataMining>{code}</plus:DataMining>")


CONSTRAINED = xmp(
    '<plus:DataMining rdf:resource="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT"/><plus:OtherConstraints>'
    '<rdf:Alt><rdf:li xml:lang="x-default">Ask the &amp; archive first</rdf:li></rdf:Alt></plus:OtherConstraints>'
)
ENTRIES = {"entries": {"cawg.ai_training": {"use": "constrained", "constraint_info": "https://media.example/terms"}}}
NO_TRAINING = training(ai_training="notAllowed")
TWO_USES = training(ai_training="notAllowed", data_mining="allowed")
OLDER = training("c2pa.training-mining", data_mining="notAllowed")
IN_JSON = assertion("c2pa.training-mining", json.dumps(ENTRIES).encode(), b"json")
IPTC_JSON = {
    "@context": {"plus": "http://ns.useplus.org/ldf/xmp/1.0/"},
    "plus:DataMining": VOCABULARY + "DMI-PROHIBITED-AIMLTRAINING",
}
IPTC = assertion("cawg.metadata", json.dumps(IPTC_JSON).encode(), b"json")
DATED = "unavailable_after: 25 Jun 2026 15:00:00 PST, noai"
TDM_META = '<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="p">'
TRAINING_AI = "cawg.training-mining: cawg.ai_training=notAllowed"

TABLE = [
    # X-Robots-Tag: more rows in test_opt_outs_and_robots.py
    ("any case", headers(("X-ROBOTS-TAG", "NoAI")), ["x-robots-tag: noai (X-Robots-Tag: NoAI)"]),
    ("two headers", headers(("X-Robots-Tag", "nofollow"), ("x-robots-tag", "noimageai")), ["x-robots-tag: noimageai ("]),
    ("another robot only", headers(("X-Robots-Tag", "gptbot: noai, noimageai")), []),
    ("us with a version", headers(("X-Robots-Tag", "FotoTeca/1.0: noai")), ["x-robots-tag: noai ("]),
    ("everyone by a star", headers(("X-Robots-Tag", "*: noindex")), ["x-robots-tag: noindex ("]),
    ("a scope that changes", headers(("X-Robots-Tag", "a: noai, fototeca: noml, b: none")), ["x-robots-tag: noml ("]),
    ("a date with colons", headers(("X-Robots-Tag", DATED)), ["x-robots-tag: noai ("]),
    ("semicolons", headers(("X-Robots-Tag", "index; noai")), ["x-robots-tag: noai ("]),
    ("only blanks between", headers(("X-Robots-Tag", "noai noimageai")), ["x-robots-tag: noai (", "x-robots-tag: noimageai ("]),
    ("in quotation marks", headers(("X-Robots-Tag", '"noai"')), ["x-robots-tag: noai ("]),
    # TDMRep's header
    ("reserved", headers(("TDM-Reservation", " 1 ")), ["tdmrep-header: tdm-reservation: 1"]),
    ("with a policy", headers(("tdm-reservation", "1"), ("tdm-policy", "/p.json")), [f"tdm-policy: {HOST}/p.json"]),
    ("permitted", headers(("tdm-reservation", "0")), []),
    ("no valid value", headers(("tdm-reservation", "yes")), []),
    ("one of two reserves", headers(("tdm-reservation", "0"), ("tdm-reservation", "1")), ["tdmrep-header: tdm-reservation: 1"]),
    ("a policy alone", headers(("tdm-policy", "https://media.example/p.json")), []),
    # Content-Usage and Content-Signal as headers
    ("train-ai=n", headers(("Content-Usage", "train-ai=n")), ["content-usage: train-ai=n"]),
    ("beside a permission", headers(("Content-Usage", "search=y, train-ai=n")), ["content-usage: train-ai=n"]),
    ("train-ai=y", headers(("Content-Usage", "train-ai=y")), []),
    ("with parameters", headers(("Content-Usage", 'train-ai=n;exceptions="a, b";x, search=y')), ["content-usage: train-ai=n"]),
    ("a parameter says n", headers(("Content-Usage", "train-ai=y;genai=n")), []),
    ("boolean", headers(("Content-Usage", "train-ai=?0")), ["content-usage: train-ai=?0"]),
    ("older spellings", headers(("Content-Usage", "ai-train=no, genai=n")), ["ai-train=no", "genai=n"]),
    ("put into a model", headers(("Content-Usage", "ai-use=n")), ["content-usage: ai-use=n"]),
    ("the last value counts", headers(("Content-Usage", "train-ai=n"), ("Content-Usage", "train-ai=y")), []),
    ("search only", headers(("Content-Usage", "search=n")), []),
    ("a text is no preference", headers(("Content-Usage", 'train-ai="n"')), []),
    ("capitals", headers(("Content-Usage", "Train-AI=N")), ["content-usage: train-ai=n"]),
    ("one broken member", headers(("Content-Usage", "???, =, train-ai=n")), ["content-usage: train-ai=n"]),
    ("content-signal", headers(("Content-Signal", "ai-train=no, search=yes")), ["content-signal: ai-train=no"]),
    # lines of robots.txt
    ("disallowed", robots(GROUP + "Disallow: /private/"), ["robots: Disallow: /private/"]),
    ("signal", robots(GROUP + "Content-Signal: search=yes, ai-train=no\nAllow: /"), ["Content-Signal: search=yes, ai-train=no"]),
    ("signal in any case", robots(GROUP + "CONTENT-SIGNAL: AI-Train=NO"), ["robots-content-signal: CONTENT-SIGNAL: AI-Train=NO"]),
    ("signal permits", robots(GROUP + "Content-Signal: search=yes, ai-train=yes"), []),
    ("signal silent on models", robots(GROUP + "Content-Signal: search=no"), []),
    ("signal on input", robots(GROUP + "Content-Signal: ai-input=no"), ["ai-input=no"]),
    ("signal for another robot", robots("User-agent: gptbot\nContent-Signal: ai-train=no"), []),
    ("our own group only", robots(GROUP + "Content-Signal: ai-train=no\nUser-agent: fototeca\nAllow: /"), []),
    ("signal outside groups", robots("Content-Signal: ai-train=no\n" + GROUP + "Allow: /"), []),
    ("signal in a comment", robots(GROUP + "# Content-Signal: ai-train=no\nAllow: /"), []),
    ("usage", robots(GROUP + "Content-Usage: train-ai=n"), ["robots-content-usage: Content-Usage: train-ai=n"]),
    ("usage of a path", robots(GROUP + "Content-Usage: /private/ train-ai=n"), ["Content-Usage: /private/ train-ai=n"]),
    ("usage of another path", robots(GROUP + "Content-Usage: /shop/ train-ai=n"), []),
    ("the longer path", robots(GROUP + "Content-Usage: / train-ai=n\nContent-Usage: /private/ train-ai=y"), []),
    ("equally long paths", robots(GROUP + "Content-Usage: / train-ai=y\nContent-Usage: / train-ai=n"), ["/ train-ai=n"]),
    # tdmrep.json
    ("whole host", tdm_file([rule("/", 1)]), ["tdmrep-file: tdm-reservation: 1"]),
    ("policy", tdm_file([rule("/", 1, **{"tdm-policy": "https://p.example/p"})]), ["tdm-policy: https://p.example/p"]),
    ("permitted by file", tdm_file([rule("/", 0)]), []),
    ("first match counts", tdm_file([rule("/private/", 0), rule("/", 1)]), []),
    ("first match counts, reserved", tdm_file([rule("/private/", 1), rule("/", 0)]), ["tdm-reservation: 1"]),
    ("pattern", tdm_file([rule("/*/a.jpg", 1)]), ["tdm-reservation: 1"]),
    ("pattern with an end", tdm_file([rule("/private/*.jpg$", 1)]), []),
    ("case matters", tdm_file([rule("/Private/", 1)]), []),
    ("percent-encoded", tdm_file([rule("/pr%69vate/", 1)]), ["tdm-reservation: 1"]),
    ("invalid counts as unset", tdm_file([rule("/", 2), rule("/", True), rule("/", None), rule("/", "yes")]), []),
    ("without reservation", tdm_file([{"location": "/"}]), []),
    ("without location", tdm_file([{"tdm-reservation": 1}]), []),
    ("no JSON", tdm_file(b"<html>not found</html>"), []),
    ("too deep", tdm_file(b"[" * 100_000), []),
    ("with a byte order mark", tdm_file(b"\xef\xbb\xbf" + json.dumps([rule("/", 1)]).encode()), ["tdm-reservation: 1"]),
    ("not a list", tdm_file(rule("/", 1)), ["tdm-reservation: 1"]),
    # ai.txt
    ("kind of media", ai_file(GROUP + "Disallow: *.jpg\nAllow: *.txt"), ["ai.txt: Disallow: *.jpg"]),
    ("kind in capitals", ai_file(GROUP + "Disallow: *.JPG"), ["ai.txt: Disallow: *.JPG"]),
    ("another kind", ai_file(GROUP + "Disallow: *.mp4"), []),
    ("all but one kind", ai_file(GROUP + "Disallow: /\nAllow: *.jpg"), []),
    ("bare ending", ai_file(GROUP + "Disallow: .jpg"), ["ai.txt: Disallow: .jpg"]),
    ("another agent", ai_file("User-Agent: otherbot\nDisallow: /"), []),
    ("us by name", ai_file(GROUP + "Allow: /\nUser-Agent: Fototeca\nDisallow: /"), ["ai.txt: Disallow: /"]),
    ("the other format", ai_file("# ai.txt\n---\nname: a shop\n---\nWe sell prints."), []),
    # landing page
    ("robots meta", page('<META content="NoAI, noimageai" NAME="Robots">'), ["robots-meta: noai (", "robots-meta: noimageai ("]),
    ("us by meta", page("<meta name=fototeca content=noai />"), ["robots-meta: noai ("]),
    ("another robot's meta", page('<meta name="googlebot" content="noai">'), []),
    ("meta in a comment", page('<!-- <meta name="robots" content="noai"> -->'), []),
    ("meta in a script", page("<script>'<meta name=\"robots\" content=\"noai\">'</script>"), []),
    ("meta permits", page('<meta name="robots" content="index, follow">'), []),
    ("tdm meta", page(TDM_META), [f"tdm-policy: {HOST}/p"]),
    ("tdm meta permits", page('<meta name="tdm-reservation" content="0">'), []),
    ("tdm meta over header", page('<meta name="tdm-reservation" content="0">', tdm_reservation="1"), []),
    ("no meta, header stays", page("<meta charset=utf-8>", tdm_reservation="1"), ["page-tdmrep-header: tdm-reservation: 1"]),
    ("page's X-Robots-Tag", page("", x_robots_tag="noimageai"), ["page-x-robots-tag: noimageai ("]),
    # PLUS Data Mining in XMP
    ("element", file(jpeg_with_xmp(mining("DMI-PROHIBITED"))), ["plus-data-mining: DMI-PROHIBITED"]),
    ("address", file(jpeg_with_xmp(mining(VOCABULARY + "DMI-PROHIBITED-AIMLTRAINING"))), ["DMI-PROHIBITED-AIMLTRAINING"]),
    ("attribute", plus("plus:DataMining='DMI-PROHIBITED-GENAIMLTRAINING'"), ["DMI-PROHIBITED-GENAIMLTRAINING"]),
    ("rdf:resource and its constraint", file(png_with_xmp(CONSTRAINED)), ["(plus:OtherConstraints: Ask the & archive first)"]),
    ("packed PNG", file(png_with_xmp(mining("DMI-PROHIBITED"), packed=True)), ["DMI-PROHIBITED"]),
    ("raw profile", file(png_with_raw_profile(mining("DMI-PROHIBITED"))), ["DMI-PROHIBITED"]),
    ("extended JPEG", file(jpeg_with_extended_xmp(mining("DMI-PROHIBITED"))), ["DMI-PROHIBITED"]),
    ("WebP", file(webp(b"XMP ", mining("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"))), ["DMI-PROHIBITED-EXCEPT"]),
    ("TIFF", file(tiff(700, mining("DMI-PROHIBITED"))), ["DMI-PROHIBITED"]),
    ("malformed XML", file(jpeg_with_xmp(mining("DMI-PROHIBITED").replace(b"</rdf:RDF>", b"<oops>"))), ["DMI-PROHIBITED"]),
    ("allowed", file(jpeg_with_xmp(mining("DMI-ALLOWED"))), []),
    ("unspecified", file(jpeg_with_xmp(mining(VOCABULARY + "DMI-UNSPECIFIED"))), []),
    ("UTF-16", file(tiff(700, mining("DMI-PROHIBITED").decode().encode("utf-16-le"))), ["DMI-PROHIBITED"]),
    ("IPTC in a manifest", manifest(store(IPTC)), ["plus-data-mining: DMI-PROHIBITED-AIMLTRAINING"]),
    # C2PA and CAWG
    ("JPEG", file(jpeg_with_store(store(NO_TRAINING))), [TRAINING_AI]),
    ("JPEG in many segments", file(jpeg_with_store(store(NO_TRAINING), 7)), [TRAINING_AI]),
    ("PNG", manifest(store(NO_TRAINING)), [TRAINING_AI]),
    ("WebP manifest", file(webp(b"C2PA", store(NO_TRAINING))), [TRAINING_AI]),
    ("TIFF manifest", file(tiff(0xCD41, store(NO_TRAINING))), [TRAINING_AI]),
    ("older label", manifest(store(OLDER)), ["c2pa.data_mining=notAllowed"]),
    ("JSON", manifest(store(IN_JSON)), ["=constrained"]),
    ("constrained keeps its terms", manifest(assertion("cawg.training-mining", cbor(ENTRIES))), [f"({HOST}/terms)"]),
    ("allowed by manifest", file(jpeg_with_store(store(training(ai_training="allowed", data_mining="allowed")))), []),
    ("broken store", manifest(store(NO_TRAINING)[60:]), [TRAINING_AI]),
    ("cut assertion", file(png((b"caBX", TWO_USES))[:-20]), ["(the assertion is damaged)"]),
    ("words without a box", file(png((b"tEXt", b"Comment\0cawg.training-mining\0 notAllowed ai_training"))), []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "kept"), [pytest.param(said, kept, id=name) for name, said, kept in TABLE])
def test_what_is_said_is_kept_as_a_denial_or_is_none(said: tuple[OptOut, ...], kept: list[str]) -> None:
    assert len(said) == len(kept), said
    for one, words in zip(said, kept, strict=True):
        assert words in f"{one.channel}: {one.value}"
        assert one.where.startswith(HOST)


def test_the_table_covers_every_channel() -> None:
    found = {one.channel for _, said, _ in TABLE for one in said}
    in_robots = {"robots", "robots-content-usage", "robots-content-signal"}
    of_host = {"tdmrep-file", "ai.txt"}
    assert found == {*in_robots, *of_host, *answer_channels(), *PAGE_CHANNELS}
