"""Train and test several configs with several seeds, and print one table; an interrupted comparison goes on.

python tools/analysis/accuracy.py configs/maskattn/camvid_semantic_128_tiny.py PEER.py --seeds 0 1 2 --epochs 45

All cores are used, one run each. Finished runs are kept in WORK_DIR/results.json and not repeated; half finished ones
resume: Ctrl-C or SIGTERM stops all, each with a checkpoint, and the same command goes on.

With --rates 0.001 0.002 0.004 each config is trained with the first seed at each learning rate; the rate that is best
on the validation images is used for its other seeds and reported. The test images choose nothing.
"""

from __future__ import annotations

import argparse
import logging
import math
import signal
import sys
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmmaskattn.analysis import read_config
from mmmaskattn.analysis.accuracy.identity import fingerprint_of
from mmmaskattn.analysis.accuracy.runs import ResultsFile, Run, RunFailedError, execute_run, stop_runs
from mmmaskattn.analysis.accuracy.schedule import cache_words, epochs_left, epochs_of, jobs_at_once, speed_options
from mmmaskattn.analysis.accuracy.sweep import best_rate, last_validation, rate_option, sweep_cell
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
    parser.add_argument(
        '--rates', type=float, nargs='+', default=[None], help='learning rates to try (default: the one of the config)'
    )
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
    check_lists(parser, args)
    return args


def check_lists(parser: ToolParser, args: argparse.Namespace) -> None:
    """Refuse seeds and rates that cannot be trained with, and those given twice: they would share a folder."""
    rates = [rate for rate in args.rates if rate is not None]
    for option, values in (('--seeds', args.seeds), ('--rates', [f'{rate:g}' for rate in rates])):
        if twice := [value for value in values if values.count(value) > 1]:
            parser.error(f'{option}: {twice[0]} is given twice; expected each once')
    if wrong := [rate for rate in rates if not 0 < rate < math.inf]:
        parser.error(f'--rates: found {wrong[0]:g}, expected learning rates above 0, such as 0.001')
    if min(args.seeds) < 0:
        parser.error(f'--seeds: found {min(args.seeds)}, expected 0 or more')


def options_of(given: list[str]) -> dict[str, object]:
    """``key=value`` texts as the tools read them."""
    parser = ToolParser()
    parser.add_settings()
    return parser.parse_args(['--cfg-options', *given]).cfg_options if given else {}


def work(todo: list[Run], results: ResultsFile, args: argparse.Namespace, jobs: int) -> list[str]:
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
            value = f'{args.metric[0]} {result["metrics"].get(f"{run.protocol}/{args.metric[0]}", math.nan):.1f}'
        except RunFailedError as error:
            failures.append(f'{run.name}: {error}')
            value = 'failed'
        number = sum(one.done() for one in futures)
        print(f'[{number}/{len(todo)}] {run.name}: {value}', file=sys.stderr, flush=True)

    with ThreadPoolExecutor(jobs) as pool:
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


def run_of(config: Path, seed: int, rate: float | None, args: argparse.Namespace) -> Run:
    """The run of a config with a seed and a learning rate; None is the config's own."""
    options = [*args.cfg_options, *([] if rate is None else [rate_option(rate)])]
    fingerprint = fingerprint_of(read_config(config, options_of(options)))
    return Run(config, seed, args.epochs, args.work_dir, tuple(options), args.protocol, fingerprint)


def sweep_of(config: Path, results: ResultsFile, args: argparse.Namespace) -> dict[float, dict[str, Any]]:
    """What each learning rate gave with the first seed, as far as it is finished."""
    runs = {rate: run_of(config, args.seeds[0], rate, args) for rate in args.rates if rate is not None}
    found = {rate: results.get(run) for rate, run in runs.items()}
    logged = {rate: last_validation(run.folder) for rate, run in runs.items()}  # older results do not have it
    return {rate: {'validation': logged[rate], **result} for rate, result in found.items() if result}


def chosen_rate(config: Path, results: ResultsFile, args: argparse.Namespace) -> float | None:
    """The rate that is best on the validation images; None is the config's own."""
    sweep = sweep_of(config, results, args)
    return best_rate(sweep, args.metric[0]) if len(args.rates) > 1 and sweep else args.rates[0]


def table_of(results: ResultsFile, args: argparse.Namespace) -> str:
    """The table of what is finished."""
    finished, sweeps = {}, {}
    for path in args.configs:
        subject = describe(read_config(path, options_of(args.cfg_options)), config_name(path))
        rate = chosen_rate(path, results, args)
        found = [results.get(run_of(path, seed, rate, args)) for seed in args.seeds]
        finished[subject] = [result for result in found if result]
        if len(args.rates) > 1:
            sweeps[subject] = sweep_cell(sweep_of(path, results, args), args.metric[0])
    return accuracy_table(finished, args.epochs, args.protocol, args.metric, sweeps)


def check_metrics(runs: list[Run], results: ResultsFile, metrics: list[str]) -> None:
    """Refuse a metric that the tests have not given, before it chooses anything.

    Raises:
        ValueError: If there is such a one; the runs are kept.
    """
    for run in runs:
        found = (results.get(run) or {}).get('metrics') or {}
        for metric in metrics if found else ():
            if f'{run.protocol}/{metric}' not in found:
                given = ', '.join(sorted(key.partition('/')[2] for key in found if key.startswith(f'{run.protocol}/')))
                raise ValueError(f'--metric {metric}: {run.name} has {given}; name one of these, the runs are kept')


def with_speed(run: Run, args: argparse.Namespace, jobs: int) -> Run:
    """The run with what makes it quick beside the others."""
    speed = speed_options(read_config(run.config), args.cfg_options, args.threads, jobs)
    return replace(run, speed=speed, train_words=cache_words(args.cache, jobs))


def work_on(runs: list[Run], results: ResultsFile, args: argparse.Namespace) -> list[str]:
    """Do the runs that are not finished; return what failed."""
    todo = [run for run in runs if results.get(run) is None]
    jobs = args.jobs or jobs_at_once(args.threads, len(todo))
    counts = f'{len(runs)} runs, {len(runs) - len(todo)} finished before; {jobs} at once'
    print(f'{counts}; logs in {args.work_dir}', file=sys.stderr, flush=True)
    return work([with_speed(run, args, jobs) for run in todo], results, args, jobs)


@ends_in_one_line('accuracy')
def main(argv: list[str] | None = None) -> None:
    """Run the comparison."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    for path in args.configs:
        read_config(path, options_of(args.cfg_options))
    results = ResultsFile(args.work_dir / 'results.json')
    signal.signal(signal.SIGTERM, stop_on_termination)
    first, *others = args.seeds
    tried = [run_of(path, first, rate, args) for path in args.configs for rate in args.rates]
    failures = work_on(tried, results, args)
    check_metrics(tried, results, args.metric)
    if others:
        settled = [path for path in args.configs if len(args.rates) == 1 or sweep_of(path, results, args)]
        rates = {path: chosen_rate(path, results, args) for path in settled}
        failures += work_on(
            [run_of(path, seed, rate, args) for seed in others for path, rate in rates.items()], results, args
        )
    table = table_of(results, args)
    (args.work_dir / 'results.md').write_text(table + '\n')
    print(table)
    if failures:
        raise RunFailedError('; '.join(failures))


if __name__ == '__main__':
    main()
