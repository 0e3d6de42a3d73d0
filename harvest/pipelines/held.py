"""Bytes that the store holds are not asked for again: this item's at this address, or another's with the same ones."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from scrapy.crawler import Crawler

from harvest.plan import held_key, url_key
from harvest.spider import Piece


class Held:
    """The first step: an item whose own bytes are held while its address stays the same."""

    def __init__(self, held: Container[str]) -> None:
        """`held` are keys as `held_key` makes them."""
        self._held = held

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Held":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.held)

    def process_item(self, item: Piece) -> Piece:
        """Mark a held item as done."""
        one = item.candidate
        if item.done or item.noted_only or one.image_url is None:
            return item
        if held_key(one.candidate_id, one.image_url) in self._held:
            item.held = item.done = True
        return item


class HeldElsewhere:
    """After the gates of rights and consent: bytes that came with another item, known by address or by checksum."""

    def __init__(self, urls: Mapping[str, str], checksums: Mapping[str, str]) -> None:
        """SHA-256 by `url_key`, and by the provider's checksum."""
        self._urls = urls
        self._checksums = checksums

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "HeldElsewhere":
        """As Scrapy makes it."""
        spider: Any = crawler.spider
        return cls(spider.plan.held_urls, spider.plan.held_checksums)

    def process_item(self, item: Piece) -> Piece:
        """Give it the bytes that are here; one that is asked for again with conditions goes its own way."""
        one = item.candidate
        if item.done or item.noted_only or item.conditions or one.image_url is None:
            return item
        sha256 = self._urls.get(url_key(one.image_url)) or self._checksums.get(one.checksum or "")
        if sha256:
            item.candidate = replace(one, sha256=sha256)
            item.held = item.done = True
        return item
