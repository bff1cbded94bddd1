"""Joins the groups of root."""

import os


def attempt(host):
    os.setgroups([0])
    return "ESCAPED"
