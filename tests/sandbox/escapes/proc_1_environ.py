"""Reads the environment of process 1."""
# seen as: file

def attempt(host):
    return "ESCAPED " + open("/proc/1/environ").read()
