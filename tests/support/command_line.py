"""The command line in processes of their own that begin warm: one process imports the program, and is forked for each command."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE_S = 240
LOADED = (
    "fototeca.main", "duckdb", "numpy", "PIL.Image", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "catalog.db", "catalog.runs",
    "catalog.record", "catalog.withdraw", "catalog.backup", "catalog.why", "catalog.status", "catalog.check", "harvest.crawl",
    "curate.curate", "curate.decide", "export.shards", "export.gallery", "shardset.verify",
)  # fmt: skip
"""What most commands import when they begin; nothing of it starts a thread or opens a file."""
WAITING = """
import atexit, importlib, json, os, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
from base import faults
from catalog import db
from fototeca.main import main
print("ready", flush=True)
for line in sys.stdin:
    wish = json.loads(line)
    if (child := os.fork()) == 0:
        os.environ.clear()
        os.environ.update(wish["environment"])
        os.chdir(wish["cwd"])
        for number, path in ((0, os.devnull), (1, wish["out"]), (2, wish["err"])):
            stream = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, number)
            os.close(stream)
        sys.argv = ["fototeca", *wish["words"]]
        faults._wanted, _, count = wish["environment"].get("FOTOTECA_KILL_AT", "").partition(":")
        faults._left = int(count or 1)
        db.PATIENCE_S = float(wish["environment"].get("PATIENCE_S", db.PATIENCE_S))
        code = 1
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Runs commands one after another; `close` ends the process that waits."""

    def __init__(self, root: Path, room: Path) -> None:
        self._out, self._err = room / "out", room / "err"
        environment = {name: value for name, value in os.environ.items() if name != "FOTOTECA_KILL_AT"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WAITING, json.dumps(LOADED)],
            cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._answer() == "ready"

    def run(self, words: list[str], *, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """One command, as `subprocess.run` would run it."""
        wish: dict[str, Any] = {"words": words, "cwd": str(cwd), "environment": environment}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**wish, "out": str(self._out), "err": str(self._err)}) + "\n")
        self._process.stdin.flush()
        code = int(self._answer())
        return subprocess.CompletedProcess(
            ["fototeca", *words], code, self._out.read_text(errors="replace"), self._err.read_text(errors="replace")
        )

    def _answer(self) -> str:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE_S)
        if not ready:
            self._process.kill()
            raise TimeoutError(f"the command did not end within {PATIENCE_S} s")
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the waiting process."""
        self._process.communicate()
