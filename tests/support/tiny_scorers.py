"""TorchScript files of a few operations: a scorer that sees brightness, a face finder that sees one bright square."""

from pathlib import Path

import torch


class Brightness(torch.nn.Module):
    """The mean of the whole input: black 0, white 1."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean(dim=[1, 2, 3])


class TooSure(torch.nn.Module):
    """Logits instead of scores."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean(dim=[1, 2, 3]) * 50 + 2


class WhiteThings(torch.nn.Module):
    """One box around everything that is white, with score 0.9, and beside it an unsure box of the whole input."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        found = (picture[0].amin(dim=0) > 0.95).nonzero()
        whole = torch.tensor([[0.0, 0.0, 640.0, 640.0, 0.49]])
        if found.size(0) == 0:
            return whole
        top, left = found.amin(dim=0)[0], found.amin(dim=0)[1]
        bottom, right = found.amax(dim=0)[0] + 1, found.amax(dim=0)[1] + 1
        one = torch.stack([left, top, right, bottom]).to(torch.float32)
        return torch.cat([torch.cat([one, torch.tensor([0.9])])[None], whole])


def save(model: torch.nn.Module, path: Path) -> Path:
    """Write it as TorchScript."""
    torch.jit.save(torch.jit.script(model.eval()), str(path))
    return path
