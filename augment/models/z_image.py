"""Z-Image and Z-Image Turbo: a flow model that reads its prompt with a language model (Qwen3).

Any model that diffusers loads as `ZImageImg2ImgPipeline`. Guidance counts from 0: 0 switches it off (Turbo), and 4 is about
what 5 is elsewhere. A recipe says `scheduler = "own"`.

Legend: B batch, C latent channels, h w latents, L tokens, D width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.control import Controlled
from augment.pipelines.layout import layout, refuse_other_builds
from augment.pipelines.load import loaded

CLASSES = ("ZImagePipeline", "ZImageImg2ImgPipeline")
PATCH = 2  # latents along a side that the denoiser takes as one; the pipeline refuses sizes off this grid
FLOP = 0.5  # a parameter and place: 2 a token, of which each covers 2 x 2 places; derived, attention not counted


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
        grid_px=found.vae_factor() * PATCH,
        parameters=found.parameters() or 6_150_000_000,
        scheduler=found.scheduler,
        flow=True,
        flop=FLOP,
        guidance_off=ZImage.guidance_off,
    )


def load(model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING) -> "ZImage":
    """As `stable_diffusion.load`.

    Raises:
        UsageError: as there.
        OutOfMemoryError: as there.
    """
    return ZImage(*loaded(model, revision, device=device, precision=precision, scheduler=scheduler, additions=additions))


class ZImage(Diffusion):
    """`pipe` is a `ZImageImg2ImgPipeline`."""

    guidance_off = 0.0

    def __init__(self, pipe: Any, device: str, precision: str, control: Controlled | None = None) -> None:
        """Puts our latents where the pipeline would encode the pictures again."""
        super().__init__(pipe, device, precision, control)
        self._latents: Any = None
        by_pipeline = pipe.prepare_latents

        def from_ours(image: Any, *others: Any, **more: Any) -> Any:
            return by_pipeline(image if self._latents is None else self._latents, *others, **more)

        # The pipeline takes latents for a start here, but its `image` takes only pictures (diffusers 0.42.1: its image
        # processor believes that latents have 4 channels, these have 16).
        pipe.prepare_latents = from_ours

    def made(self, batch: Sequence[Asked]) -> Any:
        """Pixels [B, H, W, 3] in [0, 1]."""
        try:
            return super().made(batch)
        finally:
            self._latents = None

    def starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """The pictures, of which the pipeline reads only the size; their latents [B, C, h, w] wait where it asks for them."""
        self._latents = super().starts(batch, generators)
        return [one.picture for one in batch]

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """The language model's answer, a list of one [L, D]: prompts keep their lengths."""
        words, _ = self.pipe.encode_prompt(prompt, device=self.pipe.device, do_classifier_free_guidance=False)
        return {"prompt_embeds": words}
