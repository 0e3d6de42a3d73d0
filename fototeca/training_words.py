"""What the check of a training run found, in words: a table, then faults and warnings one by one."""

from typing import Any

from fototeca.desk import table
from fototeca.words import count_of, duration

WIDEST = 110


def check_words(report: Any) -> str:
    """The rows with their verdicts, what stops the run, what does not, and how long it would take."""
    rows = [{"what": one.what, "found": one.value, "verdict": one.verdict} for one in report.rows]
    lines = [table(rows, widest=WIDEST)]
    if report.faults:
        lines += ["", f"{count_of(len(report.faults), 'fault')}, each of which stops the run:"]
        lines += [f"  {number}. {one.said}" for number, one in enumerate(report.faults, start=1)]
    if report.warnings:
        lines += ["", f"{count_of(len(report.warnings), 'warning')}; the run would go on:"]
        lines += [f"  - {one}" for one in report.warnings]
    if report.memory is not None:
        lines += ["", f"memory: {report.memory.method}."]
    if report.time is not None:
        lines += ["", *time_lines(report.time)]
    return "\n".join(lines)


def time_lines(time: Any) -> list[str]:
    """The range, what it is made of, and what it leaves out."""
    parts = [
        f"{time.steps} steps of {time.step_s:.3g} s",
        *([f"encoding {duration(time.encoding_s)}"] if time.encoding_s else []),
        f"held-out scores {duration(time.scoring_s)}",
        *([f"drawing {duration(time.drawing_s)}"] if time.drawing_s else []),
    ]
    return [
        f"time: {duration(time.low_s)} to {duration(time.high_s)} on {time.device} ({'; '.join(parts)}), measured in three steps;"
        f" it leaves out {time.leaves_out}."
    ]
