"""Where the boxes and lines of a graph go: in layers from left to right, the same for the same graph.

Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures": layers by
the longest way, bends where a line passes a layer, order by the middle of the neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

WIDTH, HEIGHT = 210, 46
"""The size of a box."""

_ACROSS, _DOWN, _BEND, _MARGIN = 110, 22, 14, 12
_SWEEPS = 6
_LABEL = (80, 12)
"""The room that a label takes."""


class Box(NamedTuple):
    """Where a node is drawn, by its upper left corner."""

    node: str
    x: int
    y: int


class Line(NamedTuple):
    """How an edge is drawn: the path of an SVG, and where its label stands."""

    edge: int
    path: str
    x: int
    y: int


class Picture(NamedTuple):
    """A graph with everything in its place."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def laid_out(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Picture:
    """The picture of a graph; an edge is known by its place in ``edges``."""
    layers = _layers(nodes, edges)
    chains = [_chain(number, *edge, layers) for number, edge in enumerate(edges)]
    columns = _ordered(_columns(nodes, chains, layers), chains)
    places = _places(columns)
    boxes = tuple(Box(node, *places[node]) for node in nodes)
    lines = tuple(_line(number, chain, places, *edges[number]) for number, chain in enumerate(chains))
    height = max((_bottom(each, y) for each, (_, y) in places.items()), default=0) + _MARGIN
    width = max((x for x, _ in places.values()), default=0) + WIDTH + _MARGIN
    return Picture(width, height, boxes, _labels_apart(lines))


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """How far each node is from the left: one further than the furthest that leads to it; circles are cut."""
    leading: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        leading[target].append(source)
    layers: dict[str, int] = {}
    waiting: list[tuple[str, bool]] = [(node, False) for node in reversed(nodes)]
    open_: set[str] = set()
    while waiting:
        node, is_done = waiting.pop()
        if is_done:
            open_.discard(node)
            layers[node] = max((layers[each] + 1 for each in leading[node] if each in layers), default=0)
        elif node not in layers and node not in open_:
            open_.add(node)
            waiting.append((node, True))
            waiting += ((each, False) for each in leading[node] if each not in layers)
    return _nearer(layers, edges)


def _nearer(layers: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layers with what nothing leads to as near to the right as it can be, so that lines are short."""
    reached = {target for _, target in edges}
    found = dict(layers)
    for node in layers:
        following = [layers[target] for source, target in edges if source == node]
        if node not in reached and following:
            found[node] = max(min(following) - 1, 0)
    return found


_Stop = str | tuple[int, int]
"""A node, or the bend of an edge in a layer."""


def _chain(number: int, source: str, target: str, layers: Mapping[str, int]) -> list[_Stop]:
    """The stops of an edge from left to right."""
    left, right = sorted((source, target), key=lambda each: layers[each])
    bends: list[_Stop] = [(number, layer) for layer in range(layers[left] + 1, layers[right])]
    return [left, *bends, right]


def _columns(nodes: Sequence[str], chains: Sequence[list[_Stop]], layers: Mapping[str, int]) -> list[list[_Stop]]:
    columns: list[list[_Stop]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in nodes:
        columns[layers[node]].append(node)
    for chain in chains:
        for stop in chain[1:-1]:
            assert isinstance(stop, tuple)
            columns[stop[1]].append(stop)
    return columns


def _ordered(columns: list[list[_Stop]], chains: Sequence[list[_Stop]]) -> list[list[_Stop]]:
    """The columns with each stop at the middle of those it is tied to, seen from the left and the right in turn."""
    before: dict[_Stop, list[_Stop]] = {}
    after: dict[_Stop, list[_Stop]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            before.setdefault(other, []).append(one)
            after.setdefault(one, []).append(other)
    for sweep in range(_SWEEPS):
        tied, order = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for near, column in pairwise(order):
            at = {stop: index / max(len(near) - 1, 1) for index, stop in enumerate(near)}
            own = {stop: index / max(len(column) - 1, 1) for index, stop in enumerate(column)}
            middles = {
                stop: _middle([at[each] for each in tied.get(stop, []) if each in at], own[stop]) for stop in own
            }
            column.sort(key=lambda stop, middles=middles, own=own: (middles[stop], own[stop]))  # type: ignore[misc]
    return columns


def _middle(places: list[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _places(columns: Sequence[Sequence[_Stop]]) -> dict[_Stop, tuple[int, int]]:
    """The upper left corner of each stop; columns stand with their middles on one line."""
    heights = [sum(_height(stop) + _DOWN for stop in column) - _DOWN for column in columns]
    tallest = max(heights, default=0)
    places: dict[_Stop, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        y = _MARGIN + (tallest - heights[number]) // 2
        for stop in column:
            places[stop] = (_MARGIN + number * (WIDTH + _ACROSS), y)
            y += _height(stop) + _DOWN
    return places


def _height(stop: _Stop) -> int:
    return HEIGHT if isinstance(stop, str) else _BEND


def _bottom(stop: _Stop, y: int) -> int:
    return y + _height(stop)


def _line(
    number: int, chain: Sequence[_Stop], places: Mapping[_Stop, tuple[int, int]], source: str, target: str
) -> Line:
    """A line through the stops of an edge, drawn from its source to its target, where it has a tip."""
    points = [point for stop in chain for point in _points(stop, *places[stop])][1:-1]
    label = (points[0][0] + points[1][0]) // 2, (points[0][1] + points[1][1]) // 2 - 4
    back = -1
    if chain[0] == target and source != target:
        points.reverse()
        back = 1
    path = f"M{points[0][0]},{points[0][1]}"
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (x + to_x) // 2
        path += f" C{middle},{y} {middle},{to_y} {to_x},{to_y}"
    path += f" l{7 * back},-4 m{-7 * back},4 l{7 * back},4"
    return Line(number, path, *label)


def _labels_apart(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with their labels moved down until none covers another."""
    taken: list[tuple[int, int]] = []
    apart = []
    for line in lines:
        y = line.y
        while any(abs(line.x - x) < _LABEL[0] and abs(y - other) < _LABEL[1] for x, other in taken):
            y += _LABEL[1]
        taken.append((line.x, y))
        apart.append(line._replace(y=y))
    return tuple(apart)


def _points(stop: _Stop, x: int, y: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where lines come to a stop, and where they leave it."""
    middle = y + _height(stop) // 2
    return (x, middle), (x + WIDTH, middle)
