"""Time models side by side, grouping alone or decoding, on random inputs with no data and no weights; whole predictions
of trained models on their test set; or exported files beside PyTorch, from an encoded picture to its result.

python tools/analysis/benchmark.py latency configs/maskattn/ade20k_semantic_128_tiny.py path/to/peer.py --shape 128
python tools/analysis/benchmark.py latency CONFIG... --train-step --batch 8
python tools/analysis/benchmark.py decode --native-size 1200 1600 --size 128
python tools/analysis/benchmark.py grouping --k 64 100
python tools/analysis/benchmark.py predict CONFIG CHECKPOINT [CONFIG CHECKPOINT ...] --images 32
python tools/analysis/benchmark.py epoch CONFIG --cache none ram --workers 0 1 --epochs 3
python tools/analysis/benchmark.py deployed nuclei.onnx tiny_dsb2018_panoptic P.py=random --picture cells.png --browser
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

import onnxruntime
import torch

from mmmaskattn.analysis import build_model, input_size, read_config
from mmmaskattn.analysis.models import random_images
from mmmaskattn.analysis.timing.decode import benchmark_decode
from mmmaskattn.analysis.timing.epoch import LoadingSetting, epoch_table, time_epochs
from mmmaskattn.analysis.timing.grouping import benchmark_grouping
from mmmaskattn.analysis.timing.latency import (
    LAYOUTS,
    inference_call,
    latency_table,
    processor_name,
    time_in_turn,
    training_call,
    working_forward,
)
from mmmaskattn.analysis.timing.predict import RANDOM, prediction_table, time_predictions
from mmmaskattn.apis.timing import RUNTIMES, browser_pipelines, make_pipeline, pipeline_table, time_pipelines
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.configs import distinct_names
from mmmaskattn.utils.progress import usable_cores
from mmmaskattn_console.console import PAGE


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    latency = commands.add_parser('latency', help='time the models of several configs')
    latency.add_argument('configs', nargs='+', help='configs of mmmaskattn, mmseg or mmdet; ratios are to the first')
    latency.add_argument('--shape', type=int, nargs='+', help="H W or one number (default: the first config's)")
    latency.add_argument('--threads', type=int, default=1, help='CPU threads')
    latency.add_argument('--batch', type=int, default=1, help='images at once')
    latency.add_argument('--rounds', type=int, default=30, help='timed rounds')
    latency.add_argument('--warmup', type=int, default=3, help='rounds before, not timed')
    latency.add_argument('--device', default='cpu', help='cpu, cuda, cuda:1 ...')
    latency.add_argument(
        '--layout',
        choices=[*LAYOUTS, 'both'],
        default='channels_last',
        help='memory format of weights and images (default: channels_last, that of training and test)',
    )
    latency.add_argument('--compile', action='store_true', help='torch.compile; its time is in the warm-up')
    latency.add_argument('--train-step', action='store_true', help='time forward and backward in training mode')
    latency.add_settings('every config')
    decode = commands.add_parser('decode', help='time reduced JPEG decoding against full decoding')
    decode.add_argument('--native-size', type=int, nargs=2, default=[1200, 1600], help='H W of the pictures')
    decode.add_argument('--size', type=int, nargs='+', default=[128], help="H W of the network's input")
    decode.add_argument('--repeats', type=int, default=20, help='timed rounds')
    grouping = commands.add_parser('grouping', help='time grouping of embeddings to instances, on the CPU')
    grouping.add_argument('--k', type=int, nargs='+', default=[64, 100], help='most instances of an image')
    grouping.add_argument('--side', type=int, default=64, help='height and width of the maps; 64 in nano, tiny, small')
    grouping.add_argument('--channels', type=int, default=48, help='length of an embedding')
    grouping.add_argument('--threads', type=int, default=1, help='CPU threads')
    grouping.add_argument('--rounds', type=int, default=50, help='timed rounds')
    grouping.add_argument('--warmup', type=int, default=5, help='rounds before, not timed')
    _add_predict(commands)
    _add_epoch(commands)
    _add_deployed(commands)
    args = parser.parse_args(argv)
    if args.command == 'predict' and len(args.pairs) % 2:
        parser.error(f'{len(args.pairs)} paths: expected a checkpoint after each config')
    for option in ('threads', 'rounds', 'batch', 'images', 'repeats', 'epochs'):
        given = getattr(args, option, None)
        if given is not None and min(given if isinstance(given, list) else [given]) < 1:
            parser.error(f'--{option} {given}: expected 1 or more')
    for option in ('shape', 'size'):
        given = getattr(args, option, None)
        if given and (len(given) > 2 or min(given) < 1):
            parser.error(f'--{option} {given}: expected one or two positive numbers, H and W')
    return args


def _add_predict(commands: Any) -> None:
    predict = commands.add_parser('predict', help='time whole predictions of trained models on their test set')
    predict.add_argument(
        'pairs',
        nargs='+',
        metavar='CONFIG CHECKPOINT',
        help=f'ratios are to the first; the word {RANDOM} for a checkpoint stands for weights as they are drawn',
    )
    predict.add_argument('--batch', type=int, default=1, help='images at once')
    predict.add_argument('--cpu-time', action='store_true', help='processor time, where other programs run beside')
    predict.add_argument('--layout', choices=[*LAYOUTS, 'both'], default='channels_last', help='memory format')
    predict.add_argument('--images', type=int, default=32, help='images of the test set')
    predict.add_argument('--rounds', type=int, default=3, help='how often each image is predicted')
    predict.add_argument('--threads', type=int, default=1, help='CPU threads')
    predict.add_argument('--allow-partial', action='store_true', help='take what fits of checkpoints of other models')
    predict.add_settings('every config')


def _add_epoch(commands: Any) -> None:
    epoch = commands.add_parser('epoch', help='time epochs of training against a plain loop with its data in memory')
    epoch.add_argument('config', help='config of a training counted in epochs')
    epoch.add_argument('--cache', nargs='+', choices=('none', 'ram', 'disk'), default=['none', 'ram'])
    epoch.add_argument('--workers', type=int, nargs='+', default=[0, 1], help='worker processes of the loader')
    epoch.add_argument('--epochs', type=int, default=3, help='timed epochs of each setting, after one of warm-up')
    epoch.add_argument('--images', type=int, help='of the training set (default: all)')
    epoch.add_argument('--threads', type=int, default=1, help='CPU threads')
    epoch.add_settings()


def _add_deployed(commands: Any) -> None:
    deployed = commands.add_parser('deployed', help='time exported files beside PyTorch, from picture to result')
    deployed.add_argument(
        'models',
        nargs='+',
        metavar='MODEL',
        help='exported file *.onnx; one of another project, whose network alone is timed; name of a model; or '
        f'CONFIG=CHECKPOINT, where {RANDOM} stands for weights as drawn',
    )
    deployed.add_argument('--picture', required=True, help='the picture')
    deployed.add_argument('--threads', type=int, nargs='+', default=[1], help='CPU threads, one row for each number')
    deployed.add_argument('--rounds', type=int, default=20, help='timed predictions of each')
    deployed.add_argument('--cpu-time', action='store_true', help='processor time, where other programs run beside')
    deployed.add_argument(
        '--runtimes', nargs='+', choices=[*RUNTIMES], help='what runs the files (default: those that are installed)'
    )
    deployed.add_argument(
        '--browser',
        nargs='?',
        const=PAGE,
        metavar='PAGE',
        help=f'run exported files in headless Chromium, too, in the built page (default {PAGE.name})',
    )


def show_progress(rounds: Iterable[int]) -> Iterator[int]:
    """Write rounds done and time left to stderr."""
    items, began = list(rounds), time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        left = (time.monotonic() - began) / done * (len(items) - done)
        print(f'\rround {done}/{len(items)}, {left:.0f} s left ', end='', file=sys.stderr, flush=True)
    print(file=sys.stderr)


def prepare(config: str, images: torch.Tensor, layout: str, args: argparse.Namespace) -> tuple[Callable[[], Any], str]:
    """Build one config's model and say what will be timed."""
    model = build_model(read_config(config, args.cfg_options)).to(images.device)
    model.to(memory_format=LAYOUTS[layout])  # type: ignore[call-overload]
    images = images.to(memory_format=LAYOUTS[layout])
    forward = 'tensor' if args.train_step else working_forward(model, images)
    if args.compile:
        model.compile()
    if args.train_step:
        return training_call(model, images), 'tensor, backward'
    return inference_call(model, images, forward), forward


def conditions(images: torch.Tensor, args: argparse.Namespace) -> str:
    """Everything that a reader needs to repeat the measurement."""
    batch, _, height, width = images.shape
    mode = 'training mode, forward and backward' if args.train_step else 'evaluation mode, torch.inference_mode'
    layout = 'both memory formats' if args.layout == 'both' else args.layout
    compiled = ', torch.compile' if args.compile else ''
    return (
        f'{processor_name(images.device)}, {torch.get_num_threads()} CPU thread(s), torch {torch.__version__}\n'
        f'input {batch} x 3 x {height} x {width}, float32, {layout}, {mode}{compiled}\n'
        f'{args.rounds} interleaved rounds after {args.warmup} of warm-up; times of the whole batch'
    )


def run_latency(args: argparse.Namespace) -> None:
    """Time the models and print the table."""
    torch.set_num_threads(args.threads)
    shape = (args.shape[0], args.shape[-1]) if args.shape else input_size(read_config(args.configs[0]))[0]
    images = random_images(shape, args.batch, args.device)
    calls, notes = {}, {}
    for name, config in zip(distinct_names(args.configs), args.configs):
        for layout in LAYOUTS if args.layout == 'both' else (args.layout,):
            label = f'{name}, {layout}' if args.layout == 'both' else name
            calls[label], notes[label] = prepare(config, images, layout, args)
    timings = time_in_turn(calls, args.rounds, args.warmup, args.device, show_progress)
    print(conditions(images, args), end='\n\n')
    print(latency_table(timings, notes))


def run_predict(args: argparse.Namespace) -> None:
    """Time the predictions and print the table."""
    torch.set_num_threads(args.threads)
    configs, checkpoints = args.pairs[::2], args.pairs[1::2]
    pairs = [
        (name, read_config(config, args.cfg_options), checkpoint)
        for name, config, checkpoint in zip(distinct_names(configs), configs, checkpoints)
    ]
    layouts = list(LAYOUTS) if args.layout == 'both' else [args.layout]
    clock = time.process_time if args.cpu_time else time.perf_counter
    rest = (show_progress, args.allow_partial, args.batch, layouts, clock)
    timings = time_predictions(pairs, args.images, args.rounds, *rest)
    kind = 'processor time' if args.cpu_time else 'time by the clock'
    print(f'{processor_name()}, {args.threads} CPU thread(s), torch {torch.__version__}, {kind}')
    print(f'{args.images} images of the test set, {args.batch} at a time, {args.rounds} times each, models in turn\n')
    print(prediction_table(timings, args.batch))


def run_epoch(args: argparse.Namespace) -> None:
    """Time epochs and print the table."""
    torch.set_num_threads(args.threads)
    cfg = read_config(args.config, args.cfg_options)
    settings = [LoadingSetting(cache, workers) for cache in args.cache for workers in args.workers]
    times = {}
    for number, setting in enumerate(settings, start=1):
        print(
            f'{number}/{len(settings)}: cache {setting.cache}, workers {setting.workers}', file=sys.stderr, flush=True
        )
        times[setting] = time_epochs(cfg, setting, args.epochs, args.images)
    iterations = next(iter(times.values())).iterations
    print(f'{processor_name()}, {usable_cores()} cores, {args.threads} CPU thread(s), torch {torch.__version__}')
    print(f'{args.config}: {iterations} iterations of {cfg.train_dataloader.batch_size} images an epoch')
    print(f'median of {args.epochs} epochs, each iteration followed by one of the plain loop\n')
    print(epoch_table(times))


def run_deployed(args: argparse.Namespace) -> None:
    """Time whole pipelines and print the table."""
    clock = time.process_time if args.cpu_time else time.perf_counter
    runtimes = args.runtimes or [name for name in RUNTIMES if find_spec(name)]
    pipelines = [
        make_pipeline(model, threads, runtime, clock)
        for threads in args.threads
        for runtime in runtimes
        for model in args.models
        if runtime == runtimes[0] or model.endswith('.onnx')
    ]
    time_pipelines(pipelines, args.picture, args.rounds, show_progress)
    if args.browser is not None:
        pipelines += browser_pipelines(args.models, args.browser, args.picture, args.rounds)
    print(
        f'{processor_name()}, {usable_cores()} cores, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}'
    )
    kind = 'processor time (the browser: by the clock)' if args.cpu_time else 'time by the clock'
    print(f'{args.picture}, one at a time; {kind}')
    print(f'medians of {args.rounds} rounds in turn, each after one that is not timed\n')
    print(pipeline_table(pipelines))


def run_decode(args: argparse.Namespace) -> None:
    """Time JPEG decoding and print the table."""
    size = (args.size[0], args.size[-1])
    native_size = (args.native_size[0], args.native_size[1])
    print(benchmark_decode(native_size, size, args.repeats).table())


def run_grouping(args: argparse.Namespace) -> None:
    """Time grouping and print the table."""
    sizes = (args.side, args.channels, args.rounds, args.warmup, args.threads)
    print(benchmark_grouping(args.k, *sizes, show_progress).table())


RUNS: dict[str, Callable[[argparse.Namespace], None]] = {
    'latency': run_latency,
    'decode': run_decode,
    'grouping': run_grouping,
    'predict': run_predict,
    'epoch': run_epoch,
    'deployed': run_deployed,
}


@ends_in_one_line('benchmark')
def main(argv: list[str] | None = None) -> None:
    """Run the chosen benchmark."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    RUNS[args.command](args)


if __name__ == '__main__':
    main()
