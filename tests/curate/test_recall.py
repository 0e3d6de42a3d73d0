"""Copies as archives make them are found and set aside; pictures that differ are not: a small `benchmarks/recall.py`."""

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from curated_archive import drawn

PLACE = Path(__file__).parents[2] / "benchmarks" / "recall.py"
PICTURES = 3


@pytest.fixture(scope="module")
def recall() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recall", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_copies_of_drawn_pictures_are_set_aside_and_other_pictures_never(recall: ModuleType) -> None:
    originals = {f"{number}": recall.encoded(drawn(number, 320).crop((0, 0, 320, 280)), quality=92) for number in range(PICTURES)}
    files = dict(originals)
    for name, data in originals.items():
        for change in recall.MUST_BE_FOUND:
            picture, options = recall.CHANGES[change](_opened(data))
            files[f"{name} copy {change}"] = recall.encoded(picture, **{"quality": 90, **options})
    found = recall.curated(files)
    assert {(pair["a_name"][0], pair["b_name"][0]) for pair in found} == {(name, name) for name in originals}
    confirmed = {frozenset((pair["a_name"], pair["b_name"])) for pair in found if pair["confirmed"]}
    expected = {frozenset((name, f"{name} copy {change}")) for name in originals for change in recall.MUST_BE_FOUND}
    assert expected <= confirmed
    # A star each: all copies of a picture but the largest, which a border makes, step back for it.
    assert sum(pair["set_aside"] for pair in found) == PICTURES * len(recall.MUST_BE_FOUND)


def _opened(data: bytes) -> object:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGB")
