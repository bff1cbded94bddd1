"""What do we know, and how well is it proved?

A skill is an immutable record named by the hash of its content (`model`). It comes in from files (`importing`) or from
peers (`messages`), lies in quarantine, is proved (`judge` reads what the sandbox saw), and only then is used
(`policy` holds the gates and the evidence levels; `service` the life cycle).
"""
