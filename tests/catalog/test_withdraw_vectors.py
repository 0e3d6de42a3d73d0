"""What models saw of a withdrawn picture goes with it: vectors, cosines and pairs, in the catalogue and in the spools."""

from pathlib import Path

from curated_archive import Archive, drawn, encoded

from catalog import db, runs
from catalog.withdraw import withdraw


def test_vectors_cosines_and_pairs_of_a_withdrawn_picture_go_everywhere(workspace: Path) -> None:
    archive = Archive(workspace)
    item, stays = (archive.add(f"{seed}.png", encoded(drawn(seed, 64))) for seed in (1, 2))
    made = archive.vary(item.sha256 or "", encoded(drawn(3, 64)))
    known = {item.sha256 or "", made}
    with runs.begin(workspace, "curate", {}) as run:
        for sha256 in (item.sha256, made, stays.sha256):
            run.add("embeddings", {"sha256": sha256, "kind": "semantic", "version": "v", "vector": [0.6, 0.8]})
        for subject, kind, other in (
            (item.candidate_id, "caption", "c" * 64),
            (made, "parent", item.sha256),
            (stays.candidate_id, "caption", "c" * 64),
        ):
            run.add("likeness", {"subject": subject, "kind": kind, "other": other, "version": "v", "value": 0.2})
        for one in known:
            a, b = sorted((one, stays.sha256 or ""))
            pair = {"kind": "semantic", "version": "v", "distance": 0.1, "orientation": "upright"}
            run.add("pairs", {"a": a, "b": b, **pair})
    assert len(_naming(workspace, known)) == 3
    withdraw(workspace, "1.png", reason="The family asks for it.", who="Ana")
    assert db.rows(workspace, "SELECT sha256 FROM embeddings") == [{"sha256": stays.sha256}]
    assert db.rows(workspace, "SELECT subject FROM likeness") == [{"subject": stays.candidate_id}]
    assert db.rows(workspace, "SELECT a FROM pairs") == []
    assert _naming(workspace, known) == []


def _naming(workspace: Path, names: set[str]) -> list[str]:
    """Poured spool files of what models saw in which one of these pictures still stands."""
    files = [path for table in ("embeddings", "likeness", "pairs") for path in workspace.glob(f"spool/poured/*/{table}.jsonl")]
    return [path.name for path in files if any(name in path.read_text(encoding="utf-8") for name in names)]
