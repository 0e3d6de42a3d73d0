"""One phase of the base model's training: its weights, optimiser, clock and losses, kept so that it can go on after a stop."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel

EXPORT_EVERY_S = 300.0
EMA_DECAY = 0.999
MEAN_OF_STEPS = 50  # a loss is noted as the mean over so many steps


class Phase:
    """What a stopped phase needs to go on, in one file; the loop that uses it says what a loss is."""

    def __init__(
        self,
        name: str,
        modules: dict[str, Any],
        weights: list[torch.nn.Parameter],
        *,
        lr: float,
        minutes: float,
        cache: Path,
        export: Callable[[], None],
        averaged: bool = False,
    ) -> None:
        """Builds the optimiser and, where the cache holds a state of this phase, takes it up.

        Args:
            name: Names the state's file and the lines that are printed.
            modules: What is kept, by name.
            weights: What is trained, a part of `modules`.
            lr: The peak of the learning rate.
            minutes: How long the phase lasts, earlier runs included.
            cache: The folder for the state.
            export: Writes the model for others; called with the averaged weights in place where there are any.
            averaged: Whether an exponential mean of the weights is kept.
        """
        self.name, self.modules, self.weights, self.export = name, modules, weights, export
        self.lr, self.limit_s, self.path = lr, minutes * 60, cache / f"{name}.pt"
        # No decay: a rare token's embedding gets no gradient and so stays exactly as it was drawn.
        self.optimiser = torch.optim.AdamW(weights, lr=lr, weight_decay=0.0)
        self.mean = EMAModel(weights, decay=EMA_DECAY) if averaged else None
        self.steps, self.seconds = 0, 0.0
        self.losses: dict[str, float] = {}
        self.recent: list[float] = []
        if self.path.exists():
            self._restore(torch.load(self.path, weights_only=True))
        self.kept_at_s = self.seconds if self.steps else -1.0
        self.begun = time.monotonic()

    def goes_on(self) -> bool:
        """Whether there is time left; the clock starts here."""
        self.begun = time.monotonic()
        return self.seconds < self.limit_s

    def learn(self, loss: torch.Tensor, shown: torch.Tensor) -> None:
        """Takes one step down `loss`, notes `shown`, and keeps and exports every five minutes."""
        share = self.seconds / self.limit_s
        # Up over the first 2 % of the time, level, and down to nothing over the last 45 %.
        rate = self.lr * min(1.0, share / 0.02 + 0.02) * max(min(1.0, (1 - share) / 0.45), 0.01)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        if self.mean is not None:
            self.mean.step(self.weights)
        self.steps += 1
        self.recent = [*self.recent[1 - MEAN_OF_STEPS :], shown.item()]
        self.seconds += time.monotonic() - self.begun
        if self.steps % MEAN_OF_STEPS == 0:
            self._note()
            print(f"{self.name} step={self.steps} seconds={self.seconds:.0f} loss={self.losses[str(self.steps)]}", flush=True)
        if self.seconds - self.kept_at_s > EXPORT_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Keeps the state and exports the model, unless both were done when the last step was taken."""
        if self.seconds == self.kept_at_s:
            return
        self._note()
        state: dict[str, Any] = {name: module.state_dict() for name, module in self.modules.items()}
        state |= {"optimiser": self.optimiser.state_dict(), **self.figures()}
        if self.mean is not None:
            state["mean"] = self.mean.state_dict()
        fresh = self.path.with_suffix(".writing")
        torch.save(state, fresh)
        fresh.replace(self.path)
        if self.mean is not None:
            self.mean.store(self.weights)
            self.mean.copy_to(self.weights)
        self.export()
        if self.mean is not None:
            self.mean.restore(self.weights)
        self.kept_at_s = self.seconds

    def figures(self) -> dict[str, Any]:
        """Gives steps, seconds and losses, the latter by step."""
        return {"steps": self.steps, "seconds": self.seconds, "losses": self.losses}

    def _note(self) -> None:
        if self.recent:
            self.losses[str(self.steps)] = round(sum(self.recent) / len(self.recent), 5)

    def _restore(self, state: dict[str, Any]) -> None:
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.mean is not None:
            self.mean.load_state_dict(state["mean"])
        self.steps, self.seconds, self.losses = state["steps"], state["seconds"], state["losses"]
