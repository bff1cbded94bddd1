"""Fetches a page."""
# seen as: network

import urllib.request


def attempt(host):
    return "ESCAPED " + str(urllib.request.urlopen(f"http://127.0.0.1:{host['port']}/", timeout=1))
