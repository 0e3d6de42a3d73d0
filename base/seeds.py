"""Seeds are derived, never drawn: the same run seed and the same item give the same number, in any order, anywhere."""

import hashlib


def derive(seed: int, *parts: str | int) -> int:
    """A seed in [0, 2**63) for one purpose, from the run's seed and what the purpose is about (a sha256, a step, a word)."""
    text = "\x1f".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def fraction(*parts: str | int) -> float:
    """A number in [0, 1) that depends on nothing but `parts`: the coin for splits and buckets."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
