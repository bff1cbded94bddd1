"""Language models behind OpenAI-compatible endpoints: several routes, tried in order, each with its budget.

    route.py      one endpoint, as the operator names it
    answer.py     what an endpoint answers, whole or as a stream of events
    endpoint.py   one call to one endpoint, bounded in time and size
    budget.py     what each route may cost in a day; it outlives the process
    chain.py      the routes in order: who is asked, who is left alone for a while
    solver.py     a solver (`node.ports.Solver`) that asks the chain for a Python function

A model's answer is text from outside: it is parsed, bounded, and run in the sandbox alone. No prompt holds text of
other nodes; it holds the operator's intent and cases.
"""
