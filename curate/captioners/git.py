"""GIT (Wang et al. 2022), and what was trained from it: an English caption for a picture.

Any model that transformers loads as `GitForCausalLM`, from the hub or from a folder.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PIL import Image

from base.errors import OutOfMemoryError, UsageError
from curate.captioner import files_of

log = logging.getLogger(__name__)

LANGUAGE = "en"
BEAMS = 4
LENGTH_PENALTY = 0.6
MOST_TOKENS = 40
"""Beams, penalty and tokens are those of Cioni et al. 2023, who captioned with GIT-base (for ArtCap: single sentences)."""


def load(id_or_path: str, revision: str | None, device: str = "auto") -> "Git":
    """Load weights and vocabulary on the device (`auto`: cuda where there is one).

    Raises:
        UsageError: no such model, revision or device, files that transformers cannot read, or weights that are missing.
        OutOfMemoryError: the device cannot hold the weights.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is 'cuda', but torch finds none here: use 'auto' or 'cpu'.")
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    files = files_of(id_or_path, revision, model_type="git")
    try:
        with _without_bars(transformers.utils.logging):
            processor = transformers.GitProcessor.from_pretrained(files.folder, local_files_only=True)
            loaded: Any = transformers.GitForCausalLM.from_pretrained(
                files.folder, local_files_only=True, output_loading_info=True
            )
            model, found = loaded[0].eval().to(where), loaded[1]
    except torch.OutOfMemoryError:
        raise OutOfMemoryError(f"{where} cannot hold {id_or_path}: free its memory, or name a smaller model.") from None
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(f"{id_or_path} cannot be loaded as GIT: {' '.join(str(error).split())[:300]}") from error
    if missing := sorted(found["missing_keys"]):  # transformers would fill them with random numbers
        raise UsageError(f"{id_or_path} lacks {len(missing)} of GIT's weights, such as {missing[0]}: its files are not whole.")
    log.info("captioner_loaded model=%s revision=%s device=%s", files.name, files.revision, where)
    return Git(model, processor, where, files.name, files.revision)


class Git:
    """A loaded model with its vocabulary. Made by `load` only."""

    language = LANGUAGE

    def __init__(self, model: Any, processor: Any, device: str, name: str, revision: str) -> None:
        """`model` is a `GitForCausalLM` on `device`."""
        self.model = model
        self.processor = processor
        self.device = device
        self.name = name
        self.revision = revision

    def caption(self, pictures: Sequence[Image.Image]) -> list[str]:
        """One caption for each RGB picture; see `curate.captioner.Captioner`."""
        import torch

        try:
            with torch.inference_mode():
                seen = self.processor(images=list(pictures), return_tensors="pt").to(self.device)
                tokens = self.model.generate(
                    pixel_values=seen["pixel_values"],
                    do_sample=False,
                    num_beams=BEAMS,
                    length_penalty=LENGTH_PENALTY,
                    max_new_tokens=MOST_TOKENS,
                )
            return [text.strip() for text in self.processor.batch_decode(tokens, skip_special_tokens=True)]
        except torch.OutOfMemoryError:
            pass  # the traceback holds tensors: it must end before memory can be freed
        torch.cuda.empty_cache()
        raise OutOfMemoryError(f"{self.device} cannot caption {len(pictures)} pictures at once: free its memory.")


@contextmanager
def _without_bars(bars: Any) -> Iterator[None]:
    """Bars are the commands' business; afterwards the library draws its own as before."""
    were_on = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if were_on:
            bars.enable_progress_bar()
