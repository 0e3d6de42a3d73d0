"""How long an augmentation will take and how much disk it needs: from earlier runs where there are any, else an assumption."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from augment.model import Facts
from augment.recipe import AugmentSettings
from catalog.records import Request

PNG_BYTES_PER_PX = 2.0  # photographs as PNG; assumption, not measured
LATENT_GRID_PX = 8
SD_PARAMETERS = 860_000_000  # the denoiser of SD 1.x; taken when the weights are not here yet
FLOPS = {"cpu": 60e9, "cuda": 60e12}  # what convolutions and attention reach; assumption, not measured
CONTROL = 1.35  # a ControlNet is about the first half of the denoiser again; derived
AROUND_DENOISER = 1.3  # VAE, files and provenance on top of the denoiser; assumption, not measured
SAME = ("model", "revision", "long_side_px", "strength", "guidance", "steps", "scheduler", "device", "precision")
ADDED = ("timestep_spacing", "loras", "control")  # not in the settings of runs before they could be set


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds (without loading the model) and megabytes; `basis` says where the seconds come from."""

    seconds: float
    megabytes: float
    basis: str


def estimated(
    requests: Sequence[Request], settings: AugmentSettings, facts: Facts, runs: Sequence[Mapping[str, Any]]
) -> Estimate:
    """The cost of making these requests; `runs` are earlier ones (settings, counts), the newest first."""
    megabytes = sum(one.width_px * one.height_px for one in requests) * PNG_BYTES_PER_PX / 1e6
    wanted = json.loads(json.dumps({name: asdict(settings)[name] for name in (*SAME, *ADDED)}))
    plain = json.loads(json.dumps({name: asdict(AugmentSettings())[name] for name in ADDED}))
    for run in runs:
        before, counts = json.loads(run["settings"]), json.loads(run["counts"])
        if counts.get("made") and all(before.get(name, plain.get(name)) == wanted[name] for name in wanted):
            seconds = len(requests) * counts["making_ms"] / 1000 / counts["made"]
            return Estimate(seconds=round(seconds, 1), megabytes=round(megabytes, 2), basis="measured in an earlier run")
    passes = settings.steps_run * (2 if settings.guidance > facts.guidance_off else 1) * (CONTROL if settings.control else 1)
    places = sum(one.width_px * one.height_px for one in requests) / LATENT_GRID_PX**2
    work = passes * places * (facts.parameters or SD_PARAMETERS) * facts.flop
    device = ("cuda" if Path("/dev/nvidiactl").exists() else "cpu") if settings.device == "auto" else settings.device
    seconds = work * AROUND_DENOISER / FLOPS[device]
    return Estimate(seconds=round(seconds, 1), megabytes=round(megabytes, 2), basis=f"assumed for a {device}, not measured")
