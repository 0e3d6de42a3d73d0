"""`curate`: concepts, measures, copies, verdicts and splits for whatever is new, in one run that can be repeated."""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog import db, runs
from curate import alike, concepts, embed, judge, likeness, measure, measure_by_model, pair, settings, splits, word_scores

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]

TOTALS = """
SELECT
  count(*) AS subjects,
  count(*) FILTER (verdict = 'keep' AND sha256 IS NOT NULL) AS keep,
  count(*) FILTER (verdict = 'review' AND sha256 IS NOT NULL) AS review,
  count(*) FILTER (verdict = 'exclude' AND sha256 IS NOT NULL) AS exclude,
  count(*) FILTER (sha256 IS NULL) AS not_held
FROM records
JOIN verdicts USING (subject)
"""


@dataclass(frozen=True, kw_only=True)
class CurateReport:
    """What a curation did. subjects = keep + review + exclude + not_held; of the others, only what was new is counted.

    `excluded`, `waiting` and `abstained` are by criterion and count all verdicts that hold now; `new_verdicts` what this run
    wrote. `drawn` are groups by split. `embedded` are vectors, `compared` cosines with words and parents, `alike` pairs by
    vectors, all made now; without models they are 0. `changed` is False when the catalogue held all of it already.
    """

    run_id: str
    changed: bool
    measured: int
    unreadable: int
    pairs: int
    verified: int
    concepts: int
    claims: int
    claims_taken_back: int
    excluded: Mapping[str, int]
    waiting: Mapping[str, int]
    abstained: Mapping[str, int]
    new_verdicts: Mapping[str, int]
    groups: int
    drawn: Mapping[str, int]
    evicted: int
    readmitted: int
    subjects: int
    keep: int
    review: int
    exclude: int
    not_held: int
    embedded: int = 0
    compared: int = 0
    alike: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    problems: tuple[Mapping[str, str], ...] = field(default=())


def curate(workspace: Path, *, progress: Progress | None = None) -> CurateReport:
    """Measure what is new, find copies, judge everything by the criteria, and draw the splits.

    Each step pours what it found before the next one asks; a killed run is taken up where it was.

    Raises:
        UsageError: curation.toml or concepts.toml is wrong, or there is no catalogue here.
        BusyError: another curation runs here, or another program holds the catalogue.
    """
    chosen = settings.read(workspace)
    concepts.read(workspace)  # a slip in the file is named before anything is written
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    models = embed.Loaded(workspace, chosen.models)  # a slip in a model's name too
    by_model = measure_by_model.asked(workspace, chosen.models)
    with runs.begin(workspace, "curate", dataclasses.asdict(chosen)) as run:
        assigned = concepts.assign(workspace, run)
        run.pour()
        measured = measure.measure(workspace, run, progress=progress)
        run.pour()
        if (looked := measure_by_model.measure_by_model(workspace, run, by_model, progress=progress)).images:
            run.count("measured_by_model", looked.images)
            run.pour()
        seen = _look(workspace, run, chosen, models, progress)
        paired = pair.pair(workspace, run, chosen, progress=progress)
        run.pour()
        judged = judge.judge(workspace, run, chosen, progress=progress)
        run.pour()
        drawn = splits.split(workspace, run)
        run.pour()
        totals = db.rows(workspace, TOTALS)[0]
        for what, number in totals.items():
            run.count(what, number)
        run.count("measured", measured.images)
        run.count("pairs", paired.pairs)
        run.count("new_verdicts", sum(judged.new.values()))
        for criterion, number in judged.abstained.items():
            run.count(f"abstained_{criterion}", number)
    log.info("curated run_id=%s measured=%d pairs=%d keep=%d", run.run_id, measured.images, paired.pairs, totals["keep"])
    return CurateReport(
        run_id=run.run_id,
        changed=any(run.poured.values()),
        measured=measured.images,
        unreadable=measured.unreadable,
        pairs=paired.pairs,
        verified=paired.verified,
        concepts=assigned.concepts,
        claims=assigned.claimed + seen.claimed,
        claims_taken_back=assigned.taken_back + seen.taken_back,
        excluded=judged.excluded,
        waiting=judged.review,
        abstained=judged.abstained,
        new_verdicts=judged.new,
        groups=drawn.groups,
        drawn=drawn.drawn,
        evicted=drawn.evicted,
        readmitted=drawn.readmitted,
        embedded=seen.embedded,
        compared=seen.compared,
        alike=seen.alike,
        notices=(*assigned.notices, *seen.notices),
        problems=tuple(run.problems),
        **totals,
    )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What models saw: vectors, cosines, pairs by kind, and claims of concepts that follow."""

    embedded: int
    compared: int
    alike: Mapping[str, int]
    claimed: int
    taken_back: int
    notices: tuple[str, ...]


def _look(
    workspace: Path, run: runs.Run, chosen: settings.CurationSettings, models: embed.Loaded, progress: Progress | None
) -> _Seen:
    """Everything that asks a model; without one, only what an earlier one claimed may be taken back."""
    embedded = embed.embed(workspace, run, models, progress=progress)
    if embedded.made:
        run.pour()
    compared = likeness.compare(workspace, run, models, progress=progress)
    scored = word_scores.score(workspace, run, chosen.models, models, progress=progress)
    if compared or scored:
        run.pour()
    claims = likeness.claim(workspace, run, models.versions["semantic"], chosen.concept_min_likeness)
    near = alike.alike(workspace, run, models, progress=progress)
    if claims != likeness.Claims() or near.images:
        run.pour()
    numbers = {
        **{f"embedded_{kind}": made for kind, made in embedded.made.items()},
        "not_embedded": embedded.failed,
        "compared": compared,
        "scored_by_words": scored,
        **{f"pairs_{kind}": found for kind, found in near.pairs.items()},
        "crowded": near.crowded,
    }
    for what, number in numbers.items():
        if number:
            run.count(what, number)
    crowd = f"{near.crowded} pictures have more than {alike.NEIGHBOURS} pictures near them by a model: the nearest are kept."
    return _Seen(
        embedded=sum(embedded.made.values()),
        compared=compared,
        alike=near.pairs,
        claimed=claims.claimed,
        taken_back=claims.taken_back,
        notices=(crowd,) if near.crowded else (),
    )
