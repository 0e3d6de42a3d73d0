"""The commands that make: augment, finetune, generate, record, gallery."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from base.errors import UsageError
from fototeca.desk import Desk, Json, WorkspaceOption, at_desk, plain
from fototeca.overrides import overrides
from fototeca.words import augment_words, count_of, training_words


def augment(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be made, why not the rest, and make nothing.")] = False,
    recipe: Annotated[str, typer.Option(help="Name of a recipe in augment/recipes/, or a TOML file.")] = "cioni-2023",
    model: Annotated[str | None, typer.Option(help="Hub id or folder of the model; the recipe's by default.")] = None,
    revision: Annotated[str | None, typer.Option(help="Commit of the model on the hub.")] = None,
    concept: Annotated[list[str] | None, typer.Option(help="Only this scarce concept; may be given several times.")] = None,
    variations: Annotated[int | None, typer.Option(min=1, help="Variations of each picture at most (M).")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed that all variations' seeds derive from.")] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Make variations of the pictures of scarce concepts, each guided by its picture's caption."""
    from augment.recipe import read
    from augment.vary import augment as run

    desk = at_desk(context, workspace, as_json)
    given: dict[str, Any] = {"model": model, "revision": revision, "variations_per_parent": variations, "seed": seed}
    overrides = {name: value for name, value in given.items() if value is not None}
    if concept:
        overrides["concepts"] = tuple(concept)
    report = run(desk.workspace, read(recipe, overrides), plan_only=plan, progress=desk.progress)
    desk.answer(report, augment_words(report, plan_only=plan))


def finetune(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(help="Name of a recipe in finetune/recipes/, or a TOML file.")],
    shards: Annotated[Path, typer.Option(help="Folder that `fototeca export` wrote.")],
    run_folder: Annotated[
        Path | None, typer.Option("--run", help="Folder of the run; the same folder resumes. Default: runs/<recipe>.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Over the recipe: data.batch_size=4; may be given several times."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin an unfinished run again from its first step.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Train nothing: say all that is wrong, what memory it takes and how long.")
    ] = False,
    steps: Annotated[
        bool, typer.Option("--steps/--no-steps", help="With --check: also train three steps here, which are thrown away.")
    ] = True,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Teach a diffusion model the concepts of a folder of shards (DreamBooth); interrupted runs resume exactly."""
    desk = at_desk(context, workspace, as_json)
    over = overrides(settings or ())
    if check:
        _check_training(desk, recipe, shards, run_folder, over, steps=steps)
        return
    trained = run_training(desk, recipe, shards, run_folder, over, fresh=fresh)
    if is_main_process():
        desk.answer(trained, training_words(trained))


def generate(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    prompt: Annotated[
        list[str] | None, typer.Option(help="What to draw; may be given several times, and hold {token} and {noun}.")
    ] = None,
    prompt_file: Annotated[Path | None, typer.Option(help="Prompts, one a line, or JSON lines with a seed of their own.")] = None,
    template: Annotated[
        str | None, typer.Option(help="Prompts for every concept: objects, live-subjects, heritage, or a .txt file.")
    ] = None,
    concept: Annotated[list[str] | None, typer.Option(help="Only this concept of the run; may be given several times.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the pictures go. Default: <run>/pictures, with --base <run>/pictures-base.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Pictures a prompt.")] = 4,
    seed: Annotated[int, typer.Option(help="Equal seeds and prompts give equal pictures.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Denoising steps; the recipe's by default.")] = None,
    guidance: Annotated[float | None, typer.Option(help="Classifier-free guidance scale; the recipe's by default.")] = None,
    negative_prompt: Annotated[str | None, typer.Option(help="What to stay away from; the recipe's by default.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Where the base model is on this machine, if not where the recipe says.")
    ] = None,
    base: Annotated[bool, typer.Option("--base", help="Draw with the untaught base model instead, to compare.")] = False,
    grid: Annotated[Path | None, typer.Option(help="Also write one picture with all of them.")] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Draw pictures with a trained model; each says in its XMP how it was made."""
    from finetune.prompt import wanted
    from finetune.run_folder import read_run

    desk = at_desk(context, workspace, as_json)
    folder = found_run(desk, run)
    # a wrong name is said before torch is loaded
    prompts = wanted(read_run(folder), texts=prompt or (), file=prompt_file, template=template, concepts=concept or ())
    from finetune.sample import generate as run_generate

    paths = run_generate(
        folder,
        prompts,
        seed=seed,
        count=count,
        out=out or folder / ("pictures-base" if base else "pictures"),
        steps=steps,
        guidance=guidance,
        negative_prompt=negative_prompt,
        use_adapter=not base,
        grid=grid,
        model=model,
        progress=desk.progress,
    )
    desk.answer({"run": folder, "pictures": paths, "grid": grid}, "\n".join(map(str, [*paths, *([grid] if grid else [])])))


def record(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of a training run, also one copied from another machine.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write a training run into the catalogue, so that `why` can say which models a picture is in."""
    from catalog.record import record as run

    desk = at_desk(context, workspace, as_json)
    recorded = run(desk.workspace, folder)
    news = f"{recorded.rows_new} rows new" if recorded.rows_new else "nothing new"
    desk.answer(recorded, f"{recorded.run_id}: trained on {recorded.pictures} pictures; {news}.")


def gallery(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the page goes.")],
    workspace: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """Write a contact sheet (HTML, and one PNG) of everything held: kept, waiting, left out, with credits and reasons."""
    from export.contact_sheet import draw_contact_sheet
    from export.gallery import write_gallery

    desk = at_desk(context, workspace, as_json)
    report = write_gallery(desk.workspace, folder, progress=desk.progress)
    sheet = draw_contact_sheet(desk.workspace, folder, folder / "contact-sheet.png")
    desk.answer({**plain(report), "sheet": sheet}, f"{folder / 'index.html'}\n{sheet}")


def run_training(
    desk: Desk,
    recipe: str,
    shards: Path,
    run_folder: Path | None,
    over: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
) -> Any:
    """Train, and record the run when the workspace has a catalogue; of several processes, the main one records."""
    from catalog import db
    from catalog.record import record as record_run
    from finetune.recipe import read

    wanted = read(recipe, over)  # a wrong recipe is said before torch is loaded
    from finetune.train import train

    folder = run_folder or desk.workspace / "runs" / wanted.name
    main = is_main_process()
    trained = train(wanted, shards, folder, resume=not fresh, progress=desk.progress if main else None)
    if main and db.exists(desk.workspace):
        record_run(desk.workspace, folder)
    return trained


def is_main_process() -> bool:
    """False in all processes of `accelerate launch` but the first: they train, and neither print nor record."""
    return os.environ.get("RANK", "0") == "0"


def _check_training(
    desk: Desk, recipe: str, shards: Path, run_folder: Path | None, over: Mapping[str, Any], *, steps: bool
) -> None:
    """Print what the check found, and leave with the worst fault's exit code."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("--check looks from one process: run `fototeca finetune … --check` without accelerate launch.")
    from finetune.check import check
    from finetune.recipe import examined as read_recipe
    from fototeca.training_words import check_words

    named = read_recipe(recipe, over)[0].name
    folder = run_folder or desk.workspace / "runs" / named
    report = check(recipe, shards, folder, overrides=over, steps=steps, tell=desk.progress)
    desk.answer(report, check_words(report))
    if report.exit_code:
        print(
            f"fototeca: {count_of(len(report.faults), 'fault')} in {report.recipe} with {shards}, listed above.", file=sys.stderr
        )
        raise typer.Exit(report.exit_code)


def found_run(desk: Desk, run: Path) -> Path:
    """The run's folder, named by path or by its name under runs/."""
    named = desk.workspace / "runs" / run
    return run if run.exists() or not named.exists() else named
