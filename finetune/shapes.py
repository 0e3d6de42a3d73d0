"""The model without its numbers: every part on torch's `meta` device, with true shapes and no memory, and what it would allocate.

A forward and backward pass there allocates the same tensors as on a GPU, in seconds and a few megabytes. Three things that a
GPU does otherwise are acted out: autocast (`Precision`), attention that keeps no table of L x L likenesses (the same class), and
the recomputing of blocks under both (`checkpointed`).

Legend: B batch, L tokens, D width.
"""

import contextlib
import importlib
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.checkpoint import checkpoint

META = torch.device("meta")
BLOCK_BYTES = 512
"""torch's CUDA allocator hands out memory in multiples of it. Source: c10/cuda/CUDACachingAllocator.cpp, kMinBlockSize."""

# What autocast computes in 16 bits and what in 32, as far as denoisers and text encoders call it. Source: torch's documentation
# of torch.amp, "CUDA Ops that can autocast".
LOWERED = {F.linear, F.conv1d, F.conv2d, torch.matmul, torch.bmm, torch.baddbmm, torch.Tensor.matmul, torch.Tensor.__matmul__}
RAISED = {F.layer_norm, F.group_norm, F.softmax, torch.softmax, torch.Tensor.softmax, F.mse_loss, torch.pow, torch.Tensor.pow}


def components(where: str, revision: str | None, dtypes: Mapping[str, torch.dtype]) -> dict[str, Any]:
    """Every network that a pipeline's index names, built from its configuration alone; no weights are read or fetched.

    Args:
        where: folder or hub id.
        revision: commit on the hub, None for a folder.
        dtypes: by name, with "default" for the rest.
    """
    import diffusers

    found = {}
    for name, entry in diffusers.DiffusionPipeline.load_config(where, revision=revision).items():
        if not isinstance(entry, list | tuple) or entry[0] not in ("diffusers", "transformers") or name == "safety_checker":
            continue
        kind: Any = getattr(importlib.import_module(entry[0]), entry[1], None)
        if not is_network(kind):
            continue
        place: dict[str, Any] = {"subfolder": name, "revision": revision}
        if hasattr(kind, "load_config"):
            config = kind.load_config(where, **place)
            with META:
                module = kind.from_config(config)
        else:
            config = kind.config_class.from_pretrained(where, **place)
            with META:
                module = kind(config)
        found[name] = module.to(dtypes.get(name, dtypes["default"])).eval()
    return found


def is_network(kind: Any) -> bool:
    """Whether a class is a network, and no scheduler, tokenizer or processor."""
    return isinstance(kind, type) and issubclass(kind, torch.nn.Module)


def size_bytes(modules: Iterable[Any]) -> int:
    """Bytes of all parameters and buffers, shared ones counted once."""
    seen = {}
    for module in modules:
        if isinstance(module, torch.nn.Module):
            for one in (*module.parameters(), *module.buffers()):
                seen[id(one)] = one.numel() * one.element_size()
    return sum(seen.values())


class Allocations(TorchDispatchMode):
    """Counts the bytes of every tensor that is made while it lasts, until it is freed: `live` now, `peak` at the most."""

    def __init__(self, present: Iterable[torch.nn.Module]) -> None:
        """What `present` already holds is not counted."""
        super().__init__()
        self.live = self.peak = 0
        self._known: dict[int, Any] = {}
        for module in present:
            for one in (*module.parameters(), *module.buffers()):
                self._known[one.untyped_storage()._cdata] = one.untyped_storage()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let it happen, and look at what came."""
        answer = function(*args, **(kwargs or {}))
        for one in tree_iter(answer):
            if isinstance(one, torch.Tensor):
                self._see(one.untyped_storage())
        return answer

    def _see(self, storage: Any) -> None:
        key = storage._cdata
        if key in self._known:
            return
        blocks_bytes = -(-storage.nbytes() // BLOCK_BYTES) * BLOCK_BYTES
        self._known[key] = weakref.ref(storage, lambda _: self._free(key, blocks_bytes))
        self.live += blocks_bytes
        self.peak = max(self.peak, self.live)

    def _free(self, key: int, blocks_bytes: int) -> None:
        self._known.pop(key, None)
        self.live -= blocks_bytes


class Precision(TorchFunctionMode):
    """Autocast to `lower` (None: none), and attention in blocks, as on a GPU."""

    def __init__(self, lower: torch.dtype | None) -> None:
        """Nothing is changed before it is entered."""
        super().__init__()
        self.lower = lower

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The call, with its tensors as autocast would have them."""
        kwargs = kwargs or {}
        if function is F.scaled_dot_product_attention:
            given = dict(zip(("query", "key", "value"), args, strict=False)) | kwargs
            return _Attention.apply(*(self._cast(given[name], self.lower) for name in ("query", "key", "value")))
        wanted = self.lower if function in LOWERED else torch.float32 if function in RAISED and self.lower else None
        if wanted is not None:
            args = tuple(self._cast(one, wanted) for one in args)
            kwargs = {name: self._cast(one, wanted) for name, one in kwargs.items()}
        return function(*args, **kwargs)

    @staticmethod
    def _cast(value: Any, dtype: torch.dtype | None) -> Any:
        floats = isinstance(value, torch.Tensor) and value.is_floating_point() and dtype is not None
        return value.to(dtype) if floats and value.dtype != dtype else value


class _Attention(torch.autograd.Function):
    """What a fused kernel keeps for the way back: its inputs, its answer and one number a row (Dao et al. 2022, 2205.14135)."""

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:  # … L D
        answer = query.new_empty((*query.shape[:-1], value.shape[-1]))
        ctx.save_for_backward(query, key, value, answer, query.new_empty(query.shape[:-1], dtype=torch.float32))
        return answer

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        query, key, value, *_ = ctx.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def checkpointed(module: Any, lower: torch.dtype | None) -> None:
    """Gradient checkpointing whose second forward pass, within backward, is in the same precision as the first."""

    def contexts() -> tuple[Any, Any]:
        return contextlib.nullcontext(), Precision(lower)

    if hasattr(module, "gradient_checkpointing_enable"):  # of transformers
        module.gradient_checkpointing_enable({"use_reentrant": False, "context_fn": contexts})
        return
    module.enable_gradient_checkpointing(
        lambda function, *args: checkpoint(function.__call__, *args, use_reentrant=False, context_fn=contexts)
    )


@contextlib.contextmanager
def counted(present: Iterable[Any]) -> Iterator[Allocations]:
    """Count what is allocated beside the modules that are there."""
    with Allocations([one for one in present if isinstance(one, torch.nn.Module)]) as found:
        yield found
