"""
Measure rounds as whole processes over loopback TLS: see docs/performance.md.

    scripts/bench [--feeds 100] [--entries 40] [--runs 3] [--engine sqlite] [--peers] [--profile] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.rounds import ROUNDS, Figures, Ingest, run_peer, serving

Table = dict[str, dict[str, list[Figures]]]
"""Figures by program and round."""

_LISTED: Final = 12


def main() -> None:
    """Run, take medians and print."""
    options = _options()
    size = (options.feeds, options.entries)
    table: Table = defaultdict(lambda: defaultdict(list))
    for _ in range(options.runs):
        for engine in options.engine:
            _run_ingest(table, f"ingest/{engine}", engine, size, options.rounds, probe=False)
        for peer in ("reader", "naive") if options.peers else ():
            with tempfile.TemporaryDirectory() as folder, serving(*size) as server:
                for name, figures in run_peer(peer, options.peers, Path(folder), server, size):
                    table[peer][name].append(figures)
    if options.profile:
        for engine in options.engine:
            _run_ingest(table, f"probe/{engine}", engine, size, options.rounds, probe=True)
    _print(table, options.feeds)
    if options.json:
        plain = {
            program: {name: [asdict(run) for run in runs] for name, runs in rounds.items()}
            for program, rounds in table.items()
        }
        Path(options.json).write_text(json.dumps(plain, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--entries", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engine", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--rounds", default=",".join(ROUNDS), type=lambda text: text.split(","))
    parser.add_argument("--peers", metavar="PYTHON", help="a Python with reader, httpx and feedparser")
    parser.add_argument("--profile", action="store_true", help="also run with instruments: statements and stages")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.engine = options.engine or ["sqlite"]
    return options


def _run_ingest(
    table: Table, program: str, engine: str, size: tuple[int, int], rounds: list[str], *, probe: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, serving(*size) as server:
        folder = Path(name)
        if engine == "sqlite":
            play = Ingest(folder, server, f"sqlite:///{folder}/ingest.db", size, probe=probe)
            for one in rounds:
                table[program][one].append(play.run(one))
            return
        from support.databases import Postgres

        postgres = Postgres()
        try:
            play = Ingest(folder, server, postgres.make(), size, probe=probe)
            for one in rounds:
                table[program][one].append(play.run(one))
        finally:
            postgres.close()


def _print(table: Table, feeds: int) -> None:
    sys.stdout.write(f"{'CPU ms a feed, median':24}" + "".join(f"{name:>10}" for name in ROUNDS) + f"{'MB':>6}\n")
    for program, rounds in table.items():
        if program.startswith("probe/"):
            continue
        cells = []
        for name in ROUNDS:
            runs = rounds.get(name, [])
            scale = 1000 if name == "idle" else 1000 / feeds
            cells.append(f"{statistics.median(run.cpu_s for run in runs) * scale:10.1f}" if runs else f"{'':10}")
        peak = max(run.peak_mb for runs in rounds.values() for run in runs)
        sys.stdout.write(f"{program:24}{''.join(cells)}{peak:6.0f}\n")
    for program, rounds in table.items():
        for name, runs in rounds.items():
            run = runs[-1]
            if run.stages:
                total = sum(run.stages.values())
                shares = sorted(run.stages.items(), key=lambda item: -item[1])[:_LISTED]
                text = ", ".join(f"{stage} {count / total:.0%}" for stage, count in shares)
                sys.stdout.write(f"{program} {name}: {run.statements / feeds:.1f} statements a feed; {text}\n")
        last = [run for runs in rounds.values() for run in runs if run.headlines]
        if last:
            per = last[0].stored_bytes / last[0].headlines
            sys.stdout.write(f"{program}: {per / 1000:.1f} kB a headline after the first round, without payloads\n")


if __name__ == "__main__":
    main()
