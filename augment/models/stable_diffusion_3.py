"""Stable Diffusion 3 and 3.5: a flow model with three text encoders, of which the large T5 may be left out.

Any model that diffusers loads as `StableDiffusion3Img2ImgPipeline`. Its sampler follows a flow, so a recipe says
`scheduler = "own"` or names a FlowMatch scheduler.

Legend: L tokens, D width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.layout import layout, refuse_other_builds
from augment.pipelines.load import loaded

CLASSES = ("StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline")
LARGE_ENCODER = ("text_encoder_3", "tokenizer_3")  # a model saved without them loads only when told so (diffusers 0.42.1)
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
        grid_px=found.vae_factor() * int(found.part("transformer").get("patch_size", 2)),
        parameters=found.parameters() or 2_500_000_000,
        scheduler=found.scheduler,
        flow=True,
        flop=FLOP,
    )


def load(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING
) -> "StableDiffusion3":
    """As `stable_diffusion.load`.

    Raises:
        UsageError: as there.
        OutOfMemoryError: as there.
    """
    index = layout(model, revision or None).index
    absent = {name: None for name in LARGE_ENCODER if (index.get(name) or [None])[0] is None}
    return StableDiffusion3(
        *loaded(model, revision, device=device, precision=precision, scheduler=scheduler, additions=additions, **absent)
    )


class StableDiffusion3(Diffusion):
    """`pipe` is a `StableDiffusion3Img2ImgPipeline`."""

    def asks(self, batch: Sequence[Asked]) -> dict[str, Any]:
        """With the size, which the pipeline would else take from its own default, not from the picture."""
        width_px, height_px = batch[0].picture.size
        return {**super().asks(batch), "width": width_px, "height": height_px}

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """The three encoders' answers, [1, L, D] one behind the other, and the summary of the two small ones [1, D]."""
        words, _, pooled, _ = self.pipe.encode_prompt(
            prompt, None, None, device=self.pipe.device, do_classifier_free_guidance=False
        )
        return {"prompt_embeds": words, "pooled_prompt_embeds": pooled}
