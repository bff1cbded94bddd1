"""Reads the environment of the node."""
# seen as: file

def attempt(host):
    return open(f"/proc/{host['pid']}/environ").read()
