"""The stages that `endurance.py` kills: how each begins, how far it is, and what it promises."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from curated_archive import Archive, drawn, encoded  # noqa: E402
from harvest_speed import ENVIRONMENT, Museum, harvest, museum  # noqa: E402
from small_catalogue import content  # noqa: E402

from catalog import runs  # noqa: E402
from catalog.records import Candidate, Image  # noqa: E402
from catalog.rights import read_rights  # noqa: E402
from catalog.store import Store  # noqa: E402
from shardset.read import open_shards  # noqa: E402
from shardset.verify import verify  # noqa: E402

SERVED = 4000  # pictures of the harvest
SIZES = (5_000, 400_000)  # bytes, smallest and largest picture
LOGS = ("answers",)  # tables that note each asking, so that a killed and repeated stage may say more
UNDISTURBED, DISTURBED = "undisturbed", "disturbed"

PARENTS = 60  # of the augmentation; four of five fall into train
CONCEPTS = '[[concept]]\nname = "cuia"\nclass_noun = "gourd"\nrare_token = "sks"\ntarget = 2000\nwords.pt = ["cuia"]\n'
RECIPE = "long_side_px = 64\nsteps = 24\nstrength = 0.5\nguidance = 3.0\nvariations_per_parent = 4\nbatch_size = 4\n"
PARENT_SIDE_PX = 256
TEACHING = """steps = 200
checkpoint_every = 10
device = "cpu"
[model]
id = "{model}"
[weights]
rank = 4
text_encoder = true
[data]
size_px = 32
batch_size = 2
accumulation = 2
[objective.settings]
caption_dropout = 0.1
[optimiser]
ema_decay = 0.9
[held_out]
every = 50
[audit]
pictures = 2
"""
EXPORTED = 240  # pictures of the export
EXPORTED_SIDE_PX = 640
VARIED = 12
SHARDS = "shards"
SCALED = ("--longest-side", "480", "--encoder", "webp")  # so that a shard takes its time, and its making is tried, too


class Stage(Protocol):
    """What is killed: a command, how far it is, and what it promises besides the same content."""

    longest_pause_s: float
    """After the work that was waited for, so that a kill falls into any step of it."""

    def command(self, workspace: Path) -> list[str]:
        """The command."""

    def work(self) -> int:
        """A number that grows with the work done."""

    def killed(self, workspace: Path) -> None:
        """Called after each kill, when nothing runs any more."""

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""


class Harvest:
    """A IIIF museum on loopback; what the server was asked for is its work. It asks for no stored picture again."""

    longest_pause_s = 1.0

    def __init__(self, served: Museum, log: Path) -> None:
        self._served = served
        self._log = log
        self._stored: dict[str, int] = {}  # by path: how much had been asked for when its line was first seen

    def command(self, workspace: Path) -> list[str]:
        return harvest(self._served, workspace)

    def work(self) -> int:
        return self._log.read_bytes().count(b"\n")

    def killed(self, workspace: Path) -> None:
        asked = self.work()
        for path in _stored_paths(workspace):
            self._stored.setdefault(path, asked)

    def broken(self) -> list[str]:
        asked = self._log.read_text().splitlines()
        again = Counter(path for number, path in enumerate(asked) if number >= self._stored.get(path, len(asked)))
        return [f"{path} was asked for {count} times after it was stored" for path, count in sorted(again.items())]


@contextmanager
def harvest_stage(room: Path) -> Iterator[Harvest]:
    """The museum stands while the stage is tried."""
    log = room / "asked.txt"
    log.touch()
    with museum(SERVED, SIZES, log) as served:
        yield Harvest(served, log)


class Augment:
    """A tiny SDXL with random weights; the pictures in both stores are its work. No variation is spooled twice."""

    longest_pause_s = 0.4

    def __init__(self, room: Path) -> None:
        self._room = room
        self._again: list[str] = []

    def command(self, workspace: Path) -> list[str]:
        words = ["augment", "--recipe", self._room / "tiny.toml", "--model", self._room / "model"]
        return _fototeca(*words, "--workspace", workspace)

    def work(self) -> int:
        return sum(len(Store(self._room / name).names()) for name in (UNDISTURBED, DISTURBED))

    def killed(self, workspace: Path) -> None:
        spooled: Counter[str] = Counter()
        for path in (workspace / "spool").glob("**/variations.jsonl"):
            spooled.update(json.loads(line)["request"] for line in path.read_bytes().split(b"\n")[:-1])
        self._again = [request for request, count in spooled.items() if count > 1]

    def broken(self) -> list[str]:
        return [f"the variation of request {request} was made twice" for request in self._again]


@contextmanager
def augment_stage(room: Path) -> Iterator[Augment]:
    """Both workspaces with the same curated pictures of one scarce concept."""
    from tiny_diffusion import save

    save("sdxl", room / "model")
    (room / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    _curated(room / UNDISTURBED, PARENTS, PARENT_SIDE_PX)
    shutil.copytree(room / UNDISTURBED, room / DISTURBED)
    yield Augment(room)


class Export:
    """Scaled copies over an older export of half of them; bytes in both folders are its work.

    At any moment the manifest is an old one or the new one, and every shard that it names is whole.
    """

    longest_pause_s = 0.4

    def __init__(self, room: Path) -> None:
        self._room = room
        self._faults: list[str] = []

    def command(self, workspace: Path) -> list[str]:
        return _fototeca("export", workspace / SHARDS, *SCALED, "--workspace", workspace)

    def work(self) -> int:
        sizes = 0
        for name in (UNDISTURBED, DISTURBED):
            for path in (self._room / name / SHARDS).iterdir():
                try:
                    sizes += path.stat().st_size
                except FileNotFoundError:
                    continue  # renamed or removed in the meantime
        return sizes

    def killed(self, workspace: Path) -> None:
        named = [shard["name"] for shard in open_shards(workspace / SHARDS).manifest["shards"]]
        self._faults += [fault for fault in verify(workspace / SHARDS) if fault.startswith(tuple(named))]

    def broken(self) -> list[str]:
        return self._faults


@contextmanager
def export_stage(room: Path) -> Iterator[Export]:
    """Both workspaces with the same pictures, variations of some, and an export of half of them."""
    workspace = room / UNDISTURBED
    archive = _curated(workspace, EXPORTED, EXPORTED_SIDE_PX)
    parents = archive.rows(f"SELECT sha256 FROM kept WHERE split = 'train' ORDER BY sha256 LIMIT {VARIED}")
    for number, parent in enumerate(parents):
        archive.vary(parent["sha256"], encoded(drawn(10_000 + number, EXPORTED_SIDE_PX), "PNG"), seed=number)
    _curate(workspace)
    command = [*Export(room).command(workspace), "--limit", str(EXPORTED // 2)]
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(workspace, room / DISTURBED)
    yield Export(room)


class Finetune:
    """A tiny SDXL taught a concept; lines of metrics.jsonl are its work.

    At any moment the newest checkpoint is whole; in the end losses, weights and pictures drawn are those of the other run.
    """

    longest_pause_s = 0.6

    def __init__(self, room: Path) -> None:
        self._room = room
        self._faults: list[str] = []

    def command(self, workspace: Path) -> list[str]:
        words = ["finetune", self._room / "teach.toml", "--shards", workspace / SHARDS, "--run", workspace / "runs" / "teach"]
        return _fototeca(*words, "--workspace", workspace)

    def work(self) -> int:
        logs = [self._run(name) / "metrics.jsonl" for name in (UNDISTURBED, DISTURBED)]
        return sum(log.read_bytes().count(b"\n") for log in logs if log.exists())

    def killed(self, workspace: Path) -> None:
        for place in sorted((self._run(DISTURBED) / "checkpoints").glob("step-*"))[-1:]:
            said = json.loads((place / "state.json").read_text())["files"]
            found = {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in said}
            self._faults += [f"{place.name}/{name} is not what was saved" for name in said if said[name] != found[name]]

    def broken(self) -> list[str]:
        found = []
        for name in ("pytorch_lora_weights.safetensors", "samples.jsonl"):
            one, other = ((self._run(place) / name).read_bytes() for place in (UNDISTURBED, DISTURBED))
            found += [] if one == other else [f"{name} is another"]
        if self._losses(UNDISTURBED) != self._losses(DISTURBED):
            found.append("the losses are others")
        return self._faults + found

    def _run(self, name: str) -> Path:
        return self._room / name / "runs" / "teach"

    def _losses(self, name: str) -> list[tuple[int, float]]:
        lines = (self._run(name) / "metrics.jsonl").read_text().splitlines()
        return [(line["step"], line["loss"]) for line in map(json.loads, lines)]


@contextmanager
def finetune_stage(room: Path) -> Iterator[Finetune]:
    """Both workspaces with the same shards."""
    from tiny_diffusion import save

    save("sdxl", room / "model")
    (room / "teach.toml").write_text(TEACHING.format(model=room / "model"), encoding="utf-8")
    workspace = room / UNDISTURBED
    _curated(workspace, PARENTS, PARENT_SIDE_PX)
    subprocess.run(_fototeca("export", workspace / SHARDS, "--workspace", workspace), env=ENVIRONMENT, check=True)
    shutil.copytree(workspace, room / DISTURBED)
    yield Finetune(room)


STAGES: Mapping[str, Callable[[Path], AbstractContextManager[Stage]]] = {
    "harvest": harvest_stage,
    "augment": augment_stage,
    "export": export_stage,
    "finetune": finetune_stage,
}


def differences(undisturbed: Path, disturbed: Path) -> list[str]:
    """What is not the same in two workspaces, in words."""
    one, other = content(undisturbed), content(disturbed)
    found = [f"table {name}" for name in one if name not in LOGS and one[name] != other[name]]
    if _digests(undisturbed / "store") != _digests(disturbed / "store"):
        found.append("the store's files")
    ours, theirs = _digests(undisturbed / SHARDS), _digests(disturbed / SHARDS)
    found += [f"{SHARDS}/{name}" for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    if left := list((disturbed / "store" / "incoming").glob("*")):
        found.append(f"{len(left)} files left in store/incoming")
    return found


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file's bytes, by its path; those on their way into the store are counted elsewhere."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "incoming"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _stored_paths(workspace: Path) -> set[str]:
    """Paths of the pictures whose line of the spool is whole and says that they are stored."""
    found = set()
    for spool in (workspace / "spool").glob("**/candidates.jsonl"):
        for line in spool.read_bytes().split(b"\n")[:-1]:
            row = json.loads(line)
            if row["outcome"] == "stored":
                found.add("/" + row["image_url"].split("/", 3)[3])
    return found


def _fototeca(*words: object) -> list[str]:
    return [sys.executable, "-m", "fototeca", *map(str, words), "--json"]


def _curated(workspace: Path, pictures: int, side_px: int) -> Archive:
    """Drawn pictures under CC BY, all captioned with the one concept, curated."""
    archive = Archive(workspace)
    workspace.mkdir()
    (workspace / "concepts.toml").write_text(CONCEPTS, encoding="utf-8")
    rights = read_rights("CC BY 4.0")
    with runs.begin(workspace, "harvest", {}) as run:
        for number in range(pictures):
            data = encoded(drawn(number, side_px), "JPEG", quality=90)
            sha256 = archive.store.put(data)
            archive.store.sync()
            sides = {"width_px": side_px, "height_px": side_px, "size_bytes": len(data)}
            run.add("images", Image(sha256=sha256, origin="harvested", format="JPEG", **sides))
            words = {"source": "folder:drawn", "source_id": f"{number}", "title": f"Cuia {number}", "creator": "Ana"}
            run.add("candidates", Candidate(**words, caption="uma cuia", rights=rights, outcome="stored", sha256=sha256))
    _curate(workspace)
    return archive


def _curate(workspace: Path) -> None:
    from curate.curate import curate

    curate(workspace)
