"""Studies of a whole network: how it grows (`growth`, M17) and what failures under load do to it (`stress`, M18).

Who is linked with whom, who is given up and whom it links instead, which way units take and who gets what of which
offer are the node's own policies, or models of them that tests hold against the node's own code:

    measures     clustering, lengths of ways, degrees: exact for small networks, sampled with the error for large ones
    ways         the overlay's ways with M4's merit, over links that carry so much and no more
    trading      the market's clearing, for few parties by `market.clearing` itself, for many in arrays
    detecting    when neighbours give up on who died

A study is given its seed and its solver, does no I/O, and comes to the same numbers on each run.
"""
