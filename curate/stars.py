"""Groups that people can check: stars around the best of their kind for copies, loose components for splits."""

from collections.abc import Collection, Iterable, Mapping, Sequence

Edge = tuple[str, str]


def stars(ranked: Sequence[str], edges: Iterable[Edge], must: Iterable[Edge] = (), cannot: Iterable[Edge] = ()) -> dict[str, str]:
    """Which node steps back for which: walking from the best, each joins the best representative that it touches itself.

    A node never joins a mere member, so nothing chains, and the order of `edges` does not matter. A person's word comes
    first. Nodes that must-links hold together are one picture: they gather around the best of them and have each other's
    edges, also through nodes that are not in `ranked`. A node never joins one that a cannot-link parts it from, neither
    itself nor anything that it is one picture with; where must-links and a cannot-link contradict each other, it stays alone.

    Args:
        ranked: every node that may join or be joined, the best first.
        edges: pairs of nodes that are the same to a measure; nodes that are neither ranked nor linked are left out.
        must: pairs that a person says are the same.
        cannot: pairs that a person says are not.

    Returns:
        member to representative; representatives and lonely nodes are absent.
    """
    place = {node: at for at, node in enumerate(ranked)}
    cannot = list(cannot)
    apart = _neighbours(cannot)
    head_of = _one_picture(place, list(must), apart)
    joined = {node: head for node, head in head_of.items() if node != head and node in place and head in place}
    parted = _neighbours((head_of.get(a, a), head_of.get(b, b)) for a, b in cannot)
    touching = _neighbours((head_of.get(a, a), head_of.get(b, b)) for a, b in edges)
    followers: dict[str, list[str]] = {}
    for node, head in joined.items():
        followers.setdefault(head, []).append(node)
    stepped_back: set[str] = set()
    for node in sorted((one for one in touching if one in place), key=place.__getitem__):
        better = [
            place[other]
            for other in touching[node] - parted.get(node, set())
            if other in place and place[other] < place[node] and other not in stepped_back
        ]
        if better:
            best = ranked[min(better)]
            stepped_back.add(node)
            joined |= dict.fromkeys([node, *followers.get(node, ())], best)
    return joined


def _one_picture(place: Mapping[str, int], must: Sequence[Edge], apart: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Each node with a must-link and the best of those that it is one picture with; whom a cannot-link parts from it goes on."""
    linked = {node for edge in must for node in edge}
    head_of: dict[str, str] = {}
    for block in components(linked, must):
        heads: list[str] = []
        for node in sorted(block, key=lambda one: (place.get(one, len(place)), one)):
            head = next((one for one in heads if one not in apart.get(node, ())), node)
            head_of[node] = head
            if head == node:
                heads.append(node)
    return head_of


def _neighbours(edges: Iterable[Edge]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for a, b in edges:
        if a != b:
            found.setdefault(a, set()).add(b)
            found.setdefault(b, set()).add(a)
    return found


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
