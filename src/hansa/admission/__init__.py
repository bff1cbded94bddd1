"""May this come in? Version, network, recipient, time, replay, sequence, who may push, how much.

`Admission.admit` turns a `Verified` message into an `Admitted` one or refuses it with a reason. Counters balance:
everything received was admitted, ignored or rejected (`counters`).
"""
