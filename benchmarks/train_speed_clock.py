"""Runs one trainer with a clock on its steps and a look at the card's memory; for `train_speed.py` only.

Run: python benchmarks/train_speed_clock.py OUT ours ARGUMENTS_OF_FOTOTECA …
     python benchmarks/train_speed_clock.py OUT peer SCRIPT ARGUMENTS_OF_THE_SCRIPT …
Both trainers call one function once a step, after the loss has come from the device: ours when it writes metrics.jsonl, the
script of diffusers when it logs. The clock stands there, so nothing of either is changed, and the card is done when it is read.
"""

import functools
import json
import resource
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Run, and write what the clock said, also when the run ends by SystemExit."""
    out, kind, *arguments = sys.argv[1:]
    told: dict[str, Any] = {"steps": [], "cpu": []}
    try:
        if kind == "ours":
            from finetune.run_folder import RunFolder
            from fototeca.main import main as fototeca

            clock(RunFolder, "add_metrics", told)
            sys.argv = ["fototeca", *arguments]
            fototeca()
        else:
            from accelerate import Accelerator

            clock(Accelerator, "log", told)
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    finally:
        told["most_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        Path(out).write_text(json.dumps(told), encoding="utf-8")


def clock(kind: Any, name: str, told: dict[str, Any]) -> None:
    """Let every call of that method note the time, and the most memory that the card has held so far."""
    method: Callable[..., Any] = getattr(kind, name)

    @functools.wraps(method)
    def noting(self: Any, *arguments: Any, **named: Any) -> Any:
        import torch

        told["steps"].append(time.perf_counter())
        told["cpu"].append(time.process_time())
        if torch.cuda.is_available():
            told["most_card_memory_mb"] = round(torch.cuda.max_memory_allocated() / 2**20)
            told["most_card_memory_reserved_mb"] = round(torch.cuda.max_memory_reserved() / 2**20)
        return method(self, *arguments, **named)

    setattr(kind, name, noting)


if __name__ == "__main__":
    main()
