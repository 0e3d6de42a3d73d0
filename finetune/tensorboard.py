"""TensorBoard's file of a run: every number of metrics.jsonl as a curve, and the grids as pictures."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetune.run_folder import METRICS_FILE

FOLDER = "tensorboard"
FLUSH_S = 30
HELD_OUT = "held_out_"


class Board:
    """Made from the run's own record, so that a resumed run has one file without a step twice. Needs the package tensorboard."""

    def __init__(self, run: Path, grids: Mapping[int, Path]) -> None:
        """Begin a new file in place of the old ones, with what metrics.jsonl and the grids say so far.

        Args:
            run: the run's folder.
            grids: by step.
        """
        from torch.utils.tensorboard import SummaryWriter

        shutil.rmtree(run / FOLDER, ignore_errors=True)
        self._writer: Any = SummaryWriter(str(run / FOLDER), flush_secs=FLUSH_S)
        metrics = run / METRICS_FILE
        for line in metrics.read_text(encoding="utf-8").splitlines() if metrics.exists() else ():
            self.add(json.loads(line))
        for step, path in sorted(grids.items()):
            self.show(path, step)

    def add(self, line: Mapping[str, Any]) -> None:
        """A line of metrics.jsonl."""
        for name, value in line.items():
            if name != "step" and isinstance(value, int | float):
                group, own = ("held_out", name.removeprefix(HELD_OUT)) if name.startswith(HELD_OUT) else ("training", name)
                self._writer.add_scalar(f"{group}/{own}", value, line["step"])

    def show(self, grid: Path, step: int) -> None:
        """A grid."""
        with Image.open(grid) as image:
            self._writer.add_image("grid", np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def close(self) -> None:
        """Write what is waiting."""
        self._writer.close()
