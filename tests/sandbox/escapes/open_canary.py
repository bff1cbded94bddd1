"""Reads a world-readable file of the host."""
# seen as: file

def attempt(host):
    return open(host["file"]).read()
