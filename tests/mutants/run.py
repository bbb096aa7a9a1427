#!/usr/bin/env python3
"""Deliberate faults: each is put into a copy of the tree, and the tests have to notice.

    tests/mutants/run.py            every fault of faults.toml, and a table of which suite caught which
    tests/mutants/run.py NAME ...   only these
    tests/mutants/run.py --check    only that each fault still fits the code (CI does this)

A fault that no suite notices is a hole in the tests: exit code 1.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = tomllib.loads((Path(__file__).parent / "faults.toml").read_text())["fault"]

# The cheapest first. A fault counts as caught by the first suite that fails.
SUITES = {
    "core": ["cargo", "test", "-p", "cron-core", "--lib", "--test", "state_machine"],
    "engine": ["cargo", "test", "-p", "cron-runtime", "--lib"],
    "conformance": ["cargo", "test", "-p", "cron-tests", "--test", "conformance"],
    "simulation": ["cargo", "test", "-p", "cron-tests", "--test", "simulation"],
}
FAILED_TEST = re.compile(r"^test (\S+) \.\.\. FAILED$", re.MULTILINE)
STUCK_TEST = re.compile(r"^test (\S+) has been running for over 60 seconds$", re.MULTILINE)

# A fault may need a world that no kept seed draws.
ENVIRONMENT = {**os.environ, "SIMULATION_SECONDS": os.environ.get("SIMULATION_SECONDS", "20")}

# A suite with its build is done long before: what takes longer (s) waits for something that the fault keeps from it.
PATIENCE = 900


def mutated(fault):
    """The text of the file with the fault in it."""
    text = (ROOT / fault["file"]).read_text()
    found = text.count(fault["find"])
    if found != 1:
        sys.exit(f"{fault['name']}: `{fault['find']}` stands {found} times in {fault['file']}, not once")
    return text.replace(fault["find"], fault["replace"])


def copy_tree(target):
    """What git would commit, so that no build output is copied."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode().split("\0")
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def play(command, tree):
    """Whether the suite passes, and what it prints; one that never ends is killed with all that it started."""
    suite = subprocess.Popen(
        command, cwd=tree, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )
    try:
        printed, complaints = suite.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(suite.pid, signal.SIGKILL)
        printed, complaints = suite.communicate()
    return suite.returncode == 0, printed, complaints


def catch(fault, tree):
    """The suite that notices the fault and the tests of it that do, or None."""
    for suite in fault.get("suites", SUITES):
        passed, printed, complaints = play(SUITES[suite], tree)
        if passed:
            continue
        tests = FAILED_TEST.findall(printed) or [f"{test} (never ends)" for test in STUCK_TEST.findall(printed)]
        if not tests:
            sys.exit(f"{fault['name']}: {suite} did not run:\n{printed[-2000:]}{complaints[-4000:]}")
        return suite, tests
    return None


def main():
    arguments = sys.argv[1:]
    texts = {fault["name"]: mutated(fault) for fault in FAULTS}
    if arguments == ["--check"]:
        return print(f"{len(FAULTS)} faults fit the code")
    if unknown := set(arguments) - set(texts):
        sys.exit(f"no such fault: {', '.join(sorted(unknown))} (there are: {', '.join(texts)})")
    tree = Path(os.environ.get("MUTANTS_TREE", ROOT / "target" / "mutants"))
    copy_tree(tree)
    missed = []
    print("| fault | in | caught by | tests that fail |\n|---|---|---|---|", flush=True)
    for fault in FAULTS:
        if arguments and fault["name"] not in arguments:
            continue
        path = tree / fault["file"]
        path.write_text(texts[fault["name"]])
        caught = catch(fault, tree)
        shutil.copyfile(ROOT / fault["file"], path)
        where = Path(fault["file"]).stem
        if caught is None:
            missed.append(fault["name"])
            print(f"| {fault['name']} | {where} | **nothing** | |", flush=True)
        else:
            suite, tests = caught
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            print(f"| {fault['name']} | {where} | {suite} | `{tests[0]}`{more} |", flush=True)
    if missed:
        sys.exit(f"not caught: {', '.join(missed)}")


main()
