"""A pipeline of diffusers run in batches across sources: each source and each prompt encoded once, a generator for each picture.

What all families share. A plug-in of `augment/models` derives from `Diffusion` and says what differs: how its text encoders
answer, and how a source's latents are scaled.

Legend: B batch, H W pixels, C latent channels, h w latents (H and W over the VAE's factor), L tokens, D width.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PIL import Image

from augment.model import Asked
from augment.pipelines.control import Controlled
from augment.pipelines.kept import Kept
from base.errors import NotFiniteError, OutOfMemoryError

SOURCES_BYTES = 1 << 30  # encoded sources on the device: 1 to 4 MB each at 576 px, with all that a distribution carries
PROMPTS_BYTES = 1 << 30  # 0.2 MB each for SD 1.5, 16 MB for FLUX.2 klein, in float32


class Diffusion:
    """A loaded pipeline with its caches. Made by a plug-in's `load` only."""

    guidance_off = 1.0
    """Up to here the pipeline takes no guidance, and nothing to stay away from."""

    def __init__(self, pipe: Any, device: str, precision: str, control: Controlled | None = None) -> None:
        """`pipe` is on `device`, with its scheduler set; `control` when it has a ControlNet."""
        self.pipe = pipe
        self.device = device
        self.precision = precision
        self.control = control
        self._sources = Kept(SOURCES_BYTES)
        self._prompts = Kept(PROMPTS_BYTES)

    def vary(self, batch: Sequence[Asked]) -> list[Image.Image]:
        """One RGB picture for each, in the size of the picture given.

        Raises:
            OutOfMemoryError: the device cannot hold this batch; its memory is freed, so that a smaller one may be tried.
            NotFiniteError: see `pixels`.
        """
        return [Image.fromarray(picture) for picture in (self.pixels(batch) * 255).round().astype("uint8")]

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
                made = self.made(batch)
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
        """Empty the caches of encoded sources and prompts, and of what a ControlNet sees."""
        self._sources.clear()
        self._prompts.clear()
        if self.control:
            self.control.forget()

    def made(self, batch: Sequence[Asked]) -> Any:
        """Pixels [B, H, W, 3] in [0, 1] of one call of the pipeline."""
        return self.pipe(**self.asks(batch), output_type="np").images

    def asks(self, batch: Sequence[Asked]) -> dict[str, Any]:
        """The arguments of one call for the whole batch. Noise is drawn on the CPU, the same on every device."""
        import torch

        first = batch[0]
        generators = [torch.Generator("cpu").manual_seed(one.seed) for one in batch]
        seen = self.control.asks([(one.source, one.picture) for one in batch]) if self.control else {}
        return {
            **self.words([one.prompt for one in batch]),
            **(self.words_against([one.negative_prompt for one in batch]) if first.guidance > self.guidance_off else {}),
            **seen,
            "image": self.starts(batch, generators),
            "strength": first.strength,
            "guidance_scale": first.guidance,
            "num_inference_steps": first.steps,
            "generator": generators,
        }

    def words(self, prompts: Sequence[str]) -> dict[str, Any]:
        """The arguments that carry the prompts, joined along the batch."""
        return _joined([self._prompts.get(prompt, partial(self.encoded, prompt)) for prompt in prompts])

    def words_against(self, prompts: Sequence[str]) -> dict[str, Any]:
        """The same for what to stay away from."""
        each = [self._prompts.get(("against", one), partial(self.encoded_against, one)) for one in prompts]
        return {f"negative_{name}": value for name, value in _joined(each).items()}

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """The text encoders' answers to one prompt, by the pipeline's argument: [1, L, D] or [1, D], or a list of one [L, D]."""
        raise NotImplementedError

    def encoded_against(self, prompt: str) -> Mapping[str, Any]:
        """The same for a negative prompt."""
        answer: Mapping[str, Any] = self._prompts.get(prompt, partial(self.encoded, prompt))
        return answer

    def starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """Scaled latents [B, C, h, w], each drawn from its source's distribution by its own generator."""
        import torch
        from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import retrieve_latents

        drawn = [
            retrieve_latents(self.source(one), generator=generator) for one, generator in zip(batch, generators, strict=True)
        ]
        return self.scaled(torch.cat(drawn))

    def scaled(self, latents: Any) -> Any:
        """The VAE's latents as the denoiser wants them."""
        vae = self.pipe.vae.config
        return (latents - (vae.shift_factor or 0.0)) * vae.scaling_factor

    def source(self, one: Asked) -> Any:
        """The VAE's answer for one source, a distribution over [1, C, h, w]."""
        return self._sources.get((one.source, one.picture.size), lambda: self.encoded_source(one.picture))

    def encoded_source(self, picture: Image.Image) -> Any:
        """The VAE's answer for one picture."""
        vae = self.pipe.vae
        return vae.encode(self.pipe.image_processor.preprocess(picture).to(vae.device, vae.dtype))


def _joined(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tensors behind one another along the batch; of lists, which families with prompts of unequal length take, one long one."""
    import torch

    return {
        name: [tensor for one in each for tensor in one[name]]
        if isinstance(each[0][name], list)
        else torch.cat([one[name] for one in each])
        for name in each[0]
    }
