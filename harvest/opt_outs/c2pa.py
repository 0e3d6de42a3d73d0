"""C2PA and CAWG: the training-mining assertion of a manifest in the file.

`notAllowed` denies, whether or not the manifest validates; `constrained` denies too, with its conditions kept, for nobody
has agreed to them. All four uses count: training, generative training, data mining, and inference, which is what making a
variation of a picture is. What a manifest of an ingredient says counts as well.
"""

from collections.abc import Iterator

from catalog.records import OptOut
from harvest.source import Answer
from pixels.c2pa import training_assertions

CHANNEL = "c2pa"
PLACE = "file"


def read(answer: Answer) -> Iterator[OptOut]:
    """One statement for each assertion that denies anything, with the uses it denies."""
    for one in training_assertions(answer.body):
        if denials := one.denials():
            words = ", ".join(f"{use}={said}" for use, said in denials.items())
            constraints = f" ({one.constraints})" if one.constraints else ""
            damaged = " (the assertion is damaged)" if one.damaged else ""
            yield OptOut(channel=CHANNEL, value=f"{one.label}: {words}{constraints}{damaged}", where=answer.url)
