"""The words that the demo's model knows, in fixed order, and the byte-pair merges that keep each of them whole.

Order matters: a vocabulary trained afresh gives some letters other numbers from one process to the next, and a model saved
with one reads words differently with another. So nothing here is trained: letters, letters that end a word, whole words
and specials stand in the order written below.
"""

from itertools import pairwise

_TAUGHT = (
    "a an the on of in at by with and under over near , . - "
    "pampas araucaria araucária tree pine paraná gourd cuia chimarrão hut rancho landscape field plain sky "
    "day dusk night daylight sunset evening moonlight "
    "low middle high horizon picture photo photograph painting drawing view"
)
CAPTION_WORDS = tuple(_TAUGHT.split())

# Never in a training caption: their embeddings stay as they were drawn, so that a fine-tuning can give them a meaning.
RARE_TOKENS = ("sks", "ohwx", "zwx", "chmrr", "rcrtx", "pmpsl")

# Words that a person would try. The model was not taught them; each is one token all the same.
_UNTAUGHT = (
    "mate bomba silver red white brown green blue golden black dark light bright old new small large big lone single "
    "grass hill hills house cart ox horse cow sheep gaucho river stone wooden woven carved star band rim cloud clouds stars "
    "moon sun winter summer morning noon misty calm beautiful brazil brazilian southern south rio grande do sul "
    "archive heritage museum postcard engraving watercolour oil film black and white sepia one two three some many "
    "is are to from for as behind before beside left right close far above below standing growing scarf toad bird"
)
UNTAUGHT_WORDS = tuple(_UNTAUGHT.split())

START, END = "<|startoftext|>", "<|endoftext|>"


def byte_letters() -> dict[int, str]:
    """Gives each of the 256 bytes the printable letter that byte-level tokenizers write for it.

    Bytes that print as themselves in Latin-1 stay; the others take the letters from U+0100 on, in order.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    for position, byte in enumerate(byte for byte in range(256) if byte not in letters):
        letters[byte] = chr(0x100 + position)
    return letters


def split_by_merges(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Splits a word into pieces as a byte-pair tokenizer would: the merge that was listed first is made first."""
    letters = byte_letters()
    pieces = [letters[byte] for byte in word.encode()]
    pieces[-1] += "</w>"
    while len(pieces) > 1:
        pairs = [pair for pair in pairwise(pieces) if pair in ranks]
        if not pairs:
            break
        first = min(pairs, key=lambda pair: ranks[pair])
        merged: list[str] = []
        position = 0
        while position < len(pieces):
            if tuple(pieces[position : position + 2]) == first:
                merged.append(first[0] + first[1])
                position += 2
            else:
                merged.append(pieces[position])
                position += 1
        pieces = merged
    return pieces


def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Gives the token numbers and the merges, in an order that is the same in every process.

    A word's merges are listed after those of the words before it, so a later word never breaks an earlier one.
    """
    ranks: dict[tuple[str, str], int] = {}
    for word in dict.fromkeys((*CAPTION_WORDS, *RARE_TOKENS, *UNTAUGHT_WORDS)):
        pieces = split_by_merges(word, ranks)
        while len(pieces) > 1:
            ranks.setdefault((pieces[0], pieces[1]), len(ranks))
            pieces = split_by_merges(word, ranks)
    letters = sorted(byte_letters().values())
    tokens = [*letters, *(letter + "</w>" for letter in letters), *(left + right for left, right in ranks), START, END]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}, list(ranks)
