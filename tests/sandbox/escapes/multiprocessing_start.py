"""Starts a worker process."""
# seen as: process

import multiprocessing


def attempt(host):
    process = multiprocessing.get_context("fork").Process(target=print)
    process.start()
    return "ESCAPED"
