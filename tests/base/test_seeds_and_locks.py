"""Seeds are derived the same way everywhere; a lock has one holder and dies with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from base import faults, locks, plugins, seeds
from base.errors import BusyError, UsageError


def test_a_derived_seed_never_changes() -> None:
    # First 8 bytes of SHA-256("7\x1fabc"), shifted right by one: computed once with sha256sum.
    assert seeds.derive(7, "abc") == 4309357620653257022
    assert seeds.derive(7, "abc") != seeds.derive(7, "abd")


def test_fractions_are_spread_evenly() -> None:
    drawn = [seeds.fraction("salt", number) for number in range(2000)]
    assert all(0 <= value < 1 for value in drawn)
    assert 0.47 < sum(drawn) / len(drawn) < 0.53


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "stage.lock"
    with locks.held(path, "curate"):
        assert locks.is_held(path)
        with pytest.raises(BusyError, match=f"PID {os.getpid()}"), locks.held(path, "curate"):
            pass
    assert not locks.is_held(path)


def test_a_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "stage.lock"
    code = (
        "import os, signal, sys; from pathlib import Path; from base import locks\n"
        "with locks.held(Path(sys.argv[1]), 'x'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    with locks.held(path, "x"):
        pass


def test_a_wrong_plugin_name_lists_the_right_ones() -> None:
    with pytest.raises(UsageError, match="folder"):
        plugins.load("harvest.sources", "foldr")


def test_an_unset_kill_point_does_nothing() -> None:
    for name in faults.KILL_POINTS:
        faults.kill_point(name)
