"""Raises its own limits."""

import resource


def attempt(host):
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "ESCAPED"
