"""Run every study and rebuild the report."""

from __future__ import annotations

import argparse
import filecmp
import os
import signal
import sys
import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from analysis.page import building as page
from analysis.page.events import Disagrees
from analysis.report import writing
from analysis.report.finished import Finished
from analysis.report.study import Study
from analysis.report.together import run_together
from analysis.studies import LONGEST, STUDIES


def main(arguments: list[str] | None = None, executor: Executor | None = None) -> int:
    """Run the command; returns the exit status: 1 if a claim or `--check` fails, 2 for bad usage, 130 if interrupted.

    The points of the studies run on this machine's cores, or on any executor of concurrent.futures.
    """
    options = parser().parse_args(arguments)
    try:
        writing.check_folder(options.out)
        if options.check:
            return check(options, executor)
        page.write(options.out)  # first, since it takes seconds and is what most readers want
        command = "python -m analysis --quick" if options.quick else "python -m analysis"
        with workers(options, executor) as pool:
            studies = run_studies(options, pool)
            # figures are drawn by processes of this machine alone: what draws them is safe in no thread
            writing.write(studies, options.out, command, map if executor else pool.map)
    except writing.NotAReport as error:
        print(f"analysis: {error}", file=sys.stderr)
        return 2
    except Disagrees as error:
        print(f"analysis: a step of index.html is not what opcount executes: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"\nanalysis: interrupted; the evidence in {options.out} is as it was; the same command goes on from here",
            file=sys.stderr,
        )
        return 130
    return verdict(studies, options.out)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m analysis", description=__doc__)
    result.add_argument("--quick", action="store_true", help="a small version, in seconds")
    result.add_argument("--out", type=Path, default=Path("reports"), help="the folder to write (default: reports)")
    result.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="processes to use (default: all cores)"
    )
    result.add_argument(
        "--check", action="store_true", help="compare the counts in --out with a fresh run; write nothing"
    )
    return result


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text!r}")
    return int(text)


def run_studies(options: argparse.Namespace, pool: Executor) -> dict[str, Study]:
    """Run every study, their points spread over the workers of a pool; those of an interrupted run are not run again.

    The studies with the longest points go first, since the last point to start decides when the last one ends.
    """
    finished = Finished(options.out, options.quick)
    first = {slug: STUDIES[slug] for slug in LONGEST if slug in STUDIES}
    found = run_together({**first, **STUDIES}, finished, options.quick, pool)
    finished.forget()
    return {slug: found[slug] for slug in STUDIES}


def workers(options: argparse.Namespace, executor: Executor | None) -> AbstractContextManager[Executor]:
    """An executor, or a pool of processes that ignore interrupts, which this process handles."""
    if executor:
        return nullcontext(executor)
    return ProcessPoolExecutor(options.jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))


def verdict(studies: dict[str, Study], out: Path) -> int:
    """Print what failed, if anything; a claim that fails makes the exit status 1."""
    claims = [claim for study in studies.values() for claim in study.claims]
    failed = [claim for claim in claims if not claim.holds]
    for claim in failed:
        print(f"FAILED: {claim.text} ({claim.evidence})", file=sys.stderr)
    if sys.stdout.isatty():
        print(f"{len(claims) - len(failed)} of {len(claims)} claims hold; the report is {out / writing.PAGES[0]}")
    return 1 if failed else 0


def check(options: argparse.Namespace, executor: Executor | None = None) -> int:
    """Compare every file of counts in `--out` with a fresh run, byte by byte; returns the exit status."""
    with workers(options, executor) as pool:
        studies = run_studies(options, pool)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        writing.write_data(studies, fresh)
        old, new = options.out / "data" / "counts", fresh / "data" / "counts"
        names = sorted({path.name for data in (old, new) if data.exists() for path in data.iterdir()})
        differing = [name for name in names if not same(old / name, new / name)]
    for name in differing:
        print(f"analysis: data/counts/{name} differs from a fresh run", file=sys.stderr)
    print(f"{len(names) - len(differing)} of {len(names)} files of counts in {options.out} equal a fresh run")
    return 1 if differing or not names else verdict(studies, options.out)


def same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


if __name__ == "__main__":
    sys.exit(main())
