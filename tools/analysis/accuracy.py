"""Train and test several configs with several seeds, and print one table; an interrupted comparison goes on.

python tools/analysis/accuracy.py configs/maskattn/camvid_semantic_128_tiny.py PEER.py --seeds 0 1 2 --epochs 45

All cores are used, one run each. Finished runs are kept in WORK_DIR/results.json and not repeated; half finished ones
resume: Ctrl-C or SIGTERM stops all, each with a checkpoint, and the same command goes on.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config

from mmmaskattn.analysis import read_config
from mmmaskattn.analysis.accuracy.identity import fingerprint_of
from mmmaskattn.analysis.accuracy.runs import ResultsFile, Run, RunFailedError, execute_run, stop_runs
from mmmaskattn.analysis.accuracy.schedule import cache_words, epochs_left, epochs_of, jobs_at_once, speed_options
from mmmaskattn.analysis.accuracy.table import accuracy_table, describe
from mmmaskattn.datasets.cache import CACHE_PLACES
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.configs import config_name
from mmmaskattn.utils.progress import show_progress

TOOLS = Path(__file__).resolve().parents[1]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', type=Path, help='configs to compare')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], help='random seeds')
    parser.add_argument('--epochs', type=int, required=True, help='epochs of each training')
    parser.add_argument('--protocol', choices=['lowres', 'native'], default='lowres', help='evaluation protocol')
    parser.add_argument('--metric', nargs='+', default=['mIoU'], help='metrics in the table')
    parser.add_argument('--threads', type=int, default=1, help='CPU threads of each run')
    parser.add_argument('--jobs', type=int, help='runs at the same time (default: cores / threads; on a GPU 1)')
    parser.add_argument(
        '--cache',
        choices=CACHE_PLACES,
        default='auto',
        help='decoded samples, see tools/train.py (default auto: in memory where it fits)',
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/accuracy'), help='checkpoints and results')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='settings for all: key=value')
    args = parser.parse_args(argv)
    names = [config_name(config) for config in args.configs]
    if len(set(names)) < len(names):
        parser.error(f'configs {names}: two have the same file name, which names their results; rename one')
    if min(args.epochs, 1 if args.jobs is None else args.jobs, args.threads) < 1:
        parser.error('--epochs, --jobs and --threads: expected numbers above 0')
    return args


def options_of(given: list[str]) -> dict[str, object]:
    """``key=value`` texts as the tools read them."""
    parser = ToolParser()
    parser.add_settings()
    return parser.parse_args(['--cfg-options', *given]).cfg_options if given else {}


def work(todo: list[Run], results: ResultsFile, args: argparse.Namespace) -> list[str]:
    """Do the runs, telling how far they are; return what failed.

    Raises:
        KeyboardInterrupt: If a signal has stopped them.
    """
    failures: list[str] = []

    def finish(future: Future) -> None:
        """Keep the result and tell it."""
        run = futures[future]
        try:
            result = future.result()
            results.put(run, result)
            value = f'{args.metric[0]} {result["metrics"][f"{run.protocol}/{args.metric[0]}"]:.1f}'
        except RunFailedError as error:
            failures.append(f'{run.name}: {error}')
            value = 'failed'
        number = sum(one.done() for one in futures)
        print(f'[{number}/{len(todo)}] {run.name}: {value}', file=sys.stderr, flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        futures = {pool.submit(execute_run, run, TOOLS, args.threads): run for run in todo}
        try:
            for _ in show_progress(epochs_of(todo, futures, finish), epochs_left(todo), 'epochs of all runs'):
                pass
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_runs()
            print('stopping the runs; the same command goes on with them', file=sys.stderr, flush=True)
            raise
    return failures


def stop_on_termination(number: int, frame: object) -> None:
    """Take SIGTERM for Ctrl-C."""
    raise KeyboardInterrupt


def table_of(configs: dict[Path, Config], results: ResultsFile, runs: list[Run], args: argparse.Namespace) -> str:
    """The table of what is finished."""
    finished = {}
    for path, cfg in configs.items():
        found = (results.get(run) for run in runs if run.config == path)
        finished[describe(cfg, config_name(path))] = [result for result in found if result]
    return accuracy_table(finished, args.epochs, args.protocol, args.metric)


def with_speed(run: Run, cfg: Config, args: argparse.Namespace) -> Run:
    """The run with what makes it quick beside the others."""
    speed = speed_options(cfg, args.cfg_options, args.threads, args.jobs)
    return replace(run, speed=speed, train_words=cache_words(args.cache, args.jobs))


@ends_in_one_line('accuracy')
def main(argv: list[str] | None = None) -> None:
    """Run the comparison."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    configs = {path: read_config(path, options_of(args.cfg_options)) for path in args.configs}
    results = ResultsFile(args.work_dir / 'results.json')
    settings = (args.epochs, args.work_dir, tuple(args.cfg_options), args.protocol)
    fingerprints = {path: fingerprint_of(cfg) for path, cfg in configs.items()}
    runs = [Run(path, seed, *settings, fingerprints[path]) for seed in args.seeds for path in configs]
    todo = [run for run in runs if results.get(run) is None]
    args.jobs = args.jobs or jobs_at_once(args.threads, len(todo))
    todo = [with_speed(run, configs[run.config], args) for run in todo]
    counts = f'{len(runs)} runs, {len(runs) - len(todo)} finished before; {args.jobs} at once'
    print(f'{counts}; logs in {args.work_dir}', file=sys.stderr, flush=True)
    signal.signal(signal.SIGTERM, stop_on_termination)
    failures = work(todo, results, args)
    table = table_of(configs, results, runs, args)
    (args.work_dir / 'results.md').write_text(table + '\n')
    print(table)
    if failures:
        raise RunFailedError('; '.join(failures))


if __name__ == '__main__':
    main()
