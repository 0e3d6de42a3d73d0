"""Models small enough for tests: a copy detector traced on the spot, weights saved to a file, and settings that name them."""

from pathlib import Path

import torch

SETTINGS = '[models]\nembedding = "random:tiny"\ncopy_embedding = "copies.pt"\n'


class Colours(torch.nn.Module):
    """Sixteen mean colours of a picture, less their mean: enough to tell copies of drawn clouds from other clouds."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """[n, 3, S, S] to [n, 48]."""
        means = torch.nn.functional.adaptive_avg_pool2d(pictures, 4).flatten(1)
        return means - means.mean(dim=1, keepdim=True)


def save_copy_model(path: Path) -> None:
    """Write `Colours` as a TorchScript file."""
    torch.jit.save(torch.jit.trace(Colours(), torch.rand(1, 3, 320, 320)), str(path))


def set_models(workspace: Path, more: str = "") -> None:
    """A curation.toml that names both models, and the file of the second."""
    workspace.mkdir(exist_ok=True)
    save_copy_model(workspace / "copies.pt")
    (workspace / "curation.toml").write_text(more + SETTINGS, encoding="utf-8")
