"""Models in TorchScript files that score a picture or find faces on it: the only place that loads them.

A file may run any code when it is loaded: use files you trust. Whatever its training asks for (means, scales, other sizes)
belongs into the file; what it is handed and what it must answer is fixed here.

Legend: n pictures, S the side of a model's square input in pixels, m faces.

A scorer takes float32 [n, 3, S, S], S = 384: RGB from 0 to 1, the whole picture squeezed to the square. It answers [n] or
[n, 1], one score a picture from 0 to 1.

A face finder takes float32 [1, 3, S, S], S = 640: RGB from 0 to 1, the picture in its own shape with its longer side at S, or
smaller as it is, in the upper left corner, the rest 0.5. It answers [m, 5] (m may be 0): left, top, right, bottom in pixels of
that input, and a score from 0 to 1; a tuple or list counts by its first tensor. Boxes below a score of 0.5 are left out.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from base.errors import UsageError
from base.files import sha256_of_file
from pixels.decode import DECODE_VERSION

SCORE_SIDE_PX = 384
FACES_SIDE_PX = 640
LEAST_SCORE = 0.5
"""Faces of which the model is less sure are none."""
CODE_VERSION = "scorers/1"
"""Raise it when a number may move."""
DIGITS = 16
"""Hexadecimal digits of a file's SHA-256 in a version: enough to tell any two files apart."""
OPENING_SIDE_PX = 2 * FACES_SIDE_PX
"""The `side_px` with which pictures are opened for these models: at least the larger input's side is left."""


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A loaded model with one score a picture."""

    path: str
    model: Callable[[Any], Any] = field(repr=False)

    def scores(self, pictures: Sequence[Image.Image]) -> list[float]:
        """A score from 0 to 1 for each RGB picture.

        Raises:
            UsageError: the model answers something else.
        """
        side = (SCORE_SIDE_PX, SCORE_SIDE_PX)
        squares = [_from_0_to_1(one.resize(side, Image.Resampling.BILINEAR)) for one in pictures]
        answer = _answer(self.path, self.model, np.stack(squares).transpose(0, 3, 1, 2))
        if answer.shape not in ((len(pictures),), (len(pictures), 1)) or not _within(answer, 0.0, 1.0):
            raise _wrong(self.path, answer, f"[{len(pictures)}] or [{len(pictures)}, 1] from 0 to 1")
        return [float(score) for score in answer.reshape(-1)]


@dataclass(frozen=True, kw_only=True)
class FaceFinder:
    """A loaded model that finds faces."""

    path: str
    model: Callable[[Any], Any] = field(repr=False)

    def boxes(self, picture: Image.Image) -> NDArray[np.float64]:
        """[m, 4] left, top, right, bottom of each face, as fractions of the picture's width and height, within 0 and 1.

        Raises:
            UsageError: the model answers something else.
        """
        scale = min(1.0, FACES_SIDE_PX / max(picture.size))
        width, height = (max(1, round(side * scale)) for side in picture.size)
        laid = np.full((FACES_SIDE_PX, FACES_SIDE_PX, 3), 0.5, np.float32)
        laid[:height, :width] = _from_0_to_1(picture.resize((width, height), Image.Resampling.BILINEAR))
        answer = _answer(self.path, self.model, laid.transpose(2, 0, 1)[None])
        if answer.ndim != 2 or answer.shape[1] != 5 or not np.isfinite(answer).all() or not _within(answer[:, 4], 0.0, 1.0):
            raise _wrong(self.path, answer, "[m, 5]: left, top, right, bottom, and a score from 0 to 1")
        sure = answer[answer[:, 4] >= LEAST_SCORE, :4]
        return np.clip(sure / (width, height, width, height), 0.0, 1.0)


def load_scorer(path: Path) -> Scorer:
    """The scorer in a TorchScript file, on the processor.

    Raises:
        UsageError: no such file, no TorchScript, or torch is not installed.
    """
    return Scorer(path=str(path), model=_loaded(path))


def load_face_finder(path: Path) -> FaceFinder:
    """The face finder in a TorchScript file, on the processor.

    Raises:
        UsageError: no such file, no TorchScript, or torch is not installed.
    """
    return FaceFinder(path=str(path), model=_loaded(path))


def version(path: Path) -> str:
    """What the numbers of a file's model are called: by the SHA-256 of the file.

    Raises:
        UsageError: there is no such file.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}: put the model there, or take it out of [models] in curation.toml.")
    return f"sha256:{sha256_of_file(path)[:DIGITS]}/{DECODE_VERSION}/{CODE_VERSION}"


def share_of(boxes: NDArray[np.float64], steps: int = 512) -> float:
    """Which share of the picture boxes [m, 4] cover together, overlaps once, on a grid of so many steps a side."""
    covered = np.zeros((steps, steps), dtype=bool)
    for left, top, right, bottom in np.rint(boxes * steps).astype(int):
        covered[top:bottom, left:right] = True
    return float(covered.mean())


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch uses one thread: several processes share the processor."""
    try:
        import torch
    except ModuleNotFoundError:  # said better where a model is loaded
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _from_0_to_1(picture: Image.Image) -> NDArray[np.float32]:
    return np.asarray(np.asarray(picture, np.float32) / 255, np.float32)


def _loaded(path: Path) -> Callable[[Any], Any]:
    if not path.is_file():
        raise UsageError(f"there is no file {path}: put the model there, or take it out of [models] in curation.toml.")
    try:
        import torch
    except ModuleNotFoundError as error:
        raise UsageError(
            f"[models] names {path}, but torch is not installed: `uv sync --extra models`, or take it out of curation.toml."
        ) from error
    try:
        model: Callable[[Any], Any] = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"{path} is no TorchScript file ({_brief(error)}): save the model with torch.jit.save.") from error
    return model


def _answer(path: str, model: Callable[[Any], Any], given: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the model answers, as numbers.

    Raises:
        UsageError: it fails, or answers no tensor.
    """
    import torch

    with torch.inference_mode():
        try:
            answer = model(torch.from_numpy(np.ascontiguousarray(given)))
        except RuntimeError as error:  # what TorchScript makes of any error in a model
            raise UsageError(
                f"{path} fails on an input of {list(given.shape)} ({_brief(error)}): see pixels/scorers.py."
            ) from error
    first = answer[0] if isinstance(answer, tuple | list) and answer else answer
    if not isinstance(first, torch.Tensor):
        raise UsageError(f"{path} answers a {type(answer).__name__}, no tensor: see pixels/scorers.py for what it must answer.")
    return np.asarray(first.detach().to(torch.float64).cpu().numpy(), np.float64)


def _within(numbers: NDArray[np.float64], least: float, most: float) -> bool:
    return bool(((numbers >= least) & (numbers <= most)).all())


def _wrong(path: str, answer: NDArray[np.float64], wanted: str) -> UsageError:
    shown = f"numbers of the shape {list(answer.shape)}" + (
        f" from {answer.min():g} to {answer.max():g}" if answer.size and np.isfinite(answer).all() else ""
    )
    return UsageError(f"{path} answers {shown}; wanted is {wanted} (pixels/scorers.py says more).")


def _brief(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[-1].strip()[:200]}" if words else type(error).__name__
