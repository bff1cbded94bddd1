"""Put tasks in an order in which each comes after the ones it depends on.

Steps:
1. Note for every task what it still waits for, and who waits for it.
2. Take the alphabetically first task that waits for nothing, and release those that waited for it.
3. If tasks are left when none is free, they form a cycle.
Tags: data, graph
License: MIT
"""

from heapq import heapify, heappop, heappush


def topological_order(dependencies: dict[str, list[str]]) -> list[str]:
    """Returns all tasks named in `dependencies` (task to prerequisites); among free tasks the first by name goes first.

    Raises:
        ValueError: the dependencies contain a cycle.

    >>> topological_order({"serve": ["cook"], "cook": ["shop"], "shop": []})
    ['shop', 'cook', 'serve']
    >>> topological_order({"b": [], "a": [], "c": ["a"]})
    ['a', 'b', 'c']
    >>> topological_order({"app": ["lib", "lib"]})
    ['lib', 'app']
    >>> topological_order({})
    []
    """
    waits = {task: set(needs) for task, needs in dependencies.items()}
    followers: dict[str, list[str]] = {}
    for task, needs in list(waits.items()):
        for need in needs:
            waits.setdefault(need, set())
            followers.setdefault(need, []).append(task)
    free = [task for task, needs in waits.items() if not needs]
    heapify(free)
    order: list[str] = []
    while free:
        done = heappop(free)
        order.append(done)
        for task in followers.get(done, []):
            waits[task].discard(done)
            if not waits[task]:
                heappush(free, task)
    if len(order) < len(waits):
        raise ValueError(f"these tasks form or need a cycle: {', '.join(sorted(set(waits) - set(order)))}")
    return order


def test_nothing_comes_before_what_it_needs() -> None:
    for factor in (1, 3, 5, 7, 11):
        names = [f"t{n * factor % 13:02d}" for n in range(13)]
        needs = {name: names[: n // 2] for n, name in enumerate(names)}
        order = topological_order(needs)
        assert sorted(order) == sorted(names)
        assert all(order.index(need) < order.index(name) for name in names for need in needs[name])


def test_cycles_are_refused() -> None:
    for graph in ({"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"x": [], "a": ["b", "x"], "b": ["c"], "c": ["a"]}):
        try:
            topological_order(graph)
        except ValueError:
            continue
        raise AssertionError(f"{graph} was put in order")
