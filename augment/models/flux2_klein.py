"""FLUX.2 klein: a flow model that is shown the parent as a reference, and makes a new picture after it and the words.

Any model that diffusers loads as `Flux2KleinPipeline`. It starts from noise alone, so there is no strength: a recipe says
`strength = 1`, and all steps are run. Parents of more than 1024 x 1024 px are shown smaller, as the pipeline does it. The
distilled models take no guidance: `guidance = 1`. A recipe says `scheduler = "own"`.

Legend: B batch, L tokens, D width, N places of a picture.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.control import Controlled
from augment.pipelines.layout import layout, refuse_other_builds
from augment.pipelines.load import loaded

CLASSES = ("Flux2KleinPipeline",)
PATCH = 2  # latents along a side that the denoiser takes as one
SHOWN_PX = 1024 * 1024  # the most of a reference that the pipeline shows
LEAST_SIDE_PX, MOST_RATIO = 64, 8.0  # of a reference; what is smaller or longer the pipeline refuses (diffusers 0.42.1)
FLOP = 1.0  # a parameter and place: 2 a token of 2 x 2 places, and as many tokens again for the reference; derived


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
        parameters=found.parameters() or 4_000_000_000,
        scheduler=found.scheduler,
        flow=True,
        takes_strength=False,
        takes_guidance=not found.index.get("is_distilled", False),
        least_side_px=LEAST_SIDE_PX,
        most_ratio=MOST_RATIO,
        flop=FLOP,
    )


def load(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING
) -> "Flux2Klein":
    """As `stable_diffusion.load`.

    Raises:
        UsageError: as there.
        OutOfMemoryError: as there.
    """
    return Flux2Klein(*loaded(model, revision, device=device, precision=precision, scheduler=scheduler, additions=additions))


class Flux2Klein(Diffusion):
    """`pipe` is a `Flux2KleinPipeline`."""

    def __init__(self, pipe: Any, device: str, precision: str, control: Controlled | None = None) -> None:
        """Gives each picture of a batch a reference of its own; the pipeline would show all references to all pictures."""
        super().__init__(pipe, device, precision, control)
        self._batch: Sequence[Asked] = ()
        self._one_reference = pipe.prepare_image_latents
        pipe.prepare_image_latents = self._references

    def asks(self, batch: Sequence[Asked]) -> dict[str, Any]:
        """Without a strength, and with the size."""
        self._batch = batch
        width_px, height_px = batch[0].picture.size
        asks = {**super().asks(batch), "width": width_px, "height": height_px}
        del asks["strength"]
        return asks

    def starts(self, batch: Sequence[Asked], generators: Sequence[Any]) -> Any:
        """One of the pictures: the pipeline only has to see that there is one."""
        return batch[0].picture

    def encoded(self, prompt: str) -> Mapping[str, Any]:
        """The language model's answer [1, L, D], from three of its layers joined along D."""
        return {"prompt_embeds": self.pipe.encode_prompt(prompt, self.pipe.device)[0]}

    def encoded_source(self, picture: Image.Image) -> Any:
        """The reference's latents [1, N, D] and their places [1, N, 4], as the pipeline would prepare them."""
        processor = self.pipe.image_processor
        if picture.width * picture.height > SHOWN_PX:
            picture = processor._resize_to_target_area(picture, SHOWN_PX)
        grid_px = self.pipe.vae_scale_factor * PATCH
        width_px, height_px = (side_px // grid_px * grid_px for side_px in picture.size)
        pixels = processor.preprocess(picture, height=height_px, width=width_px, resize_mode="crop")
        return self._one_reference([pixels], 1, None, self.pipe.device, self.pipe.vae.dtype)

    def _references(self, images: Any, batch_size: int, generator: Any, device: Any, dtype: Any) -> tuple[Any, Any]:
        import torch

        each = [self.source(one) for one in self._batch]
        return torch.cat([latents for latents, _ in each]), torch.cat([places for _, places in each])
