"""The disk: what cannot fit is refused before anything is asked for, and a reserve is left while pictures come in."""

from pathlib import Path

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, manifest
from small_catalogue import candidate, stored

from base.errors import NoSpaceError
from catalog import db, runs
from harvest import keep, room
from harvest.crawl import harvest_folder, harvest_iiif


def free(monkeypatch: pytest.MonkeyPatch, *sizes: int) -> None:
    """What the disk has left, each time it is looked at; the last for ever."""
    left = list(sizes)
    monkeypatch.setattr(room, "free_bytes", lambda path: left.pop(0) if len(left) > 1 else left[0])


def test_a_harvest_that_cannot_fit_asks_for_nothing(monkeypatch: pytest.MonkeyPatch, loopback: Loopback, workspace: Path) -> None:
    free(monkeypatch, room.RESERVE_BYTES + 10 * room.MEAN_BYTES)
    url = loopback.page("/room", manifest(loopback.url + "/room", rights=BY))
    with pytest.raises(NoSpaceError, match="Nothing was fetched") as refused:
        harvest_iiif(workspace, [url], allow_hosts=[loopback.host], limit=11)
    assert refused.value.exit_code == 8
    assert loopback.asked == []
    assert not workspace.exists()


def test_the_reserve_ends_a_harvest_that_then_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch, loopback: Loopback, workspace: Path
) -> None:
    urls = [loopback.page(f"/full/{number}.jpg", drawn(number)) for number in range(3)]
    canvases = [loopback.canvas(f"full{number}", url) for number, url in enumerate(urls)]
    url = loopback.page("/full", manifest(loopback.url + "/full", *canvases, rights=BY))
    monkeypatch.setattr(keep, "GROUP_ITEMS", 1)
    free(monkeypatch, 1 << 40, room.RESERVE_BYTES - 1)
    with pytest.raises(NoSpaceError, match="What came is kept"):
        harvest_iiif(workspace, [url], allow_hosts=[loopback.host])
    held = db.rows(workspace, "SELECT image_url FROM current_candidates WHERE outcome = 'stored'")
    assert len(held) >= 1
    free(monkeypatch, 1 << 40)
    loopback.asked.clear()
    assert harvest_iiif(workspace, [url], allow_hosts=[loopback.host]).outcomes == {"stored": 3}
    assert not {row["image_url"].removeprefix(loopback.url) for row in held} & set(loopback.asked)


def test_a_folder_that_does_not_fit_is_refused_but_not_one_that_is_held(
    monkeypatch: pytest.MonkeyPatch, workspace: Path, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.jpg").write_bytes(drawn(1))
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("file,licence\na.jpg,CC0\n")
    free(monkeypatch, room.RESERVE_BYTES)
    with pytest.raises(NoSpaceError, match="the folder"):
        harvest_folder(workspace, folder, sheet)
    free(monkeypatch, 1 << 40)
    harvest_folder(workspace, folder, sheet)
    free(monkeypatch, room.RESERVE_BYTES)
    assert harvest_folder(workspace, folder, sheet).unchanged == 1


def test_an_estimate_is_the_mean_of_this_sources_pictures_so_far(workspace: Path) -> None:
    assert room.estimate_bytes(workspace, "iiif", 100) == 100 * room.MEAN_BYTES
    assert room.estimate_bytes(workspace, "iiif", None) == room.MEAN_BYTES
    with runs.begin(workspace, "harvest", {}) as run:
        for number in range(room.FEWEST):
            sha256 = stored(run, bytes(1000 + number))
            run.add("candidates", candidate(str(number), sha256, source="iiif:museum.example"))
    mean = 1000 + (room.FEWEST - 1) / 2
    assert room.estimate_bytes(workspace, "iiif", 100) == round((100 - room.FEWEST) * mean)
    assert room.estimate_bytes(workspace, "iiif", room.FEWEST) == 0
    assert room.estimate_bytes(workspace, "met", 2) == 2 * room.MEAN_BYTES


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert room.free_bytes(tmp_path / "not" / "yet") > 0
