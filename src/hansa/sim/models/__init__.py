"""The overlay's policies over 10^5 to 10^6 nodes at once, in arrays: growth, healing, how word travels.

What runs here is not the node but what its rules come to: a graph in rows (`graph`), the two ways in which links are
chosen (`growth`, `bounded`), what is dialled after a loss (`healing`), the tree that words take (`spreading`), and
gossipsub beside it (`gossipsub`). Growth and healing are loops that numba
compiles where it is there (`compiled`). A model has a seed and no clock; tests hold each against a slow and obvious
version, and the last against the node's own class.

>>> from hansa.kernel.rng import Rng
>>> from hansa.sim.models.growth import preferential
>>> preferential(1_000, 4, Rng(7)).links
3984
"""
