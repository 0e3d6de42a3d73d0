"""Loading and sampling without the libraries' bars and remarks: what is shown is the commands' business."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """While the block runs, diffusers and transformers draw no bars and log errors only; afterwards they do as before."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    both = (diffusers_logging, transformers_logging)
    were = [(one.is_progress_bar_enabled(), one.get_verbosity()) for one in both]
    for one in both:
        one.disable_progress_bar()
        one.set_verbosity_error()
    try:
        yield
    finally:
        for one, (bars, verbosity) in zip(both, were, strict=True):
            one.set_verbosity(verbosity)
            if bars:
                one.enable_progress_bar()
