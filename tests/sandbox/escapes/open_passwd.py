"""Reads the user list with plain open."""
# seen as: file

def attempt(host):
    return "ESCAPED " + open("/etc/passwd").read()
