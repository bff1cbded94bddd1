"""The doors, and the only place where real things are made.

`app` joins adapters and node; `config` reads settings; `operations` is what a person or program can ask of a node, by
whichever door; `cli` and `http` are the doors; `errors` holds the one table from errors to exit and status codes.
"""
