"""Decision tables: numbers in, verdict and reason out; a threshold that is met just so; a fact that is missing."""

from collections.abc import Mapping
from typing import Any

import pytest
from case_table import CaseTable

from curate.settings import CurationSettings

OK = {"decode": "ok"}
FINE = {**OK, "entropy_bits": 7.2, "luma_p01": 20.0, "luma_p05": 30.0, "luma_p99": 220.0, "sharpness": 900.0}
LOOK = " A person must look."


def _verdicts(criterion: str, cases: Mapping[str, Mapping[str, float | str] | None], **values: Any) -> dict[str, str | None]:
    table = CaseTable()
    for name, facts in cases.items():
        table.add(name, facts)
    found = table.answers(criterion, **values)
    return {name: found[name][0] or "abstains" if name in found else None for name in cases}


def _holds(criterion: str, cases: Mapping[str, tuple[Any, str | None, str]], **fields: Mapping[str, str]) -> None:
    """Each case (facts, verdict, part of the reason) is judged as it says."""
    table = CaseTable()
    for name, (facts, _, _) in cases.items():
        table.add(name, facts and {key: fact for key, fact in facts.items() if fact is not None}, **fields.get(name, {}))
    found = table.answers(criterion)
    for name, (facts, verdict, said) in cases.items():
        answer = found.get(name)
        assert (answer and (answer[0] or "abstains")) == verdict, facts
        assert said in str(answer and answer[1])


def test_too_small_looks_at_the_shorter_side() -> None:
    cases = {
        "under": {**OK, "width_px": 900, "height_px": 199},
        "equal": {**OK, "width_px": 200, "height_px": 900},
        "unmeasured": OK,
        "half measured": {**OK, "width_px": 900},
        "broken": {"decode": "truncated"},
        "not held": None,
    }
    expected = {
        "under": "exclude",
        "equal": None,
        "unmeasured": "abstains",
        "half measured": "abstains",
        "broken": None,
        "not held": None,
    }
    assert _verdicts("too_small", cases) == expected
    assert _verdicts("too_small", {"equal": {**OK, "width_px": 200, "height_px": 900}}, min_side_px=201) == {"equal": "exclude"}


def test_extreme_aspect_looks_at_both_ways_of_lying() -> None:
    cases = {
        "panorama": {**OK, "width_px": 3001, "height_px": 1000},
        "scroll": {**OK, "width_px": 300, "height_px": 1000},
        "equal": {**OK, "width_px": 3000, "height_px": 1000},
        "unmeasured": OK,
        "half measured": {**OK, "width_px": 900},
        "broken": {"decode": "broken"},
    }
    expected = {"panorama": "review", "scroll": "review", "equal": None, "broken": None}
    expected |= {"unmeasured": "abstains", "half measured": "abstains"}
    assert _verdicts("extreme_aspect", cases) == expected
    assert _verdicts("extreme_aspect", {"scroll": cases["scroll"]}, verdict="exclude") == {"scroll": "exclude"}
    table = CaseTable()
    table.add("panorama", cases["panorama"])
    assert table.answers("extreme_aspect")["panorama"] == (
        "review",
        f"The picture is 3001 x 1000 pixels: one side is more than 3 times the other.{LOOK}",
        {"height_px": 1000, "max_aspect": 3.0, "width_px": 3001},
    )


LOW_INFORMATION = [
    ({}, None, ""),
    ({"entropy_bits": 0.4, "sharpness": 2.0}, "exclude", "is blank: its tones hold 0.4 bits, and below 1 there is"),
    ({"entropy_bits": 1.0, "sharpness": 2.0}, "review", "little on the picture: its tones hold 1.0 bits, and 3 are asked for"),
    ({"entropy_bits": 3.0, "sharpness": 2.0}, None, ""),
    ({"entropy_bits": 0.9, "luma_p05": 255.0, "luma_p99": 255.0, "sharpness": 100.0}, None, ""),  # as a pen drawing is
    ({"luma_p99": 49.0}, "review", "dark: 99 % of it lies at tone 49 of 255 or below, where 50 is asked for"),
    ({"luma_p99": 50.0}, None, ""),
    ({"luma_p05": 243.0, "sharpness": 9.0}, "review", "light: 95 % of it lies at tone 243 of 255 or above, and 242 is the most"),
    ({"luma_p05": 242.0, "sharpness": 9.0}, None, ""),
    ({"sharpness": None}, "abstains", ""),
    ({"entropy_bits": None}, "abstains", ""),
    ({"entropy_bits": None, "luma_p99": 10.0}, "review", "dark"),
]


def test_low_information() -> None:
    cases = {str(at): ({**FINE, **changed}, verdict, said) for at, (changed, verdict, said) in enumerate(LOW_INFORMATION)}
    _holds("low_information", cases)


def test_blurred_holds_edges_against_the_range_of_tones() -> None:
    cases = {
        "sharp": FINE,
        "blurred": {**FINE, "sharpness": 9.0},
        "blurred of low contrast": {**FINE, "sharpness": 1.0, "luma_p99": 120.0},
        "sharp of low contrast": {**FINE, "sharpness": 9.0, "luma_p99": 50.0},
        "equal": {**FINE, "sharpness": 16.0},
        "one tone": {**FINE, "sharpness": 0.0, "luma_p99": 20.0},
        "unmeasured": OK,
        "broken": {"decode": "broken"},
    }
    assert _verdicts("blurred", cases) == {
        "sharp": None,
        "blurred": "review",
        "blurred of low contrast": "review",
        "sharp of low contrast": None,
        "equal": None,
        "one tone": "review",
        "unmeasured": "abstains",
        "broken": None,
    }
    table = CaseTable()
    table.add("a", cases["blurred"])
    assert str(table.answers("blurred")["a"][1]).startswith(
        "The picture has little fine detail: its edges reach 1.5 % of its range of tones, where 2 % are asked for."
    )


@pytest.mark.parametrize(("criterion", "fact"), [("watermarked", "watermark"), ("text_heavy", "lettering")])
def test_scores_of_models_ask_a_person_and_nothing_without_a_model(criterion: str, fact: str) -> None:
    cases: dict[str, Mapping[str, float | str] | None] = {"plain": OK, "other": OK}
    assert _verdicts(criterion, cases) == {"plain": None, "other": None}
    cases = {"under": {**OK, fact: 0.79}, "equal": {**OK, fact: 0.8}, "unseen": OK, "broken": {"decode": "broken"}}
    assert _verdicts(criterion, cases) == {"under": None, "equal": "review", "unseen": "abstains", "broken": None}
    assert _verdicts(criterion, {"equal": cases["equal"]}, verdict="exclude", min_score=0.5) == {"equal": "exclude"}


def test_people_wait_for_a_person_and_are_never_left_out() -> None:
    cases: dict[str, Mapping[str, float | str] | None] = {
        "none": {**OK, "faces": 0, "face_area": 0.0},
        "far away": {**OK, "faces": 3, "face_area": 0.0019},
        "equal": {**OK, "faces": 1, "face_area": 0.002},
        "group": {**OK, "faces": 7, "face_area": 0.9},
        "unseen": OK,
        "broken": {"decode": "broken"},
    }
    expected = {"none": None, "far away": None, "equal": "review", "group": "review", "unseen": "abstains", "broken": None}
    assert _verdicts("has_people", cases) == expected
    assert "exclude" not in _verdicts("has_people", cases, min_face_area=0.0).values()
    assert _verdicts("has_people", {"none": cases["none"]}, min_face_area=0.0) == {"none": None}
    assert _verdicts("has_people", {"unseen": OK}) == {"unseen": None}


def test_people_may_be_asked_after_only_from_a_year_on() -> None:
    table = CaseTable()
    faces = {**OK, "faces": 2, "face_area": 0.5}
    for name, date in {"old": "ca. 1890", "span": "1890–1931", "equal": "1 May 1930", "undated": None}.items():
        table.add(name, faces, creation_date=date)
    assert sorted(table.answers("has_people", since_year=1930)) == ["equal", "span", "undated"]
    assert len(table.answers("has_people")) == 4
    assert table.answers("has_people")["old"][1] == (
        "A model finds 2 faces, which take 50.0 % of the picture. A person must look whether it may be used."
    )


GENERATED = [
    ({"digital_source_type": "none", "c2pa": 0}, None, ""),
    ({"digital_source_type": "digitalCapture", "c2pa": 1}, None, ""),
    (
        {"digital_source_type": "trainedAlgorithmicMedia", "generator": "Midjourney", "c2pa": 1},
        "exclude",
        "a trained model made this picture: Digital Source Type trainedAlgorithmicMedia, generator Midjourney, with a C2PA",
    ),
    (
        {"digital_source_type": "compositeWithTrainedAlgorithmicMedia", "c2pa": 0},
        "review",
        "or a part of it: Digital Source Type",
    ),
    ({"digital_source_type": "algorithmicMedia", "c2pa": 0}, "review", "a model or a program made this picture"),
    ({"digital_source_type": "none", "generator": "ComfyUI", "c2pa": 0}, "review", "a model: generator ComfyUI."),
    ({}, "abstains", ""),
    ({"decode": "broken"}, None, ""),
]


def test_generated_input_goes_by_the_strength_of_the_mark() -> None:
    cases = {str(at): ({**OK, **facts}, verdict, said) for at, (facts, verdict, said) in enumerate(GENERATED)}
    _holds("generated_input", cases)


def test_marks_of_generated_input_may_be_let_pass() -> None:
    table = CaseTable()
    table.add("a", {**OK, "digital_source_type": "none", "generator": "ComfyUI"})
    assert table.answers("generated_input", named="keep") == {}
    assert table.answers("generated_input", named="exclude")["a"][0] == "exclude"


def test_unreadable() -> None:
    page = {"outcome": "not_an_image", "outcome_detail": "not an image: an HTML page"}
    cases: dict[str, tuple[dict[str, Any] | None, str | None, str]] = {
        "whole": (OK, None, ""),
        "cut": ({"decode": "truncated", "decode_detail": "the data end"}, "exclude", "The file is cut off: the data end."),
        "no words": ({"decode": "broken"}, "exclude", "The file is broken inside: broken."),
        "unmeasured": ({"width_px": 3.0}, "abstains", ""),
        "not held": (None, None, ""),
        "page": (None, "exclude", "No picture was given: an HTML page."),
    }
    _holds("unreadable", cases, page=page)


def test_rights_are_cleared_by_purpose() -> None:
    table = CaseTable()
    for family in ("cc0", "by", "by-sa", "by-nd", "by-nc", "by-nc-nd", "arr", "unknown", "nkc"):
        table.add(family, OK, rights_family=family)
    refused = {"arr", "unknown", "nkc"}
    assert set(table.answers("rights_not_cleared", CurationSettings(purpose="research"))) == refused
    assert set(table.answers("rights_not_cleared", CurationSettings(purpose="commercial"))) == refused | {"by-nc", "by-nc-nd"}
    assert set(table.answers("rights_not_cleared", CurationSettings(accept_soft=True))) == refused - {"nkc"}


def test_opting_out_needs_a_statement() -> None:
    table = CaseTable()
    table.add("silent", OK)
    table.add("robots", None, outcome="robots")
    table.add("header", OK, opt_outs='[{"channel":"x-robots-tag","value":"noai","where":"https://a.example/1"}]')
    found = table.answers("opted_out")
    assert {name: answer[0] for name, answer in found.items()} == {"robots": "exclude", "header": "exclude"}
    assert found["header"][1] == "The source asks that models do not use it (x-robots-tag: “noai”, https://a.example/1)."
