"""Captioners of a few thousand random weights, built here: BLIP and GIT in the layout of transformers, vocabulary included."""

from pathlib import Path
from typing import Any

WORDS = ("cuia", "gourd", "tree", "toad", "field", "silver", "woman", "horse")
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]")
PAD, START, END, BEGIN = 0, 2, 3, 5


def tiny_blip(folder: Path, seed: int = 1) -> Path:
    """A folder with a BLIP that reads pictures of 32 px and babbles these words."""
    import torch
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    part = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "projection_dim": 8}
    marks = {"bos_token_id": BEGIN, "eos_token_id": END, "sep_token_id": END, "pad_token_id": PAD}
    text = {**part, **marks, "vocab_size": len(MARKS) + len(WORDS), "encoder_hidden_size": 32, "max_position_embeddings": 64}
    vision = {**part, "image_size": 32, "patch_size": 16}
    config = BlipConfig(text_config={**text, "initializer_range": 0.8}, vision_config={**vision, "initializer_range": 0.8})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BlipForConditionalGeneration(config)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), _tokenizer()).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def tiny_git(folder: Path, seed: int = 1) -> Path:
    """A folder with a GIT that reads pictures of 32 px and babbles these words."""
    import torch
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor

    part = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    marks = {"bos_token_id": START, "eos_token_id": END, "pad_token_id": PAD}
    config = GitConfig(
        vision_config={**part, "image_size": 32, "patch_size": 16, "initializer_range": 0.8},
        **part,
        **marks,
        vocab_size=len(MARKS) + len(WORDS),
        max_position_embeddings=64,
        initializer_range=0.8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GitForCausalLM(config)
    seen = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    GitProcessor(seen, _tokenizer()).save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from transformers import BertTokenizer

    vocabulary = {piece: number for number, piece in enumerate([*MARKS, *WORDS])}
    return BertTokenizer(vocab=vocabulary, bos_token="[DEC]")
