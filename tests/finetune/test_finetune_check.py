"""The check before a GPU is rented finds everything at once, and leaves nothing behind."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import FototecaError, SourceError, UsageError
from finetune import check_machine, recipe
from finetune.check import Report, before, check
from finetune.train import train

Read = Callable[..., Any]
WRONG = """
stepz = 4
steps = 0
[model]
revison = "a"
[data]
batchsize = 2
alpha = 1.5
size_px = "512"
fallback_caption = "a {tokn}"
[objective.settings]
prior_wieght = 0.5
[watch]
prompts = ["a {token}", "a {nown}"]
"""


@pytest.fixture
def look(recipe: Read, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Report]:
    """Checks the tests' recipe with dotted keys replaced, without steps and, as they take a second, without an estimate."""

    def run(
        changes: dict[str, Any] | None = None, *, shards: Path = shards, steps: bool = False, estimated: bool = False
    ) -> Report:
        if not estimated:
            monkeypatch.setattr("finetune.check._memory", lambda *_: None)
        recipe()
        return check(tmp_path / "tiny.toml", shards, tmp_path / "run", overrides=changes, steps=steps)

    return run


def row(report: Report, what: str) -> Any:
    return next(one for one in report.rows if one.what == what)


def test_every_fault_of_recipe_and_shards_is_found_at_once(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(WRONG, encoding="utf-8")
    broken = tmp_path / "shards"
    shutil.copytree(shards, broken)
    shard = next(broken.glob("train-real-*.tar"))
    shard.write_bytes(shard.read_bytes()[:-600])
    report = check(tmp_path / "wrong.toml", broken, tmp_path / "run", steps=False, overrides={"precision": "fp8"})
    said = "\n".join(one.said for one in report.faults)
    for words in (
        "unknown key 'stepz'", "unknown key 'revison'", "missing key 'id'", "did you mean 'batch_size'", "size_px is '512'",
        "precision is 'fp8'", "steps is 0", "data.alpha is 1.5", "nobody fills {tokn}", "nobody fills {nown}",
        "did you mean 'prior_weight'", shard.name,
    ):  # fmt: skip
        assert words in said
    assert report.exit_code == 3  # of the shards: the worst


def test_sound_recipe_has_no_faults_and_nothing_is_written(look: Callable[..., Report], tmp_path: Path, shards: Path) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in shards.rglob("*")}
    report = look(estimated=True)
    assert (report.exit_code, report.faults, report.time) == (0, (), None)
    assert row(report, "concept chimarrão").value == "“sks gourd”, 5 pictures, shown 18 times"  # 6 steps of 3
    assert row(report, "epochs").value.startswith("3.0 in 6 steps")  # 5 pictures, 3 a step
    assert report.memory is not None
    assert not (tmp_path / "run").exists()
    assert stamps == {path: path.stat().st_mtime_ns for path in shards.rglob("*")}


def test_three_real_steps_give_a_time_and_leave_no_run(recipe: Read, shards: Path, tmp_path: Path) -> None:
    shutil.copytree(shards, tmp_path / "shards", ignore=shutil.ignore_patterns("latents"))
    recipe()
    report = check(tmp_path / "tiny.toml", tmp_path / "shards", tmp_path / "run", overrides={"steps": 1000, "watch.count": 1})
    found = report.time
    assert found is not None
    assert 1000 * found.step_s < found.high_s
    assert found.low_s <= found.high_s
    assert found.drawing_s > 0
    assert "loading" in found.leaves_out
    assert not (tmp_path / "run").exists()


def test_what_would_stop_the_steps_is_a_fault_of_the_check(look: Callable[..., Report], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.train.learning_rate", lambda *_: 1e30)
    report = look(steps=True)
    assert report.exit_code == 7
    assert "learning rate 1e+30" in report.faults[0].said


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"model.id": "nobody/no-such-model"}, 2, "hub cannot be reached"),
        ({"model.id": "./absent"}, 2, "absent"),
        ({"model.revision": "abc"}, 2, "the recipe pins abc"),
        ({"model.family": "stable_difusion"}, 2, "did you mean 'stable_diffusion'"),
        ({"objective.name": "dreamboot"}, 2, "did you mean 'dreambooth'"),
        ({"weights.targets": ["no_such_layer"]}, 2, "names no layer"),
        ({"weights.kind": "full", "weights.dora": True, "kohya": True}, 2, "weights.dora is true, but"),
        ({"data.concepts": ["poncho"]}, 2, "data.concepts names poncho"),
        ({"audit.pictures": 2, "audit.model": "sscd:/absent.pt"}, 2, "audit.model"),
    ],
)
def test_what_is_not_there_is_a_fault(
    changes: dict[str, Any], code: int, words: str, look: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    report = look(changes)
    assert report.exit_code == code
    assert words in " ".join(one.said for one in report.faults)


def test_machine_is_asked_for_what_the_recipe_wants(recipe: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    wanted = {"device": "auto", "precision": "fp16", "compile": True, "optimiser.kind": "adamw_8bit", "watch.tensorboard": True}
    said = " ".join(str(one) for one in check_machine.faults(recipe(wanted)))
    for words in ('"fp16" cannot train on a CPU', "C++ compiler", "bitsandbytes", "tensorboard"):
        assert words in said
    assert "no GPU here" in str(check_machine.faults(recipe({"device": "cuda"}))[0])
    assert check_machine.faults(recipe({"device": "cuda"}), device_must_be_here=False) == []


def test_old_gpu_that_cannot_do_bf16_is_named(recipe: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # a GPU is not here to ask
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    (fault,) = check_machine.faults(recipe({"device": "auto"}))
    assert "Tesla T4 cannot do" in str(fault)


def test_disk_without_room_is_a_fault_of_its_own(look: Callable[..., Report], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    report = look()
    assert report.exit_code == 8
    assert "checkpoints_kept" in report.faults[0].said


def test_what_changes_learning_but_does_not_stop_it_is_a_warning(
    look: Callable[..., Report], write_shards: Callable[..., Path], sample: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    bare = {"name": "cuia", "class_noun": "", "rare_token": "gourdx"}
    samples = [sample(number, concepts=[bare], size=(20, 20)) for number in range(4)]
    samples[1]["caption"] = "a cuia on the pampas at dusk day high low horizon red blue on the pampas at dusk"
    report = look(shards=write_shards(tmp_path / "few", samples))
    assert report.exit_code == 0
    said = " ".join(report.warnings)
    for words in (
        "rare token 'gourdx' of cuia", "cuia has no class noun", "longer than the 16 tokens",
        "no variation of a training picture", "no held-out picture", "4 of 4 pictures are smaller",
    ):  # fmt: skip
        assert words in said


def test_samples_that_forbid_the_purpose_stop_the_check(
    look: Callable[..., Report], write_shards: Callable[..., Path], collection: list[dict[str, Any]], tmp_path: Path
) -> None:
    for one in collection[:2]:
        one["purposes"] = ["research"]
    report = look({"purpose": "commercial"}, shards=write_shards(tmp_path / "some", collection))
    assert report.exit_code == 2
    assert "2 samples" in report.faults[0].said


def test_run_that_stands_in_the_folder_is_known(look: Callable[..., Report], recipe: Read, shards: Path, tmp_path: Path) -> None:
    train(recipe({"steps": 1}), shards, tmp_path / "run")
    assert "finished already" in row(look({"steps": 1}), "run").value
    other = look({"steps": 1, "seed": 4})
    assert (other.exit_code, "recipe.seed" in other.faults[0].said) == (2, True)


def test_quick_part_says_all_in_less_than_a_second(
    recipe: Read, write_shards: Callable[..., Path], collection: list[dict[str, Any]], shards: Path, tmp_path: Path
) -> None:
    began = time.process_time()
    before(recipe(), shards)
    assert time.process_time() - began < 1
    collection[0]["purposes"] = ["research"]
    folder = write_shards(tmp_path / "some", collection)
    wanted = recipe(
        {"purpose": "commercial", "objective.settings": {"prior_wieght": 1}, "data.concepts": ["chimarrão", "poncho"]}
    )
    with pytest.raises(UsageError) as stopped:
        before(wanted, folder)
    for words in ("prior_weight", "1 samples", "poncho"):
        assert words in str(stopped.value)
    with pytest.raises(SourceError, match=r"manifest\.json"):
        before(recipe(), tmp_path)


def test_recipe_with_faults_of_every_kind_is_read_as_one_error(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(WRONG, encoding="utf-8")
    with pytest.raises(FototecaError, match="has 9 faults") as stopped:
        recipe.read(tmp_path / "wrong.toml")
    assert len(stopped.value.each) == 9
    assert stopped.value.exit_code == 2
