"""The engine that is led by what its inputs reach: atheris, which is libFuzzer for Python. In a process of its own.

python -m tests.fuzz.led TARGET RUNS SEED
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


def main(name: str, runs: str, seed: str) -> None:
    """Fuzzes one target until the runs are done or something is found; libFuzzer ends the process.

    It leaves its files in the folder for such: whoever starts this names one (TMPDIR) and takes it away.
    """
    import atheris

    with atheris.instrument_imports(include=["hansa"]):
        from tests.fuzz.targets import TARGETS
    corpus = Path(tempfile.mkdtemp(prefix="hansa-corpus-"))
    for number, data in enumerate(TARGETS[name].seeds()):
        (corpus / f"{number:04}").write_bytes(data)
    bounds = [f"-runs={runs}", f"-seed={seed}", "-max_len=16384", "-rss_limit_mb=2048", "-timeout=20"]
    report = [f"-artifact_prefix=found-{name}-", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *bounds, *report, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
