"""Any other model that diffusers can make a picture from a picture with (FLUX.1, Qwen-Image, Kandinsky ...), one at a time.

Nothing is known here of how the model works inside, so nothing is shared between variations: this is the plainly slower way.
Which models: those whose build `AutoPipelineForImage2Image` has an entry for.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from augment.additions import NOTHING, Additions
from augment.model import Asked, Facts
from augment.pipelines.batch import Diffusion
from augment.pipelines.layout import Layout, layout
from augment.pipelines.load import loaded
from base.errors import UsageError, nearest

CLASSES = ()  # none of its own: it is taken when no other plug-in runs a build
PATCH = 2  # latents along a side that transformers take as one; where it is not so the grid is only coarser than needed
GRID_PX = 64  # where the VAE does not say: coarse enough for all builds of diffusers 0.42
FLOP = 0.5  # a parameter and place; assumed to be a transformer


def facts(model: str, revision: str | None) -> Facts:
    """As `stable_diffusion.facts`; diffusers itself says what the pipeline takes, so it is imported, but no weights are read.

    Raises:
        UsageError: as there, or diffusers makes no picture from a picture with it.
    """
    found = layout(model, revision)
    pipeline = _pipeline(found)
    takes = inspect.signature(pipeline.__call__).parameters
    return Facts(
        name=found.name,
        revision=found.revision(revision),
        grid_px=found.vae_factor() * PATCH if (found.folder / "vae" / "config.json").exists() else GRID_PX,
        parameters=found.parameters(),
        scheduler=found.scheduler,
        flow=found.scheduler.startswith("FlowMatch"),
        takes_strength="strength" in takes,
        takes_guidance="guidance_scale" in takes,
        takes_negative="negative_prompt" in takes,
        takes_loras=hasattr(pipeline, "load_lora_weights"),
        flop=FLOP,
    )


def load(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions = NOTHING
) -> "AnyPipeline":
    """As `stable_diffusion.load`.

    Raises:
        UsageError: as there.
        OutOfMemoryError: as there.
    """
    return AnyPipeline(*loaded(model, revision, device=device, precision=precision, scheduler=scheduler, additions=additions))


class AnyPipeline(Diffusion):
    """`pipe` is whatever `AutoPipelineForImage2Image` made of the model."""

    def made(self, batch: Sequence[Asked]) -> Any:
        """Pixels [B, H, W, 3] in [0, 1], one call for each.

        Raises:
            UsageError: the pipeline answers in another size than it was asked for.
        """
        import numpy as np

        pictures = [self.pipe(**self._call(one), output_type="np").images[0] for one in batch]
        for one, picture in zip(batch, pictures, strict=True):
            if picture.shape[:2] != one.picture.size[::-1]:
                raise UsageError(
                    f"{type(self.pipe).__name__} answers in {picture.shape[1]} x {picture.shape[0]} px where "
                    f"{one.picture.width} x {one.picture.height} px are wanted: choose a long_side_px that the model makes."
                )
        return np.stack(pictures)

    def _call(self, one: Asked) -> dict[str, Any]:
        import torch

        wanted = {
            "prompt": one.prompt,
            "negative_prompt": one.negative_prompt or None,
            "image": one.picture,
            "strength": one.strength,
            "guidance_scale": one.guidance,
            "num_inference_steps": one.steps,
            "width": one.picture.width,
            "height": one.picture.height,
            "generator": torch.Generator("cpu").manual_seed(one.seed),
        }
        takes = inspect.signature(self.pipe.__call__).parameters
        return {name: value for name, value in wanted.items() if name in takes}


def _pipeline(found: Layout) -> Any:
    """The class that `AutoPipelineForImage2Image` would load it with.

    Raises:
        UsageError: there is none, or diffusers is not installed.
    """
    try:
        from diffusers.pipelines import auto_pipeline
    except ImportError as error:
        raise UsageError(f"{found.model} is a {found.build}, which needs diffusers: install fototeca[models].") from error
    ways = auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING
    tasks: Any
    for tasks in auto_pipeline.SUPPORTED_TASKS_MAPPINGS:
        for name, pipeline in tasks.items():
            if pipeline.__name__ == found.build and name in ways:
                return ways[name]
    known = sorted({pipeline.__name__ for pipeline in ways.values()})
    raise UsageError(
        f"{found.model} is a {found.build}, with which diffusers makes no picture from a picture: {nearest(found.build, known)}"
    )
