"""Groups that people can check: stars around the best of their kind for copies, loose components for splits."""

from collections.abc import Iterable, Sequence


def stars(ranked: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which node steps back for which: walking from the best, each joins the best representative that it touches itself.

    A node never joins a mere member, so nothing chains, and the order of `edges` does not matter.

    Args:
        ranked: every node, the best first.
        edges: pairs of nodes that are the same; nodes not in `ranked` are left out.

    Returns:
        member to representative; representatives and lonely nodes are absent.
    """
    place = {node: at for at, node in enumerate(ranked)}
    touching: dict[str, list[str]] = {}
    for a, b in edges:
        if a in place and b in place:
            touching.setdefault(a, []).append(b)
            touching.setdefault(b, []).append(a)
    joined: dict[str, str] = {}
    for node in sorted(touching, key=place.__getitem__):
        better = [place[other] for other in touching[node] if place[other] < place[node] and other not in joined]
        if better:
            joined[node] = ranked[min(better)]
    return joined


def components(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Nodes that hang together, however far apart; each group sorted, the groups by their first node."""
    root = {node: node for node in nodes}
    for a, b in edges:
        if a in root and b in root:
            first, second = sorted((_root(root, a), _root(root, b)))
            root[second] = first
    groups: dict[str, list[str]] = {}
    for node in sorted(root):
        groups.setdefault(_root(root, node), []).append(node)
    return [groups[key] for key in sorted(groups)]


def _root(root: dict[str, str], node: str) -> str:
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node
