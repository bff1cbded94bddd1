"""Worlds of many nodes in one process: one clock, one seed, faults on a schedule, invariants after every event.

What runs is the node itself (`node.node.Node`) with its overlay. What is simulated lies below its ports: the event
loop (`loop`), the net (`net`), the disk (`disk`), the clocks (`clock`). A run is a function of its seed: `hansa sim run
storm --seed 17` does the same on every machine, and its journal ends in the same digest.
"""
