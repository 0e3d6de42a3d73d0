"""A headless Chromium spoken to over two pipes: no socket, no driver; for tests that press the keys of a page."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--disable-dev-shm-usage")


class Browser:
    """One open tab. Made by `opened` only."""

    def __init__(self, ask: int, answers: int, downloads: Path) -> None:
        """Attach to the first tab."""
        self._ask, self._answers, self._rest, self._number = ask, answers, b"", 0
        self._session: str | None = None
        self.problems: list[str] = []
        tabs = self.call("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in tabs if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def call(self, method: str, **parameters: Any) -> Any:
        """Ask, and wait for the answer; what the page complains of meanwhile goes to `problems`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._ask, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.problems.append(json.dumps(answer["params"])[:300])
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, path: Path) -> None:
        """Go to a file, and wait until it stands."""
        self.call("Page.navigate", url=path.as_uri())
        self.until(f"document.readyState === 'complete' && location.href === {json.dumps(path.as_uri())}")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until the expression is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.ask(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other; several letters are typed as a text."""
        for key in keys:
            if len(key) > 1:
                self.call("Input.insertText", text=key)
                continue
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            block = os.read(self._answers, 1 << 16)
            assert block, "the browser has gone"
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own; downloads go to `folder`."""
    assert CHROMIUM is not None
    theirs_in, ask = os.pipe()
    answers, theirs_out = os.pipe()
    words = [CHROMIUM, *SWITCHES, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    script = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
    child = subprocess.Popen(
        ["bash", "-c", script, "browser", *words],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(ask, answers, folder)
    finally:
        os.close(ask)
        os.close(answers)
        child.terminate()
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
