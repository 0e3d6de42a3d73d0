"""Captions through CLIP's tokenizers and text encoders, as the stock pipelines read them.

Legend: B batch, L tokens, D width.
"""

import logging
from collections.abc import Sequence
from typing import Any

import torch

log = logging.getLogger(__name__)


def token_ids(tokenizer: Any, encoder: Any, texts: Sequence[str], *, warns: bool = True) -> torch.Tensor:
    """Tokens of each text, padded to the encoder's full length, [B, L], on its device.

    Args:
        tokenizer: CLIP's.
        encoder: the one that will read them; accelerate may have wrapped it.
        texts: one longer than L tokens is cut, as everywhere with CLIP.
        warns: log the cut ones.
    """
    bare = getattr(encoder, "module", encoder)
    length = min(tokenizer.model_max_length, bare.config.max_position_embeddings)
    for text, pieces in zip(texts, tokenizer(list(texts)).input_ids if warns else (), strict=False):
        if len(pieces) > length:
            log.warning("caption_cut tokens=%d read=%d caption=%r", len(pieces), length, text)
    ids = tokenizer(list(texts), padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
    return ids.to(next(bare.parameters()).device)


def penultimate(encoder: Any, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The last hidden state but one, [B, L, D], and the projected summary [B, D'] of an encoder that has one."""
    answer = encoder(ids, output_hidden_states=True)
    return answer.hidden_states[-2], getattr(answer, "text_embeds", None)
