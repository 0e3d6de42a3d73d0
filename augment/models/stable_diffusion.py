"""Stable Diffusion 1.x and 2.x, and models of the same build: image and caption in, image out (img2img).

Any model that diffusers loads as `StableDiffusionImg2ImgPipeline`, from the hub or from a folder. Each source is encoded once
for all its variations, each prompt once; every variation has a generator of its own on the CPU, so that its noise depends
neither on the batch nor on the device. The safety checker is not loaded, because it blackens pictures in silence.

Legend: B batch, H W pixels, C latent channels, h w latents (H and W over the grid), L tokens, D width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.layout import layout, refuse_other_builds
from augment.pipelines.load import loaded

CLASSES = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")
PASSED_AS_LATENTS = 4  # channels; diffusers 0.42 takes a start of exactly 4 channels for latents, all else for pixels


def facts(model: str, revision: str | None) -> Facts:
    """Read the model's configuration; from the hub only small files come, and only those not in its cache.

    Raises:
        UsageError: no such model or revision, one of another build, or a folder that is not the revision asked for.
    """
    found = layout(model, revision)
    refuse_other_builds(found, CLASSES, __name__)
    return Facts(
        name=found.name,
        revision=found.revision(revision),
        grid_px=found.vae_factor(),
        parameters=found.parameters(),
        scheduler=found.scheduler,
        controls=("canny", "depth"),
    )


def load(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING
) -> "StableDiffusion":
    """Load the weights on the device (`auto`: cuda where there is one), with this scheduler in place of the model's own.

    Raises:
        UsageError: no such scheduler or device, or files that diffusers cannot read.
        OutOfMemoryError: the device cannot hold the weights.
    """
    return StableDiffusion(
        *loaded(
            model,
            revision,
            device=device,
            precision=precision,
            scheduler=scheduler,
            additions=additions,
            safety_checker=None,
            requires_safety_checker=False,
        )
    )


class StableDiffusion(Diffusion):
    """`pipe` is a `StableDiffusionImg2ImgPipeline`, or its ControlNet sister."""

    def made(self, batch: Sequence[Asked]) -> Any:
        """Pixels in [0, 1]; leaves half precision before the last step, which the pipeline itself would round in."""
        latents = self.pipe(**self.asks(batch), output_type="latent").images  # [B, C, h, w]
        pixels = self.pipe.vae.decode(latents / self.pipe.vae.config.scaling_factor, return_dict=False)[0]  # [B, 3, H, W]
        return self.pipe.image_processor.postprocess(pixels.float(), output_type="np")  # [B, H, W, 3] in [0, 1]

    def starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """Scaled latents, or the pictures where the VAE has not the channels that the pipeline knows latents by."""
        if self.pipe.vae.config.latent_channels != PASSED_AS_LATENTS:
            return [one.picture for one in batch]  # the pipeline encodes them, each time
        return super().starts(batch, generators)

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """The text encoder's answer [1, L, D]; what is longer than L tokens is not read."""
        return {"prompt_embeds": self.pipe.encode_prompt(prompt, self.pipe.device, 1, False)[0]}
