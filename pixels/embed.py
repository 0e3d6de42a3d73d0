"""Vectors of pictures and words by open_clip, and of pictures by SSCD: the only place that loads either.

Only vectors of one version are comparable: another model, or other weights, puts the same picture elsewhere.
`tiny.json` is an architecture of a few thousand weights for tests: `random:tiny`.

Legend: n pictures or texts, d numbers of a vector, S side of the model's square input in pixels.
"""

import logging
import math
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from base.errors import OutOfMemoryError, UsageError, from_os_error, nearest
from base.seeds import derive
from pixels.model_names import FORMS, Asked, asked_copy_file, asked_model, copy_version, version

OVERSAMPLED = 2
"""The picture handed to a model has at least so many times its side, so that the model's own resizing does the work."""
LONGEST_ASPECT = 8
"""A longer strip is cut to this around its middle before a model that looks at the middle square alone enlarges it."""
TEXTS_AT_A_TIME = 64
SSCD_SIDE_PX = 320
"""Squeezed to a square: the setting its authors name for batches of pictures of different shapes."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HUB_FILES = ("open_clip_config.json", "open_clip_model.safetensors", "*token*", "vocab*", "merges.txt", "spiece.model")
HUB_OTHER_WEIGHTS = "open_clip_pytorch_model.bin"

_BAD_WEIGHTS = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    AssertionError,
    EOFError,
    pickle.UnpicklingError,
)
"""What open_clip 3.3, torch 2.15 and huggingface_hub 2.4 have been seen to raise on a file, name or network that fails."""

Vectors = NDArray[np.float32]
AnyEmbedder = TypeVar("AnyEmbedder", bound="PictureEmbedder")


@dataclass(frozen=True, kw_only=True)
class PictureEmbedder:
    """A loaded model that turns pictures into vectors. `side_px` is S; `middle`: it sees the middle square alone."""

    version: str
    dimensions: int
    side_px: int
    middle: bool
    device: str
    transform: Callable[[Image.Image], Any] = field(repr=False)
    encode: Callable[[Any], Any] = field(repr=False)

    def opening_side_px(self, width_px: int, height_px: int) -> int:
        """The `side_px` with which `pixels.decode.open_picture` should open a picture of this size for this model."""
        longer, shorter = max(width_px, height_px), max(1, min(width_px, height_px))
        return math.ceil(2 * OVERSAMPLED * self.side_px * min(longer / shorter, LONGEST_ASPECT))

    def prepared(self, rgb: Image.Image) -> Any:
        """The model's own resizing and scaling: a tensor [3, S, S]. Safe in any thread."""
        if self.middle and max(rgb.size) > LONGEST_ASPECT * min(rgb.size):
            width, height = (min(side, LONGEST_ASPECT * min(rgb.size)) for side in rgb.size)
            left, top = (rgb.width - width) // 2, (rgb.height - height) // 2
            rgb = rgb.crop((left, top, left + width, top + height))
        return self.transform(rgb)

    def vectors(self, prepared: Sequence[Any]) -> Vectors:
        """[n, d] rows of unit length for prepared pictures; a row of NaN where the model gave no direction.

        Raises:
            OutOfMemoryError: the device cannot hold so many at once.
            RuntimeError: the model fails on one of them.
        """
        import torch

        with torch.inference_mode():
            try:
                found = self.encode(torch.stack(list(prepared)).to(self.device))
                return _unit(found.float().cpu().numpy())
            except torch.OutOfMemoryError as error:
                raise OutOfMemoryError(
                    f"{self.device} cannot hold {len(prepared)} pictures for {self.version}: free its memory, or "
                    "choose a smaller model in [models]."
                ) from error

    def images(self, pictures: Sequence[Image.Image]) -> Vectors:
        """[n, d] rows of unit length for RGB pictures, all at once."""
        if not pictures:
            return np.empty((0, self.dimensions), np.float32)
        return self.vectors([self.prepared(picture) for picture in pictures])


@dataclass(frozen=True, kw_only=True)
class Embedder(PictureEmbedder):
    """An open_clip model: it puts words into the space of the pictures. `temperature` multiplies a cosine in its training."""

    temperature: float
    encode_texts: Callable[[Sequence[str]], Any] = field(repr=False)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """[n, d] rows of unit length; of a long text the model reads the beginning (CLIP: 77 tokens, some 50 words)."""
        import torch

        rows = [np.empty((0, self.dimensions), np.float32)]
        with torch.inference_mode():
            for at in range(0, len(texts), TEXTS_AT_A_TIME):
                rows.append(_unit(self.encode_texts(texts[at : at + TEXTS_AT_A_TIME]).float().cpu().numpy()))
        return np.concatenate(rows)

    def mean_of(self, texts: Sequence[str]) -> Vectors:
        """[d] the direction in which several texts for one thing point together."""
        return np.asarray(_unit(self.texts(texts).mean(axis=0, keepdims=True))[0], np.float32)

    def scores_against(self, vectors: Vectors, positive: Sequence[str], negative: Sequence[str]) -> NDArray[np.float64]:
        """[n] how much rather the positive words than the negative ones fit each picture, 0 to 1, by this model's temperature.

        Comparable within one model and one choice of words only: not a probability that anything is so.
        """
        ends = np.stack([self.mean_of(positive), self.mean_of(negative)]).astype(np.float64)
        cosines = np.asarray(vectors, np.float64) @ ends.T
        odds = np.clip(self.temperature * (cosines[:, 0] - cosines[:, 1]), -700, 700)  # beyond, exp has no number
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def load(spec: str, *, folder: Path = Path(), device: str = "auto") -> Embedder:
    """The open_clip model that a specification names; the forms are those of `[models] embedding` in curation.toml.

    Args:
        spec: architecture and weights.
        folder: relative paths in it start here.
        device: `auto` takes cuda where there is one.

    Raises:
        UsageError: no such model, tag, file, revision or device, or weights of another model.
    """
    asked = asked_model(spec, folder)
    torch, open_clip = _libraries()
    chosen = _device(torch, device)
    open_clip.add_model_config(Path(__file__).with_name("tiny.json"))
    with _quietly():
        try:
            model, tokenizer_name = _MAKERS[asked.source](asked, torch, open_clip)
            model = model.to(chosen).eval()
        except _BAD_WEIGHTS as error:
            raise _cannot_load(asked, error) from error
        settings = open_clip.transform.PreprocessCfg(**model.visual.preprocess_cfg)
        transform = open_clip.transform.image_transform_v2(settings, is_train=False)
    side = settings.size if isinstance(settings.size, int) else max(settings.size)
    tokenizer: list[Any] = []

    def encode_texts(texts: Sequence[str]) -> Any:
        if not tokenizer:  # some are files of their own, and pictures need none
            with _quietly():
                try:
                    tokenizer.append(open_clip.get_tokenizer(tokenizer_name))
                except _BAD_WEIGHTS as error:
                    raise _cannot_load(asked, error) from error
        return model.encode_text(tokenizer[0](list(texts)).to(chosen), normalize=True)

    embedder = Embedder(
        version=version(spec, folder=folder),
        dimensions=0,
        side_px=side,
        middle=settings.resize_mode == "shortest",
        device=chosen,
        transform=transform,
        encode=lambda batch: model.encode_image(batch, normalize=True),
        temperature=float(model.logit_scale.detach().exp()),
        encode_texts=encode_texts,
    )
    return _measured(embedder)


def load_copy(spec: str, *, folder: Path = Path(), device: str = "auto") -> PictureEmbedder:
    """The SSCD model (or another that takes such pictures) in a TorchScript file, which may run any code: use files you trust.

    Raises:
        UsageError: no such file, no TorchScript, or a model that does not turn pictures into vectors; no such device.
    """
    path = asked_copy_file(spec, folder)
    torch, open_clip = _libraries()
    chosen = _device(torch, device)
    settings = {"size": SSCD_SIDE_PX, "resize_mode": "squash", "interpolation": "bilinear"}
    transform = open_clip.transform.image_transform_v2(
        open_clip.transform.PreprocessCfg(mean=IMAGENET_MEAN, std=IMAGENET_STD, **settings), is_train=False
    )
    with _quietly():
        try:
            model = torch.jit.load(str(path), map_location=chosen).eval()
            embedder = PictureEmbedder(
                version=copy_version(spec, folder=folder),
                dimensions=0,
                side_px=SSCD_SIDE_PX,
                middle=False,
                device=chosen,
                transform=transform,
                encode=model,
            )
            return _measured(embedder)
        except _BAD_WEIGHTS as error:
            raise UsageError(
                f"{path} cannot be used for copies ({_brief(error)}): name a TorchScript file of SSCD, such as "
                "sscd_disc_mixup.torchscript.pt, in copy_embedding of [models]."
            ) from error


def _random(asked: Asked, torch: Any, open_clip: Any) -> tuple[Any, str]:
    """Weights by the model's own rules, from a seed of its name; the caller's random numbers go on as if nothing was drawn."""
    _known(asked, open_clip)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(0, "random weights", asked.model))
        return open_clip.create_model(asked.model, load_weights=False, pretrained_text=False), asked.model


def _from_tag(asked: Asked, torch: Any, open_clip: Any) -> tuple[Any, str]:
    _known(asked, open_clip)
    tags = open_clip.list_pretrained_tags_by_model(asked.model)
    if asked.weights not in tags:
        raise UsageError(f"{asked.model} has no weights called {asked.weights!r}; {nearest(asked.weights, tags)} Or {FORMS}.")
    trained = open_clip.get_pretrained_cfg(asked.model, asked.weights).get("quick_gelu", False)
    if trained != open_clip.get_model_config(asked.model).get("quick_gelu", False):
        other = asked.model.removesuffix("-quickgelu") + ("-quickgelu" if trained else "")
        raise UsageError(
            f"{asked.weights} was trained with another activation than {asked.model}: write {other}@{asked.weights}."
        )
    return open_clip.create_model(asked.model, pretrained=asked.weights), asked.model


def _from_file(asked: Asked, torch: Any, open_clip: Any) -> tuple[Any, str]:
    """A file does not say how its pictures were prepared: as for the first published weights of this architecture."""
    _known(asked, open_clip)
    tags = open_clip.list_pretrained_tags_by_model(asked.model)
    published = open_clip.get_pretrained_cfg(asked.model, tags[0]) if tags else {}
    names = ("mean", "std", "interpolation", "resize_mode")
    settings = {name: published[name] for name in names if published.get(name) is not None}
    return open_clip.create_model(asked.model, pretrained=asked.weights, force_preprocess_cfg=settings), asked.model


def _from_hub(asked: Asked, torch: Any, open_clip: Any) -> tuple[Any, str]:
    """From the cache where it is complete; what is missing comes over the network, at that revision."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    def complete(folder: Path) -> bool:
        return (folder / HUB_FILES[0]).exists() and any((folder / name).exists() for name in (HUB_FILES[1], HUB_OTHER_WEIGHTS))

    try:
        found = Path(snapshot_download(asked.model, revision=asked.weights, local_files_only=True))
    except LocalEntryNotFoundError:
        found = Path()
    if not complete(found):
        found = Path(snapshot_download(asked.model, revision=asked.weights, allow_patterns=list(HUB_FILES)))
    if not complete(found):
        found = Path(snapshot_download(asked.model, revision=asked.weights, allow_patterns=[HUB_OTHER_WEIGHTS]))
    if not complete(found):
        raise ValueError(f"it holds no {HUB_FILES[1]} beside an {HUB_FILES[0]}")
    return open_clip.create_model(f"local-dir:{found}", require_pretrained=True), f"local-dir:{found}"


_MAKERS: dict[str, Callable[[Asked, Any, Any], tuple[Any, str]]] = {
    "random": _random,
    "tag": _from_tag,
    "file": _from_file,
    "hub": _from_hub,
}


def _known(asked: Asked, open_clip: Any) -> None:
    models = open_clip.list_models()
    if asked.model not in models:
        raise UsageError(f"open_clip knows no model {asked.model!r}; {nearest(asked.model, models)}")


def _measured(embedder: AnyEmbedder) -> AnyEmbedder:
    """The same with its number of dimensions, which one black picture tells."""
    found = embedder.images([Image.new("RGB", (8, 8))])
    if found.ndim != 2 or len(found) != 1:
        raise ValueError(f"it makes arrays of the shape {list(found.shape)} of a picture, not vectors")
    return type(embedder)(**{**vars(embedder), "dimensions": found.shape[1]})


def _unit(rows: NDArray[Any]) -> Vectors:
    rows = np.asarray(rows, np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def _cannot_load(asked: Asked, error: BaseException) -> Exception:
    if isinstance(error, OSError) and (known := from_os_error(error, f"fetching {asked.called}")):
        return known
    advice = {
        "file": "it must hold weights of exactly this model, as open_clip saves them",
        "random": "choose another model",
    }.get(asked.source, "fetch it once where there is a network, or name a file with its weights: MODEL@PATH")
    return UsageError(f"{asked.called} cannot be loaded ({_brief(error)}): {advice}.")


def _brief(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}" if words else type(error).__name__


def _libraries() -> tuple[Any, Any]:
    try:
        import open_clip
        import torch
    except ModuleNotFoundError as error:
        raise UsageError(
            f"[models] asks for a model, but {error.name} is not installed: `uv sync --extra models`, or take the model out of "
            "curation.toml."
        ) from error
    return torch, open_clip


def _device(torch: Any, device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device {device!r} cannot be used here ({_brief(error)}): write auto, cpu or cuda.") from error
    return device


@contextmanager
def _quietly() -> Iterator[None]:
    """open_clip speaks through the root logger, which it thereby sets up for the whole process; what counts we raise."""
    root, silent, level = logging.getLogger(), logging.NullHandler(), logging.getLogger().level
    root.addHandler(silent)
    root.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(silent)
