"""The search for cycles is put off for a while, and never for good."""

import gc

import pytest

from base.garbage import collected_later


def test_it_is_off_inside_and_on_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collected_later():
        assert not gc.isenabled()
        _ = 1 / 0
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with collected_later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
