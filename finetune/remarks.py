"""What a person should know of the pictures before the GPU is rented: no faults, but things that change what is learned."""

from collections import Counter

from finetune.buckets import turns
from finetune.data import Samples
from finetune.recipe import Data


def remarks(samples: Samples, settings: Data, *, processes: int = 1) -> list[str]:
    """Sentences about small shapes, merged shapes, enlarged pictures, absent captions and concepts that stay behind.

    Args:
        samples: what `gather` returned.
        settings: the recipe's [data].
        processes: over which each batch is divided.
    """
    rows = settings.batch_size * processes
    said = [f"{one}." for one in samples.merged]
    for (height, width), number in sorted(Counter(item.size_px for item in samples.train).items()):
        if number < rows:
            said.append(
                f"{number} of the pictures {'has' if number == 1 else 'have'} the shape {width} x {height} px and a batch takes"
                f" {rows}: it shows them several times at once, in fewer batches, so that over time they are shown as often as"
                " the others."
            )
    if small := sum(_enlarged(item.record, item.size_px) for item in samples.train):
        said.append(f"{small} of {len(samples.train)} pictures are smaller than data.size_px = {settings.size_px} and enlarged.")
    if silent := sum(not item.caption for item in samples.train):
        said.append(f"{silent} of {len(samples.train)} pictures have no caption: data.fallback_caption alone describes them.")
    if settings.balance_concepts:
        _, showings = turns([[one.name for one in item.concepts] for item in samples.train])
        most = max(showings.values(), default=0)
        said += [
            f"{name} is shown {number} times while another concept is shown {most} times: every picture of it shows that one too."
            for name, number in showings.items()
            if number < most
        ]
    return said


def _enlarged(record: dict[str, int], size_px: tuple[int, int]) -> bool:
    return record["height_px"] < size_px[0] or record["width_px"] < size_px[1]
