"""What can be looked at while a run goes on: the same prompts with the same seeds again and again, and TensorBoard by choice.

Nothing here touches the training: pictures are drawn with generators of their own, by the main process, and a grid that cannot
be drawn is named and left out.
"""

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from base.errors import OutOfMemoryError, UsageError
from finetune import sheet, within_memory
from finetune.captions import Concept
from finetune.drawing import Wish, wishes
from finetune.objective import Objective
from finetune.parts import Parts
from finetune.provenance import SYNTHETIC
from finetune.recipe import Recipe
from finetune.tensorboard import Board

log = logging.getLogger(__name__)

GRIDS = "grids"
DEFAULT_PROMPTS = ("a {token} {noun}", "a {noun}")


def check(recipe: Recipe) -> None:
    """Refuse before training what could only fail after the encoding.

    Raises:
        UsageError: TensorBoard is asked for and not installed.
    """
    if recipe.watch.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "watch.tensorboard = true needs the package tensorboard, which is not installed here: "
            '`pip install "fototeca[watch]"`, or leave it out; metrics.jsonl and curves.png are written in any case.'
        )


def prompts(recipe: Recipe, concepts: Sequence[Concept]) -> list[str]:
    """What is drawn: each of [watch] prompts for every concept, none twice."""
    chosen = recipe.watch.prompts or DEFAULT_PROMPTS
    filled = [prompt.format(token=one.rare_token, noun=one.class_noun) for one in concepts for prompt in chosen]
    return list(dict.fromkeys(filled))


class Watcher:
    """Grids and TensorBoard's files of one run."""

    def __init__(
        self, folder: Path, recipe: Recipe, concepts: Sequence[Concept], teaching: Objective, *, first_step: int, writes: bool
    ) -> None:
        """Take away what a killed run showed beyond its checkpoint, so that nothing is there twice.

        Args:
            folder: of the run; its metrics.jsonl ends with `first_step` already.
            recipe: [watch], [held_out] and [sampling] count here.
            concepts: those that are taught.
            teaching: its `sample` draws.
            first_step: steps that are done.
            writes: False on every process but the main one.

        Raises:
            UsageError: as `check` says.
        """
        check(recipe)
        self.folder, self.recipe, self.teaching, self.writes = folder, recipe, teaching, writes
        self.prompts = prompts(recipe, concepts)
        self.not_drawn: str | None = None
        """Why there are no grids, where there should be some."""
        self._board: Board | None = None
        if not writes:
            return
        for path in grids(folder):
            if step_of(path) > first_step:
                path.unlink()
        if recipe.watch.tensorboard:
            shown = {step_of(path): path for path in grids(folder)}
            shown.pop(recipe.steps, None)  # it is drawn again
            self._board = Board(folder, shown)

    def looks(self, done: int) -> bool:
        """Whether the model is drawn or scored after that step, the last one apart."""
        held_out = self.recipe.held_out.every
        return self._draws(done) or bool(held_out and done < self.recipe.steps and done % held_out == 0)

    def after_step(self, model: Parts, done: int, line: Mapping[str, Any]) -> None:
        """Show the step's numbers and, where its turn has come, a grid.

        Args:
            model: as it is after the step.
            done: steps, this one counted.
            line: of metrics.jsonl.
        """
        if not self.writes:
            return
        if self._board:
            self._board.add(line)
        if self._draws(done):
            self._grid(model, done)

    def last_grid(self, model: Parts) -> str | None:
        """Draw the trained model; the grid's path in the run's folder, or None and `not_drawn` says why."""
        if not (self.writes and self.recipe.watch.count):
            return None
        path = self._grid(model, self.recipe.steps)
        return path.relative_to(self.folder).as_posix() if path else None

    def close(self) -> None:
        """End TensorBoard's file."""
        if self._board:
            self._board.close()

    def _draws(self, done: int) -> bool:
        every = self.recipe.watch.grid_every
        return bool(every and self.recipe.watch.count and done < self.recipe.steps and done % every == 0)

    def _grid(self, model: Parts, done: int) -> Path | None:
        if self.not_drawn:
            return None
        try:
            images = self._images(model)
        except (UsageError, OutOfMemoryError) as error:  # the training itself is well, and goes on
            self.not_drawn = str(error)
            log.warning("grid_not_drawn step=%d reason=%s", done, error)
            return None
        count = self.recipe.watch.count
        rows = [
            sheet.Row(prompt, tuple(images[number * count : (number + 1) * count])) for number, prompt in enumerate(self.prompts)
        ]
        title = f"step {done} of {self.recipe.steps}, seed {self.recipe.watch.seed}"
        marks = {"Iptc4xmpExt:DigitalSourceType": SYNTHETIC, "dc:description": title, "xmp:CreatorTool": "fototeca"}
        path = sheet.draw(rows, self.folder / GRIDS / f"step-{done:08d}.png", title=title, marks=marks)
        if self._board:
            self._board.show(path, done)
        return path

    def _images(self, model: Parts) -> list[Image.Image]:
        chosen, side = self.recipe.sampling, self.recipe.data.size_px // model.grid_px * model.grid_px
        wanted = [
            wish
            for prompt in self.prompts
            for wish in wishes(
                prompt,
                self.recipe.watch.count,
                seed=self.recipe.watch.seed,
                size_px=(side, side),
                negative_prompt=chosen.negative_prompt,
            )
        ]
        images: list[Image.Image] = []

        def keep(wish: Wish, image: Image.Image) -> None:
            images.append(image)

        with model.sampling() as seen:
            sample, steps, guidance = self.teaching.sample, chosen.steps, chosen.guidance
            within_memory.drawn(seen, sample, wanted, steps=steps, guidance=guidance, each=keep)
        return images


def grids(folder: Path) -> list[Path]:
    """The grids of a run, the first step's first."""
    return sorted((folder / GRIDS).glob("step-*.png"))


def step_of(grid: Path) -> int:
    """The step after which a grid was drawn."""
    return int(grid.stem.removeprefix("step-"))
