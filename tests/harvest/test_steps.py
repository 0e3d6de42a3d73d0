"""The crawl's short cuts do what Scrapy's own ways do, and leave out of Scrapy only what they name."""

import asyncio
from typing import Any

import pytest
from scrapy import signals
from scrapy.pipelines import ItemPipelineManager
from scrapy.settings import default_settings
from scrapy.signalmanager import SignalManager
from scrapy.spiders import Spider
from scrapy.utils.test import get_crawler

from catalog.records import Candidate, Rights
from harvest.settings import BASES, LEFT_OUT, PIPELINES
from harvest.spider import Piece
from harvest.steps import Signals, Steps


class Noted:
    """A step that has nothing to wait for."""

    def process_item(self, item: Piece) -> Piece:
        item.candidate.other["noted"] = item.candidate.other.get("noted", "") + "a"  # type: ignore[index]
        return item


class Waited:
    """A step that waits."""

    async def process_item(self, item: Piece) -> Piece:
        await asyncio.sleep(0)
        item.candidate.other["noted"] = item.candidate.other.get("noted", "") + "b"  # type: ignore[index]
        return item


class Broken:
    """A step that fails."""

    def process_item(self, item: Piece) -> Piece:
        raise ValueError("broken")


def piece() -> Piece:
    rights = Rights(family="cc0")
    return Piece(Candidate(source="s", source_id="1", rights=rights, outcome="metadata_only", other={}))


def crawler(*steps: type) -> Any:
    return get_crawler(Spider, {"ITEM_PIPELINES": {step: number for number, step in enumerate(steps)}})


@pytest.mark.parametrize("steps", [(Noted, Waited), (Waited, Noted, Noted), ()])
def test_steps_lead_a_piece_as_scrapys_own_processor_does(steps: tuple[type, ...]) -> None:
    slow = asyncio.run(ItemPipelineManager.from_crawler(crawler(*steps)).process_item_async(piece()))
    fast = asyncio.run(Steps.from_crawler(crawler(*steps)).process_item_async(piece()))
    assert fast == slow


def test_a_broken_step_raises_as_with_scrapys_own_processor() -> None:
    for processor in (ItemPipelineManager, Steps):
        with pytest.raises(ValueError, match="broken"):
            asyncio.run(processor.from_crawler(crawler(Noted, Broken)).process_item_async(piece()))


def test_every_pipeline_has_only_the_method_that_the_steps_call() -> None:
    for path in PIPELINES:
        room, _, name = path.rpartition(".")
        step = getattr(__import__(room, fromlist=[name]), name)
        assert hasattr(step, "process_item")
        assert not hasattr(step, "open_spider"), "harvest/steps.py does not call it"
        assert not hasattr(step, "close_spider"), "harvest/steps.py does not call it"


def test_a_signal_is_heard_as_with_scrapys_own_manager() -> None:
    said: list[tuple[str, Any]] = []

    def listen(item: Any) -> str:
        said.append(("heard", item))
        return "answer"

    sender: Any = object()  # a whole crawler has listeners of its own
    for kind in (SignalManager, Signals):
        manager = kind(sender)
        assert manager.send_catch_log(signals.item_scraped, item=1) == []
        manager.connect(listen, signals.item_scraped)
        assert [answer for _, answer in manager.send_catch_log(signals.item_scraped, item=2)] == ["answer"]
        assert [answer for _, answer in asyncio.run(manager.send_catch_log_async(signals.item_scraped, item=3))] == ["answer"]
        manager.disconnect(listen, signals.item_scraped)
        assert manager.send_catch_log(signals.item_scraped, item=4) == []
        assert manager.send_catch_log(signals.item_dropped, item=5) == []
    assert said == [("heard", 2), ("heard", 3)] * 2


def test_scrapys_own_components_are_each_taken_or_left_out_by_name() -> None:
    for setting, taken in BASES.items():
        scrapys = getattr(default_settings, setting)
        assert {name: scrapys[name] for name in taken} == taken
        assert not [name for name in scrapys if name not in taken and name not in LEFT_OUT]
    known = {name for setting in BASES for name in getattr(default_settings, setting)}
    assert set(LEFT_OUT) <= known
