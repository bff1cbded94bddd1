"""The audit log (S11): what people, agents and programs ordered this node to do, in a chain.

`chain` is the arithmetic of the chain, `book` the file in the data directory, `told` what of an order is written down.
What peers send is no order: that is in the journal. An owner who writes the whole file anew leaves no trace in it; who
noted a head elsewhere finds out (`hansa audit verify --head`).
"""
