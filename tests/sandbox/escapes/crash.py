"""Reads address zero."""
# ends: killed

import ctypes


def attempt(host):
    ctypes.string_at(8)
