"""Sidecars: XMP files that lie beside pictures, as `name.jpg.xmp` or `name.xmp`, and say what the picture may not."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harvest.embedded import Embedded, laid_over, stated_in
from pixels.marks import Marks, read_marks
from pixels.xmp import LARGEST_CHARACTERS, read_packet

SUFFIX = ".xmp"


class Sidecars:
    """Which of a folder's files are sidecars, and of which pictures."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are the relative paths of all files; case counts for nothing, as on the systems that write sidecars."""
        names = list(names)
        self._sidecars = {name.casefold(): name for name in names if PurePosixPath(name).suffix.casefold() == SUFFIX}
        others = {name.casefold() for name in names} - self._sidecars.keys()
        self._pictures = others | {str(PurePosixPath(name).with_suffix("")) for name in others}

    def of(self, name: str) -> str | None:
        """The picture's own sidecar: the one that is named after the whole file name, else after its stem."""
        whole = name.casefold() + SUFFIX
        stem = str(PurePosixPath(name.casefold()).with_suffix("")) + SUFFIX if PurePosixPath(name).suffix else whole
        return self._sidecars.get(whole) or self._sidecars.get(stem)

    def is_one(self, name: str) -> bool:
        """Whether the file is the sidecar of another file in the folder."""
        folded = name.casefold()
        return folded in self._sidecars and folded.removesuffix(SUFFIX) in self._pictures

    def read(self, name: str, path: Path, sidecar: str | None, place: Path | None) -> Embedded:
        """What the picture's file and its sidecar say; files that cannot be opened say nothing here.

        Args:
            name: Of the picture, for the evidence.
            path: Of the picture.
            sidecar: Its name, if there is one.
            place: Its path.
        """
        try:
            embedded = stated_in(read_marks(path), name)
        except OSError:
            embedded = Embedded()  # that is said where its bytes are taken
        return laid_over(_stated(sidecar, place), embedded) if sidecar and place else embedded


def _stated(sidecar: str, place: Path) -> Embedded:
    try:
        with place.open("rb") as stream:
            properties = read_packet(stream.read(LARGEST_CHARACTERS))
    except OSError:
        properties = None
    if properties is None:
        return Embedded(unreadable=(f"sidecar {sidecar}",))
    return stated_in(Marks(xmp=properties), sidecar)
