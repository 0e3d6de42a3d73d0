"""What a ControlNet sees of a parent: its edges, or how far things are."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from augment.additions import Control
from augment.pipelines.edges import edges
from augment.pipelines.kept import Kept
from base.errors import UsageError

SEEN_BYTES = 256 << 20  # about 1 MB each at 576 px


class Controlled:
    """The arguments of a pipeline with a ControlNet; each parent is looked at once."""

    def __init__(self, scale: float, look: Callable[[Image.Image], Image.Image]) -> None:
        """`look` makes the picture that the ControlNet is given, RGB in the parent's size."""
        self._scale = scale
        self._look = look
        self._seen = Kept(SEEN_BYTES)

    def asks(self, sources: Sequence[tuple[str, Image.Image]]) -> dict[str, Any]:
        """For a batch of named pictures."""
        import torch

        seen = [self._seen.get((name, picture.size), partial(self._as_tensor, picture)) for name, picture in sources]
        return {"control_image": torch.stack(seen), "controlnet_conditioning_scale": self._scale}  # [B, 3, H, W] in [0, 1]

    def _as_tensor(self, picture: Image.Image) -> Any:
        from torchvision.transforms.functional import to_tensor

        return to_tensor(self._look(picture))

    def forget(self) -> None:
        """Look at each parent anew."""
        self._seen.clear()


def looking(control: Control, device: str) -> Callable[[Image.Image], Image.Image]:
    """What turns a parent into the picture that a ControlNet of this kind was taught on.

    Raises:
        UsageError: the depth estimator cannot be loaded.
    """
    if control.kind == "canny":
        return lambda picture: edges(picture, low=control.low, high=control.high)
    return _depth_estimator(control, device)


def _depth_estimator(control: Control, device: str) -> Callable[[Image.Image], Image.Image]:
    """Near is white, far is black, each picture stretched to the whole range; always in float32."""
    import numpy as np
    import torch
    import transformers

    loader: Any = transformers

    where = Path(control.estimator).expanduser()
    named = {"pretrained_model_name_or_path": str(where) if where.is_dir() else control.estimator}
    if not where.is_dir():
        named["revision"] = str(control.estimator_revision)
    try:
        reader = loader.AutoImageProcessor.from_pretrained(**named)
        model = loader.AutoModelForDepthEstimation.from_pretrained(**named).to(device).eval()
    except (OSError, ValueError) as error:
        raise UsageError(f"control: the depth estimator {control.estimator} cannot be loaded: {error}") from error

    def look(picture: Image.Image) -> Image.Image:
        with torch.inference_mode():
            depth = model(**reader(images=picture, return_tensors="pt").to(device)).predicted_depth  # [1, h, w]
            size = (picture.height, picture.width)
            depth = torch.nn.functional.interpolate(depth[:, None].float(), size=size, mode="bicubic", align_corners=False)[0, 0]
        nearness = depth.cpu().numpy()
        nearness = (nearness - nearness.min()) / max(float(np.ptp(nearness)), 1e-6)
        return Image.fromarray((nearness * 255).round().astype(np.uint8)).convert("RGB")

    return look
