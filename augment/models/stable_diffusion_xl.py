"""Stable Diffusion XL and models of the same build, SDXL Turbo among them: two text encoders, sizes told to the denoiser.

Any model that diffusers loads as `StableDiffusionXLImg2ImgPipeline`. The refiner has another conditioning (a score for looks)
and runs too, as the pipeline has it.

Legend: B batch, C latent channels, h w latents, L tokens, D width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.layout import layout, refuse_other_builds
from augment.pipelines.load import loaded

CLASSES = ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline")
PASSED_AS_LATENTS = 4  # channels; diffusers 0.42 takes a start of exactly 4 channels for latents, all else for pixels
FLOP = 0.14  # a parameter and place: 6 TFLOP a pass, 2.6 billion parameters, 128 x 128 places; derived


def facts(model: str, revision: str | None) -> Facts:
    """As `stable_diffusion.facts`.

    Raises:
        UsageError: as there.
    """
    found = layout(model, revision)
    refuse_other_builds(found, CLASSES, __name__)
    return Facts(
        name=found.name,
        revision=found.revision(revision),
        grid_px=found.vae_factor(),
        parameters=found.parameters() or 2_567_000_000,
        scheduler=found.scheduler,
        controls=("canny", "depth"),
        flop=FLOP,
    )


def load(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING
) -> "StableDiffusionXL":
    """As `stable_diffusion.load`; without the invisible watermark, since what was made is said in the file's rights.

    Raises:
        UsageError: as there.
        OutOfMemoryError: as there.
    """
    return StableDiffusionXL(
        *loaded(
            model,
            revision,
            device=device,
            precision=precision,
            scheduler=scheduler,
            additions=additions,
            add_watermarker=False,
        )
    )


class StableDiffusionXL(Diffusion):
    """`pipe` is a `StableDiffusionXLImg2ImgPipeline`, or its ControlNet sister."""

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """Both text encoders' answers, [1, L, D] joined along D, and the second's summary [1, D]."""
        words, _, pooled, _ = self.pipe.encode_prompt(prompt, device=self.pipe.device, do_classifier_free_guidance=False)
        return {"prompt_embeds": words, "pooled_prompt_embeds": pooled}

    def encoded_against(self, prompt: str) -> Mapping[str, Any]:
        """The same; nothing to stay away from is zeros where the model was taught so, not the encoders' answer to no words."""
        answer = super().encoded_against(prompt)
        if prompt or not self.pipe.config.force_zeros_for_empty_prompt:
            return answer
        return {name: value.new_zeros(value.shape) for name, value in answer.items()}

    def starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """Scaled latents, or the pictures where the VAE has not the channels that the pipeline knows latents by."""
        if self.pipe.vae.config.latent_channels != PASSED_AS_LATENTS:
            return [one.picture for one in batch]
        return super().starts(batch, generators)

    def scaled(self, latents: Any) -> Any:
        """With mean and spread of each channel where the VAE states them (Playground 2.5), else by one factor."""
        vae = self.pipe.vae
        latents = latents.to(vae.dtype)
        if vae.config.latents_mean is None or vae.config.latents_std is None:
            return latents * vae.config.scaling_factor
        mean, spread = (
            latents.new_tensor(values).view(1, -1, 1, 1) for values in (vae.config.latents_mean, vae.config.latents_std)
        )
        return (latents - mean) * vae.config.scaling_factor / spread

    def encoded_source(self, picture: Image.Image) -> Any:
        """In float32 where the VAE says that it overflows in half precision."""
        import torch

        vae = self.pipe.vae
        before = vae.dtype
        if vae.config.force_upcast:
            vae.to(torch.float32)
        try:
            return super().encoded_source(picture)
        finally:
            vae.to(before)
