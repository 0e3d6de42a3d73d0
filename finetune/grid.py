"""Before and after on one sheet: what the base model drew and what the trained one draws, on the same seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune import sheet
from finetune.provenance import sheet_marks
from finetune.sample import Progress, generate


def before_after(
    folder: Path,
    prompts: Sequence[str],
    *,
    out: Path,
    seed: int = 0,
    count: int = 3,
    pictures: Path | None = None,
    base_prompts: Sequence[str] | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write one PNG, a row a prompt, the base model on the left and the trained one on the right; returns its path.

    Args:
        folder: of a finished run.
        prompts: one row each.
        out: the PNG.
        seed: see `finetune.sample.generate`.
        count: pictures on each side.
        pictures: folder of the single pictures, in `before/` and `after/`; None: `pictures/` in the run's folder.
        base_prompts: what the base model gets instead, row by row, such as the prompt without its rare token.
        steps: see `generate`.
        guidance: see `generate`.
        progress: see `generate`.

    Raises:
        UsageError: see `generate`.
    """
    place = pictures or folder / "pictures"
    same: dict[str, Any] = {"seed": seed, "count": count, "steps": steps, "guidance": guidance, "progress": progress}
    before = generate(folder, base_prompts or prompts, out=place / "before", use_adapter=False, **same)
    after = generate(folder, prompts, out=place / "after", use_adapter=True, **same)
    rows = [
        sheet.Row(prompt, tuple(before[at * count : (at + 1) * count]), tuple(after[at * count : (at + 1) * count]))
        for at, prompt in enumerate(prompts)
    ]
    marks = sheet_marks(after[0].read_bytes(), prompts)
    return sheet.draw(rows, out, headings=("before", "after"), marks=marks)
