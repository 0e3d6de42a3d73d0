"""One precision for a denoiser and all that hangs in it, when a stock pipeline calls it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.utils import convert_to_fp32


@contextmanager
def one_precision(denoiser: Any) -> Iterator[None]:
    """While it lasts, a denoiser with 16-bit weights takes text and latents in float32, and layers in float32 inside it.

    In training the encoders stay in float32, and so do adapters and an objective's own layers; accelerate's autocast joins them
    to the frozen weights. A pipeline around the same parts knows nothing of it. A denoiser in float32 is left alone.
    """
    first = next(denoiser.parameters())
    if first.dtype == torch.float32:
        yield
        return
    own, patched = denoiser.forward, "forward" in vars(denoiser)  # accelerate may have set one already

    def forward(*arguments: Any, **named: Any) -> Any:
        with torch.autocast(first.device.type, dtype=first.dtype):
            answer = own(*arguments, **named)
        noisy = next((one for one in (*arguments, *named.values()) if isinstance(one, torch.Tensor)), None)
        # a sampler goes on in the answer's precision, and a decoder in float32 takes no latents of 16 bits
        return convert_to_fp32(answer) if noisy is not None and noisy.dtype == torch.float32 else answer

    denoiser.forward = forward
    try:
        yield
    finally:
        if patched:
            denoiser.forward = own
        else:
            del denoiser.forward
