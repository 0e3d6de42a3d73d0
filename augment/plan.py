"""What to vary: for each scarce concept its parents, the variations to make of them, and what cannot be varied and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from augment.additions import as_columns, in_words
from augment.estimate import Estimate, estimated
from augment.model import Facts
from augment.prompts import Prompt, prompt_for
from augment.recipe import AugmentSettings
from augment.resolve import resolved
from augment.size import target_size
from base import seeds
from base.errors import UsageError, nearest
from catalog import db
from catalog.purpose import purpose_of
from catalog.records import Request

SQL_FOLDER = Path(__file__).parent
EXAMPLES = 3  # items named for each reason why something cannot be varied
OBSTACLES = {
    "not_held": "its bytes are not held",
    "waiting": "it waits for a person's decision",
    "not_judged": "no curation has judged it as it stands now (run `fototeca curate`)",
    "same_picture": "the same bytes are kept under another item",
    "no_derivatives": "its licence permits no changed versions",
    "not_commercial": "its licence permits changed versions, but not for a commercial purpose",
    "no_split": "no split is drawn for it yet (run `fototeca curate`)",
    "held_out": "it is held out for validation or test",
    "not_measured": "its size is not measured yet (run `fototeca curate`)",
    "too_narrow": "it is too narrow for the model's grid",
    "opted_out": "its maker or its source asks that no model learn from it (opt-out)",
    "rights_not_cleared": "its rights are not cleared",
    "restricted_subject": "a community asks that it is not used",
}
"""Why an item is no parent, beside the other criteria, which stand for themselves (left out by curation)."""


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Items of one concept that cannot be varied, for one reason; `examples` are the first few, by title or subject."""

    code: str
    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ConceptPlan:
    """One scarce concept. target = kept + generated + pending + missing; missing = to_make + short.

    `generated` are judged and kept, `pending` are made but not judged yet, `left_out` (by criterion) are made and excluded,
    so others are made in their place as long as N x M allows. `parents` may be varied; items that cannot are
    counted in `obstacles`. `made_before` of the requests planned for it exist already. `short` is what N x M cannot reach.
    """

    concept: str
    class_noun: str
    target: int
    kept: int
    generated: int
    pending: int
    left_out: Mapping[str, int]
    missing: int
    parents: int
    made_before: int
    to_make: int
    short: int
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A picture to vary, and what every variation of it must say about its origin."""

    sha256: str
    subject: str
    title: str | None
    creator: str | None
    credit_line: str | None
    licence: str
    licence_uri: str | None
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """One variation: the request with its digest, its parent and its prompt; `made` when the catalogue has it already."""

    request: Request
    digest: str
    parent: Parent
    prompt: Prompt
    made: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that `augment` would do. `work` holds the requests made before too, in the order in which batches are cut.

    `settings` are resolved: the revision is what will run. `estimate` is for what is still to make.
    """

    concepts: tuple[ConceptPlan, ...]
    work: tuple[Work, ...]
    model: str
    revision: str
    purpose: str
    settings: AugmentSettings
    estimate: Estimate
    notes: tuple[str, ...]

    @property
    def to_make(self) -> tuple[Work, ...]:
        """The variations that do not exist yet."""
        return tuple(one for one in self.work if not one.made)


def plan(workspace: Path, settings: AugmentSettings, *, facts: Facts | None = None) -> Plan:
    """Read the catalogue, and say what `augment` would make; the same catalogue and settings give the same plan.

    Parents are kept items of the train split with a licence for changed versions that suits the workspace's purpose. Each
    gives at most M variations for a concept: all parents a first one, then all a second one, until the target is reached.

    Args:
        workspace: its catalogue is open only while the questions are asked.
        settings: see there.
        facts: of the model, when the caller has read them already.

    Raises:
        UsageError: no catalogue, an unknown concept or model, or a size that the model cannot make.
        BusyError: the catalogue is held by another process.
    """
    if facts is None:
        settings, facts = resolved(settings)
    purpose = purpose_of(workspace).name
    with db.reading(workspace) as connection:
        known = [row["name"] for row in db.fetch(connection, "SELECT name FROM current_concepts")]
        for name in settings.concepts:
            if name not in known:
                raise UsageError(
                    f"there is no concept {name!r}: {nearest(name, known)} `fototeca curate` reads them from concepts.toml."
                )
        scarce = db.fetch(connection, "SELECT * FROM scarce ORDER BY concept")
        scarce = [row for row in scarce if not settings.concepts or row["concept"] in settings.concepts]
        wanted = [row["concept"] for row in scarce]
        items = db.fetch(connection, _sql("parents"), {"concepts": wanted, "purpose": purpose})
        standing = db.fetch(connection, _sql("made"), {"concepts": wanted})
        made = {row["request"] for row in db.fetch(connection, "SELECT request FROM variations")}
        runs = db.fetch(
            connection,
            "SELECT settings, counts FROM runs WHERE command = 'augment' AND outcome = 'done' ORDER BY run_id DESC LIMIT 20",
        )
    concepts: list[ConceptPlan] = []
    work: list[Work] = []
    remarks: Counter[str] = Counter()
    for row in scarce:
        mine = [item for item in items if item["concept"] == row["concept"]]
        parents, obstacles = _sorted_out(mine, settings, facts)
        stands = {one["standing"]: one["variations"] for one in standing if one["concept"] == row["concept"]}
        pending = stands.pop("pending", 0)
        missing = max(0, row["missing"] - pending)
        chosen = _chosen(row, parents, missing, settings, facts, made)
        to_make = sum(not one.made for one in chosen)
        remarks.update(one.prompt.remark for one in chosen if not one.made and one.prompt.remark)
        work += chosen
        concepts.append(
            ConceptPlan(
                concept=row["concept"],
                class_noun=row["class_noun"],
                target=row["target"],
                kept=row["kept"],
                generated=row["generated"],
                pending=pending,
                left_out=stands,
                missing=missing,
                parents=len(parents),
                made_before=len(chosen) - to_make,
                to_make=to_make,
                short=missing - to_make,
                obstacles=obstacles,
            )
        )
    # Within one size and concept the order stays: all parents' first variations, then all second ones. So what was made before
    # stands in front of what is new, and few batches hold both.
    work.sort(key=lambda one: (one.request.height_px, one.request.width_px, one.request.concept))
    settings = replace(settings, revision=facts.revision)
    to_make_now = [one.request for one in work if not one.made]
    return Plan(
        concepts=tuple(concepts),
        work=tuple(work),
        model=facts.name,
        revision=facts.revision,
        purpose=purpose,
        settings=settings,
        estimate=estimated(to_make_now, settings, facts, runs),
        notes=tuple(_notes(known, concepts, settings, facts, remarks)),
    )


def _sorted_out(
    items: Sequence[dict[str, Any]], settings: AugmentSettings, facts: Facts
) -> tuple[list[tuple[Parent, dict[str, Any]]], tuple[Obstacle, ...]]:
    """The items that may be varied, each with its row, by sha256; and the others, counted by reason."""
    parents: list[tuple[Parent, dict[str, Any]]] = []
    refused: dict[str, list[str]] = {}
    for item in items:
        code = item["obstacle"]
        size = None
        if code is None:
            sides = item["width_px"], item["height_px"]
            size = target_size(*sides, long_side_px=settings.long_side_px, grid_px=facts.grid_px)
            code = "too_narrow"
        if size is None or not facts.takes_size(*size):
            refused.setdefault(code, []).append(item["title"] or item["subject"])
            continue
        parent = Parent(
            sha256=item["sha256"],
            subject=item["subject"],
            title=item["title"],
            creator=item["creator"],
            credit_line=item["credit_line"],
            licence=item["licence"],
            licence_uri=item["licence_uri"],
            width_px=size[0],
            height_px=size[1],
        )
        parents.append((parent, item))
    obstacles = [
        Obstacle(
            code=code,
            reason=OBSTACLES.get(code, f"curation left it out: {code.replace('_', ' ')}"),
            count=len(names),
            examples=tuple(names[:EXAMPLES]),
        )
        for code, names in refused.items()
    ]
    return parents, tuple(sorted(obstacles, key=lambda one: (-one.count, one.code)))


def _chosen(
    row: dict[str, Any],
    parents: Sequence[tuple[Parent, dict[str, Any]]],
    missing: int,
    settings: AugmentSettings,
    facts: Facts,
    made: set[str],
) -> list[Work]:
    """The requests of one concept: those made before, so that a resumed run cuts the same batches, and the first missing ones."""
    chosen: list[Work] = []
    for one in _requests(row, parents, settings, facts, made):
        if one.made or missing > 0:
            chosen.append(one)
            missing -= not one.made
    return chosen


def _requests(
    row: dict[str, Any],
    parents: Sequence[tuple[Parent, dict[str, Any]]],
    settings: AugmentSettings,
    facts: Facts,
    made: set[str],
) -> Iterator[Work]:
    suffixes = settings.prompt_suffixes or ("",)
    additions = as_columns(settings.additions, settings.precision)
    for number in range(settings.variations_per_parent):
        for parent, item in parents:
            prompt = prompt_for(
                {**item, "class_noun": row["class_noun"], "concept": row["concept"]},
                template=settings.template,
                suffix=suffixes[number % len(suffixes)],
                model_language=settings.prompt_language,
            )
            request = Request(
                parent=parent.sha256,
                concept=row["concept"],
                prompt=prompt.text,
                negative_prompt=settings.negative_prompt,
                model=facts.name,
                revision=facts.revision,
                # The concept is part of it: one parent of two concepts must not give the same picture twice.
                seed=seeds.derive(settings.seed, parent.sha256, row["concept"], number),
                strength=settings.strength,
                guidance=settings.guidance,
                steps=settings.steps,
                scheduler=settings.scheduler,
                width_px=parent.width_px,
                height_px=parent.height_px,
                **additions,
            )
            digest = request.digest()
            yield Work(request=request, digest=digest, parent=parent, prompt=prompt, made=digest in made)


def _notes(
    known: Sequence[str],
    concepts: Sequence[ConceptPlan],
    settings: AugmentSettings,
    facts: Facts,
    remarks: Counter[str],
) -> Iterator[str]:
    if not known:
        yield "no concepts are known: write concepts.toml (`fototeca init`) and run `fototeca curate`."
    elif not concepts:
        yield "no concept is under its target."
    for one in concepts:
        if one.pending:
            yield f"{one.concept}: {one.pending} variations wait for `fototeca curate`, and count until then."
        if one.left_out:
            reasons = ", ".join(f"{criterion} {count}" for criterion, count in one.left_out.items())
            yield f"{one.concept}: curation left out variations made before ({reasons}); {one.to_make} more are to make."
        if one.short and one.parents:
            most = one.parents * settings.variations_per_parent
            yield f"{one.concept}: {one.short} remain missing, {one.parents} parents give at most {most} (variations_per_parent)."
        elif one.short:
            yield f"{one.concept}: nothing can be varied, {one.short} remain missing."
    if rest := settings.long_side_px % facts.grid_px:
        side_px = settings.long_side_px - rest
        yield f"long_side_px {settings.long_side_px} becomes {side_px}: the model's grid is {facts.grid_px} px."
    yield from (f"{one}." for one in in_words(settings.additions))
    for remark, count in sorted(remarks.items()):
        yield f"{count} prompts: {remark}."


def _sql(name: str) -> str:
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
