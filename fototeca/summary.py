"""The page that the demo ends with: counts that add up, what was left out and why, where everything is, what to ask."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog import db
from catalog.status import status
from fototeca.desk import size, table
from fototeca.words import held_out_lines

QUERIES = (
    ("What was left out, and why?", "SELECT title, criterion, reason FROM excluded ORDER BY criterion, title"),
    ("Under which licences is it?", "SELECT licence, count(*) AS pictures FROM credits GROUP BY licence ORDER BY pictures DESC"),
    ("How was each variation made?", "SELECT parent_title, prompt, strength, seed, parent_licence FROM lineage LIMIT 10"),
    ("Which pictures was the model taught on?", "SELECT title, creator, detail FROM whereabouts JOIN credits USING (sha256)"
     " WHERE kind = 'training' ORDER BY title"),
)  # fmt: skip


def summary_page(workspace: Path, done: Mapping[str, Any], seconds: Mapping[str, float]) -> str:
    """About sixty lines that a person reads after the demo."""
    found = status(workspace)
    total = found["totals"]
    kept = total["kept_harvested"] + total["kept_generated"]
    excluded = db.rows(
        workspace,
        """
        SELECT criterion, count(*) AS items, min(coalesce(title, source_id) || ': ' || reason) AS example
        FROM excluded
        GROUP BY criterion
        ORDER BY items DESC, criterion""",
    )
    trained = done["finetune"]
    nothing = nothing_new(done)
    lines = [
        "─" * 78,
        "Nothing changed: everything was as the last run left it." if nothing else "Done. What happened:",
        "",
        f"{total['candidates']} candidates + {total['generated']} variations"
        f" = {kept} kept + {total['waiting']} waiting + {total['excluded']} left out + {total['unjudged']} not judged",
        table(
            [
                {"": "harvested", "kept": total["kept_harvested"]},
                {"": "generated", "kept": total["kept_generated"]},
            ]
        ),
        "",
        "Left out, and why (one example each):",
        table(excluded, widest=88),
        "",
        "Concepts:",
        table(found["concepts"]),
        "",
        "Splits, by leakage group:",
        table(found["splits"]),
        "",
        f"Taught: {trained.steps} steps on {trained.pictures} pictures;"
        f" {trained.synthetic_draws} of {trained.draws} draws were variations.",
        *held_out_lines(trained.held_out_before, trained.held_out_after),
        "",
        "Where it is:",
        f"  {workspace / 'grid.png'}    before and after, the same seeds",
        f"  {workspace / 'gallery' / 'index.html'}    every picture, its credit, verdict and reason",
        f"  {workspace / 'shards'}    WebDataset shards, credits, licences: begin with README.md",
        f"  {workspace / 'runs' / 'demo'}    the LoRA (stock diffusers loads it), metrics, model card",
        f"  {workspace / 'catalog.duckdb'}    the catalogue; {total['images']} images, {size(total['size_bytes'])} in store/",
        "",
        "Four questions to try (put `uv run --all-extras` in front, unless fototeca is on your path):",
        *(f'  # {words}\n  fototeca sql --workspace {_short(workspace)} "{sql}"' for words, sql in QUERIES),
        "",
        "Seconds: "
        + ", ".join(f"{name.split(':')[0].split(' (')[0].split(',')[0].lower()} {value:g}" for name, value in seconds.items()),
    ]
    return "\n".join(lines)


def nothing_new(done: Mapping[str, Any]) -> bool:
    """Whether this run of the demo found everything done already."""
    harvests = (done["harvest_iiif"], done["harvest_folder"])
    return (
        all(report.new + report.changed + report.images_added == 0 for report in harvests)
        and not done["curate"].changed
        and done["augment"].made == 0
        and not done["curate_again"].changed
        and not done["export"].changed
        and done["finetune"].already_done
    )


def _first_words(title: str) -> str:
    return re.split(r"[:(,]", title)[0].strip().lower()


def _short(workspace: Path) -> Path:
    here = Path.cwd()
    return workspace.relative_to(here) if workspace.is_relative_to(here) else workspace
