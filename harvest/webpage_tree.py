"""Text of a page or a sitemap as a tree of elements, whatever is wrong with it."""

import warnings
from typing import Any

from parsel import Selector


def tree(text: str, kind: str) -> Any:
    """The root element; None where nothing can be made of it. What is nested too deep is cut off.

    Args:
        text: Of a document.
        kind: html or xml.
    """
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    try:
        with warnings.catch_warnings(action="ignore"):  # parsel 1.12 warns of documents nested too deep, which are cut
            root = Selector(text=text, type=kind, huge_tree=False).root
    except (ValueError, SyntaxError):  # lxml's errors of syntax
        return None
    return root if hasattr(root, "xpath") else None
