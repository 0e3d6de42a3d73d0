"""Stable Diffusion 1.x and 2.x, and models of the same build: image and caption in, image out (img2img).

Any model that diffusers loads as `StableDiffusionImg2ImgPipeline`, from the hub or from a folder. Each source is encoded once
for all its variations, each prompt once; every variation has a generator of its own on the CPU, so that its noise depends
neither on the batch nor on the device. The safety checker is not loaded, because it blackens pictures in silence.

Legend: B batch, H W pixels, C latent channels, h w latents (H and W over the grid), L tokens, D width.
"""

import hashlib
import json
import logging
import math
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from augment.model import Asked, Facts
from base.errors import NotFiniteError, OutOfMemoryError, UsageError, nearest
from base.files import sha256_of_file

log = logging.getLogger(__name__)
T = TypeVar("T")

CLASSES = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")
WEIGHTS = (".safetensors", ".bin")
CONFIGURATION = (".json", ".txt", ".model")
SOURCES_KEPT = 1024  # encoded sources on the device: 2 x 4 x 72 x 72 numbers each, 0.2 MB in float32
PROMPTS_KEPT = 256  # 77 x 768 numbers each
PASSED_AS_LATENTS = 4  # channels; diffusers 0.42 takes a start of exactly 4 channels for latents, all else for pixels


def facts(model: str, revision: str | None) -> Facts:
    """Read the model's configuration; from the hub only small files come, and only those not in its cache.

    Raises:
        UsageError: no such model or revision, one of another build, or a folder that is not the revision asked for.
    """
    folder = Path(model).expanduser()
    local = folder.is_dir()
    if not local:
        folder = _configuration_from_hub(model, revision)
    index = _json(folder / "model_index.json", model)
    if index.get("_class_name") not in CLASSES:
        raise UsageError(
            f"{model} is a {index.get('_class_name')}: augment/models/stable_diffusion.py runs {' or '.join(CLASSES)}."
        )
    channels = _json(folder / "vae" / "config.json", model).get("block_out_channels", [0])
    found = _folder_digest(folder) if local else folder.name
    if local and revision not in (None, found):
        raise UsageError(
            f"{model} has the digest {found}, but revision asks for {revision}: use that folder, or leave revision out."
        )
    parts = folder.resolve().parts
    return Facts(
        name="/".join(parts[-2:]) if local else model,
        revision=found,
        grid_px=2 ** (len(channels) - 1),
        parameters=_parameters(folder / "unet"),
    )


def load(model: str, revision: str, *, device: str, precision: str, scheduler: str) -> "StableDiffusion":
    """Load the weights on the device (`auto`: cuda where there is one), with this scheduler in place of the model's own.

    Raises:
        UsageError: no such scheduler or device, or files that diffusers cannot read.
        OutOfMemoryError: the device cannot hold the weights.
    """
    import diffusers
    import torch
    import transformers

    known = [name for name in dir(diffusers) if name.endswith("Scheduler") and not name.startswith("Flax")]
    if scheduler not in known:
        raise UsageError(f"diffusers has no scheduler {scheduler!r}: {nearest(scheduler, known)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is 'cuda', but torch finds none here: use 'auto' or 'cpu'.")
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    folder = Path(model).expanduser()
    try:
        with _without_bars(diffusers.utils.logging, transformers.utils.logging):
            pipe = diffusers.AutoPipelineForImage2Image.from_pretrained(
                str(folder) if folder.is_dir() else model,
                revision=None if folder.is_dir() else revision,
                dtype=getattr(torch, precision),
                safety_checker=None,
                requires_safety_checker=False,
            ).to(where)
    except (OSError, ValueError) as error:
        raise UsageError(f"{model} at {revision} cannot be loaded: {error}") from error
    except torch.OutOfMemoryError:
        raise OutOfMemoryError(f"{where} cannot hold {model} in {precision}: use precision float16, or another device.") from None
    pipe.scheduler = getattr(diffusers, scheduler).from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    log.info("model_loaded model=%s revision=%s device=%s precision=%s", model, revision, where, precision)
    return StableDiffusion(pipe, where, precision)


class StableDiffusion:
    """A loaded pipeline with its caches. Made by `load` only."""

    def __init__(self, pipe: Any, device: str, precision: str) -> None:
        """`pipe` is a `StableDiffusionImg2ImgPipeline` on `device`, with its scheduler set."""
        self.pipe = pipe
        self.device = device
        self.precision = precision
        self._sources: OrderedDict[Any, Any] = OrderedDict()
        self._prompts: OrderedDict[Any, Any] = OrderedDict()

    def vary(self, batch: Sequence[Asked]) -> list[Image.Image]:
        """One RGB picture for each, in the size of the picture given.

        Raises:
            OutOfMemoryError: the device cannot hold this batch; its memory is freed, so that a smaller one may be tried.
            NotFiniteError: see `pixels`.
        """
        pictures: list[Image.Image] = self.pipe.image_processor.numpy_to_pil(self.pixels(batch))
        return pictures

    def pixels(self, batch: Sequence[Asked]) -> Any:
        """The same before rounding to bytes: a numpy array [B, H, W, 3] in [0, 1], float32.

        Raises:
            OutOfMemoryError: as `vary`.
            NotFiniteError: a picture holds NaN, which would become black without a word; half precision does this.
        """
        import numpy as np
        import torch

        try:
            with torch.inference_mode():
                made = self._made(batch)
            for one, picture in zip(batch, made, strict=True):
                if not np.isfinite(picture).all():
                    raise NotFiniteError(
                        f"the variation of {one.source} with seed {one.seed} and prompt {one.prompt!r} is no number in "
                        f"{self.precision} on {self.device}: use precision float32."
                    )
            return made
        except torch.OutOfMemoryError:
            pass  # the traceback holds tensors: it must end before memory can be freed
        torch.cuda.empty_cache()
        size = batch[0].picture.size
        raise OutOfMemoryError(
            f"{self.device} cannot hold a batch of {len(batch)} at {size[0]} x {size[1]} px in {self.precision}: "
            "use a smaller long_side_px, precision float16, or another device."
        )

    def forget(self) -> None:
        """Empty the caches of encoded sources and prompts."""
        self._sources.clear()
        self._prompts.clear()

    def _made(self, batch: Sequence[Asked]) -> Any:
        import torch

        first = batch[0]
        generators = [torch.Generator("cpu").manual_seed(one.seed) for one in batch]
        guided = first.guidance > 1
        words = torch.cat([self._words(one.prompt) for one in batch])  # [B, L, D]
        without = torch.cat([self._words(one.negative_prompt) for one in batch]) if guided else None  # [B, L, D]
        latents = self.pipe(
            prompt_embeds=words,
            negative_prompt_embeds=without,
            image=self._starts(batch, generators),
            strength=first.strength,
            guidance_scale=first.guidance,
            num_inference_steps=first.steps,
            generator=generators,
            output_type="latent",
        ).images  # [B, C, h, w]
        pixels = self.pipe.vae.decode(latents / self.pipe.vae.config.scaling_factor, return_dict=False)[
            0
        ]  # [B, 3, H, W] in [-1, 1]
        return self.pipe.image_processor.postprocess(pixels.float(), output_type="np")  # [B, H, W, 3] in [0, 1]

    def _starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """Scaled latents [B, C, h, w], each drawn from its source's distribution by its own generator."""
        import torch
        from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import retrieve_latents

        if self.pipe.vae.config.latent_channels != PASSED_AS_LATENTS:
            return [one.picture for one in batch]  # the pipeline encodes them, each time
        drawn = [
            retrieve_latents(self._source(one), generator=generator) for one, generator in zip(batch, generators, strict=True)
        ]
        return torch.cat(drawn) * self.pipe.vae.config.scaling_factor

    def _source(self, one: Asked) -> Any:
        """The VAE's answer for one source, a distribution over [1, C, h, w]."""
        vae = self.pipe.vae
        return _kept(
            self._sources,
            (one.source, one.picture.size),
            SOURCES_KEPT,
            lambda: vae.encode(self.pipe.image_processor.preprocess(one.picture).to(vae.device, vae.dtype)),
        )

    def _words(self, prompt: str) -> Any:
        """The text encoder's answer for one prompt [1, L, D]; what is longer than L tokens is not read."""
        return _kept(self._prompts, prompt, PROMPTS_KEPT, lambda: self.pipe.encode_prompt(prompt, self.pipe.device, 1, False)[0])


def _kept(cache: "OrderedDict[Any, T]", key: Any, most: int, make: Callable[[], T]) -> T:
    if key not in cache:
        cache[key] = make()
    cache.move_to_end(key)
    if len(cache) > most:
        cache.popitem(last=False)
    return cache[key]


@contextmanager
def _without_bars(*logs: Any) -> Iterator[None]:
    """Bars are the commands' business; afterwards the libraries draw theirs as before."""
    were_on = [one for one in logs if one.is_progress_bar_enabled()]
    for one in were_on:
        one.disable_progress_bar()
    try:
        yield
    finally:
        for one in were_on:
            one.enable_progress_bar()


def _configuration_from_hub(model: str, revision: str | None) -> Path:
    """The folder of the hub's cache that holds the model's small files; its name is the commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=["model_index.json", "*/config.json"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(
            f"the model {model!r} is no folder here and could not be had from the hub ({reason}): "
            "check the name, the revision and the network, or name a folder in the layout of diffusers."
        ) from error


def _json(path: Path, model: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(f"{model} is no model in the layout of diffusers: {path} is missing or no JSON.") from error
    return dict(value)


def _folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the weights, configurations and vocabularies."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (*WEIGHTS, *CONFIGURATION):
            digest.update(f"{path.relative_to(folder).as_posix()}\x1f{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def _parameters(folder: Path) -> int | None:
    """How many numbers the safetensors files of a folder hold, read from their headers; None without such files."""
    files = sorted(folder.glob("*.safetensors"))
    total = 0
    for path in files[:1]:  # the same weights may lie there in several formats
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            table = json.loads(stream.read(length))
        total += sum(math.prod(entry["shape"]) for name, entry in table.items() if name != "__metadata__")
    return total or None
