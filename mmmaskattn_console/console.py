"""The command ``mmmaskattn``: predict, list models, begin with pictures of one's own, train, test, report, export.

What a command needs of ``mmmaskattn`` is imported by the command, after its words are read: it takes seconds.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from mmmaskattn_console.command_line import OURS, ends_in_one_line, tool_parser
from mmmaskattn_console.model_index import TASKS, ModelEntry, list_models
from mmmaskattn_console.table import markdown_table
from mmmaskattn_runtime import FORMATS, STYLES, PictureError
from mmmaskattn_runtime.page_server import PORT, serve
from mmmaskattn_runtime.reading import ResultsFolder

NAME = 'mmmaskattn'
ABOUT = """Label pictures of any size with networks for 128x128 pixels.

  mmmaskattn predict PICTURES --model NAME --out FOLDER    label pictures, find objects, draw and count them
  mmmaskattn video FILM --model NAME --out FILM.mp4        label a video, or a camera with --show
  mmmaskattn models                                        the models there are
  mmmaskattn init --images DIR --labels DIR --out FOLDER   look at pictures of your own, and write a config for them
  mmmaskattn train CONFIG                                  train, as tools/train.py does
  mmmaskattn test CONFIG CHECKPOINT                        evaluate, as tools/test.py does
  mmmaskattn report FOLDER                                 a page about a training or about predictions
  mmmaskattn export NAME|CONFIG --out FILE.onnx            one file that runs without torch
  mmmaskattn web                                           the page that runs exported models in the browser
  mmmaskattn view FOLDER                                   that page with results of mmmaskattn predict
  mmmaskattn info                                          what is installed

mmmaskattn COMMAND --help lists the options of a command.
"""
PREDICT_EXAMPLES = """examples:
  mmmaskattn predict cells.png --model tiny_dsb2018_panoptic --out found
  mmmaskattn predict 'shots/*.jpg' --model my_config.py --weights work_dirs/my_config/epoch_45.pth --out found
  mmmaskattn predict film.mp4 --model nano_ccp_semantic --out found --formats maps csv
"""
VIDEO_EXAMPLES = """examples:
  mmmaskattn video film.mp4 --model nano_ccp_semantic --out labelled.mp4
  mmmaskattn video 0 --model tiny_dsb2018_panoptic --show
"""
INIT_EXAMPLES = """examples:
  mmmaskattn init --images tiles/images --labels tiles/masks --out tiles_128
  mmmaskattn init --images shots --coco annotations.json --out shots_128
  mmmaskattn init --images cells --labels cells_ids --task instance --classes cell --out cells_128

Layouts of labels, and how each is read: docs/how-to/label-formats.md. Pictures stay where they are.
"""
REPORT_EXAMPLES = """examples:
  mmmaskattn report work_dirs/mine                                writes work_dirs/mine/report.html
  mmmaskattn report work_dirs/mine --split test --out mine.html   tests on the config's test set
  mmmaskattn report work_dirs/mine --no-test                      curves alone, while it trains
  mmmaskattn report found                                         what mmmaskattn predict --out found has written
"""
EXPORT_EXAMPLES = """examples:
  mmmaskattn export tiny_dsb2018_panoptic --out nuclei.onnx
  mmmaskattn export my_config.py --weights work_dirs/my_config/epoch_45.pth --out mine.onnx --pictures shots
  mmmaskattn export nano_ccp_semantic --out clothes_int8.onnx --quantize shots
  mmmaskattn export nano_ccp_semantic --out clothes.ncnn.param

The file is run and compared with PyTorch before it is kept; docs/how-to/export.md says what goes in and comes out.
"""
SKIPPED_SHOWN = 10
PAGE = OURS / 'web' / 'dist'


def _predict_parser() -> argparse.ArgumentParser:
    parser = tool_parser('Label pictures, find objects, draw and count them.', PREDICT_EXAMPLES)
    parser.add_argument('input', help='picture, folder, pattern in quotes, video, or number of a camera')
    _add_model_options(parser)
    parser.add_argument('--out', required=True, help='folder for the results, absent or empty')
    parser.add_argument('--formats', nargs='+', choices=FORMATS, help='what to write; by default all that there is')
    parser.add_argument('--style', choices=STYLES, default=STYLES[0], help='how pictures are drawn')
    parser.add_argument('--batch-size', type=int, default=8, help='pictures at a time (default 8)')
    return parser


def _source(word: str) -> str | int:
    """A path, or the number of a camera where there is no file of that name."""
    return int(word) if word.isascii() and word.isdecimal() and not Path(word).exists() else word


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    names = f'name of a model ({NAME} models lists them), a config file, or an exported .onnx'
    parser.add_argument('--model', required=True, help=names)
    parser.add_argument('--weights', help='checkpoint, where it is not the one of the model index')
    parser.add_argument('--task', choices=TASKS, help="the config's by default; a panoptic model serves all three")
    parser.add_argument('--score', type=float, metavar='S', help='least score of an instance, 0 to 1')
    parser.add_argument('--device', help='such as cuda or cpu; the fastest there is by default')


def predict(argv: Sequence[str]) -> None:
    """Predict for pictures and write what was found.

    Args:
        argv: Words after ``predict``.
    """
    args = _predict_parser().parse_args(argv)
    from mmmaskattn.apis.inferencer import MaskAttnInferencer
    from mmmaskattn.engine.runner import quiet_start

    quiet_start()
    inputs = _source(args.input)
    inferencer = MaskAttnInferencer(args.model, args.weights, args.device, args.task, args.score, show_progress=True)
    written = inferencer(inputs, batch_size=args.batch_size, out_dir=args.out, formats=args.formats, style=args.style)
    if not written and len(inferencer.skipped) == 1:
        raise PictureError(inferencer.skipped[0].reason)
    for one in islice(inferencer.skipped, SKIPPED_SHOWN):
        print(f'skipped: {" ".join(one.reason.split())}', file=sys.stderr)
    if len(inferencer.skipped) > SKIPPED_SHOWN:
        print(f'skipped: {len(inferencer.skipped) - SKIPPED_SHOWN} more', file=sys.stderr)
    if not written:
        raise PictureError(f'{args.input}: none of {len(inferencer.skipped)} pictures could be read')
    pictures = 'picture' if inferencer.finished == 1 else 'pictures'
    print(f'{inferencer.finished} {pictures}, {len(inferencer.skipped)} skipped. Written:')
    print('\n'.join(f'  {path}' for path in written))


def video(argv: Sequence[str]) -> None:
    """Label a video or what a camera sees.

    Args:
        argv: Words after ``video``.
    """
    parser = tool_parser('Label a video, or what a camera sees; q ends it.', VIDEO_EXAMPLES)
    parser.add_argument('input', help='video, or number of a camera')
    _add_model_options(parser)
    parser.add_argument('--out', help='mp4 to write')
    parser.add_argument('--show', action='store_true', help='show it in a window')
    args = parser.parse_args(argv)
    if not (args.out or args.show):
        parser.error('give --out, --show, or both')
    from mmmaskattn.apis.inferencer import MaskAttnInferencer
    from mmmaskattn.apis.video import label_video
    from mmmaskattn.engine.runner import quiet_start

    quiet_start()
    inferencer = MaskAttnInferencer(args.model, args.weights, args.device, args.task, args.score)
    source = _source(args.input)
    print(f'{label_video(inferencer, source, args.out, args.show)} frames' + (f' in {args.out}' if args.out else ''))


def models(argv: Sequence[str]) -> None:
    """List the models of the index.

    Args:
        argv: Words after ``models``.
    """
    parser = tool_parser('List the models: those with weights, or all configs.', '')
    parser.add_argument('--task', choices=TASKS, help='only those of a task')
    parser.add_argument('--data', help='only those of a data set')
    parser.add_argument('--all', action='store_true', help='also those without published weights')
    args = parser.parse_args(argv)
    entries = list_models(args.task, args.data, published=not args.all)
    if not entries:
        print('No model fits.' if args.all else 'No model with weights fits; --all lists the configs to train.')
        return
    header = ['model', 'task', 'data', 'input', 'classes', 'accuracy', 'latency', 'licence of the data']
    print(markdown_table(header, [_model_row(entry) for entry in entries]))


def _model_row(entry: ModelEntry) -> list[str]:
    figures = ', '.join(f'{name} {value:.1f}' for name, value in entry.metrics.items()) or '-'
    latency = '-' if entry.latency is None else f'{entry.latency:.1f} ms'
    height, width = entry.size
    classes = str(len(entry.classes)) if entry.classes else '-'
    return [entry.name, entry.task, entry.data, f'{width}x{height}', classes, figures, latency, entry.licence or '-']


def _init_parser() -> argparse.ArgumentParser:
    parser = tool_parser('Look at pictures and labels of your own, and write a config for them.', INIT_EXAMPLES)
    parser.add_argument('--images', type=Path, required=True, metavar='DIR', help='folder of the pictures')
    parser.add_argument('--labels', type=Path, metavar='DIR', help='folder of the labels; found out what they are')
    parser.add_argument('--coco', type=Path, metavar='FILE', help='COCO json; --labels then holds panoptic pictures')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='folder to write, absent or empty')
    parser.add_argument('--classes', nargs='+', default=(), metavar='NAME', help='names of the classes, in order')
    parser.add_argument('--task', choices=TASKS, help='instance: each number of a label picture is an object')
    parser.add_argument('--workers', type=int, help='processes (default: one a core)')
    return parser


def init(argv: Sequence[str]) -> None:
    """Write a config for pictures of one's own.

    Args:
        argv: Words after ``init``.
    """
    args = _init_parser().parse_args(argv)
    from mmmaskattn.data_tools.init import Given, checked_names, init_folder

    classes = checked_names(args.classes, '--classes') if args.classes else ()
    places = {name: path.expanduser().absolute() for name in ('images', 'labels', 'coco') if (path := vars(args)[name])}
    done = init_folder(Given(**places, classes=classes, task=args.task, workers=args.workers), args.out)
    print('\n'.join(done.lines()))
    print(
        f'\nWritten: {done.config}. Read it, then:\n'
        f'  {NAME} train {done.config}\n'
        f'  {NAME} predict PICTURES --model {done.config} --weights {args.out}/training/best_*.pth --out found'
    )


def train_named(argv: Sequence[str]) -> None:
    """Train: ``tools/train.py``, which also takes a name of the model index.

    Args:
        argv: Words after ``train``.
    """
    from mmmaskattn.engine.launch import finish_distributed
    from mmmaskattn.engine.training import train

    train(_with_config(argv))
    finish_distributed()


def test_named(argv: Sequence[str]) -> None:
    """Evaluate: ``tools/test.py``, which also takes a name of the model index.

    Args:
        argv: Words after ``test``.
    """
    from mmmaskattn.engine.launch import finish_distributed
    from mmmaskattn.engine.testing import run_test

    run_test(_with_config(argv))
    finish_distributed()


def _with_config(argv: Sequence[str]) -> list[str]:
    """The words, with the config's path in place of a name."""
    from mmmaskattn.apis.model import config_file

    words = list(argv)
    if words and not words[0].startswith('-'):
        words[0] = str(config_file(words[0]))
    return words


def report_page(argv: Sequence[str]) -> None:
    """Write a page about a training or about predictions.

    Args:
        argv: Words after ``report``.
    """
    from mmmaskattn.apis.report import write_report
    from mmmaskattn.apis.report.evaluate import SPLITS
    from mmmaskattn.apis.report.page import PICTURES
    from mmmaskattn.engine.launch import tool_parser
    from mmmaskattn.engine.runner import quiet_start

    parser = tool_parser('Write one static page about a training or about predictions.', REPORT_EXAMPLES)
    parser.add_argument('folder', help='folder of a training, finished or running, or of mmmaskattn predict --out')
    parser.add_argument('--out', help='the page; default FOLDER/report.html')
    parser.add_argument('--split', choices=SPLITS, default=SPLITS[0], help='data to test on (default val)')
    parser.add_argument('--checkpoint', help="checkpoint to test; the training's best one by default")
    parser.add_argument(
        '--pictures', type=int, default=PICTURES, help=f'best and worst ones shown (default {PICTURES})'
    )
    parser.add_argument('--no-test', action='store_true', help='curves alone: no checkpoint is tested')
    parser.add_settings()
    args = parser.parse_args(argv)
    quiet_start()
    asked = f'{NAME} report {shlex.join(argv)}'
    settings = (args.split, args.checkpoint, args.pictures, not args.no_test, args.cfg_options, asked)
    print(f'Written to {write_report(args.folder, args.out, *settings)}')


def web(argv: Sequence[str]) -> None:
    """Serve the page that runs exported models in the browser, on this machine alone.

    Args:
        argv: Words after ``web``.
    """
    parser = tool_parser('Serve the page that runs exported models in the browser, on this machine alone.', '')
    parser.add_argument('--open', action='store_true', help='open it in the browser')
    _add_page_options(parser)
    args = parser.parse_args(argv)
    serve(args.page, args.port, args.open)


def _add_page_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--page', default=PAGE, help=f'the built page (default {PAGE}, which web/build.sh makes)')
    parser.add_argument('--port', type=int, default=PORT, help=f'port (default {PORT}); 0 for any that is free')


def view(argv: Sequence[str]) -> None:
    """Open the page with the results in a folder.

    Args:
        argv: Words after ``view``.
    """
    parser = tool_parser('Look at results in the browser, on this machine alone.', '')
    parser.add_argument('folder', help='what mmmaskattn predict --out has written')
    parser.add_argument('--no-browser', action='store_true', help='serve the page without opening it')
    _add_page_options(parser)
    args = parser.parse_args(argv)
    serve(args.page, args.port, not args.no_browser, ResultsFolder(args.folder))


def _export_parser() -> argparse.ArgumentParser:
    parser = tool_parser('Write a model as one file, with all that comes before and after it.', EXPORT_EXAMPLES)
    parser.add_argument('model', help=f'name of a model ({NAME} models lists them), or a config file')
    parser.add_argument('--weights', help='checkpoint, where it is not the one of the model index')
    parser.add_argument('--task', choices=TASKS, help="the config's by default; a panoptic model serves all three")
    parser.add_argument(
        '--out',
        required=True,
        metavar='FILE',
        help='file to write: *.onnx; *.pt2, an archive of torch.export; *.ncnn.param, the network of a semantic model',
    )
    parser.add_argument('--quantize', metavar='DIR', help='pictures such as it will see: the network becomes int8')
    parser.add_argument(
        '--layout', choices=('nhwc', 'nchw'), default='nhwc', help='axes of the pictures (default nhwc)'
    )
    parser.add_argument(
        '--dynamic',
        choices=('size', 'batch'),
        help='batch: any number of pictures at a time, the default of semantic models; size: one; of any size in both',
    )
    parser.add_argument('--pictures', metavar='DIR', help='what to compare it with PyTorch on; drawn ones by default')
    parser.add_argument(
        '--attention', action='store_true', help='one output more: what mask attention keeps, for the page to show'
    )
    return parser


def export(argv: Sequence[str] | None) -> None:
    """Write a model as one file.

    Args:
        argv: Words after ``export``.
    """
    from mmmaskattn.apis.model import Model
    from mmmaskattn.engine.runner import quiet_start

    args = _export_parser().parse_args(argv)
    quiet_start()
    model = Model(args.model, args.weights, task=args.task)
    done = model.export(
        args.out,
        pictures=args.pictures,
        layout=args.layout,
        dynamic=args.dynamic,
        quantize=args.quantize,
        attention=args.attention,
    )
    print('\n'.join(done.lines()))


def info(argv: Sequence[str]) -> None:
    """Print what is installed.

    Args:
        argv: Words after ``info``; none are known.
    """
    tool_parser('Print what is installed, what was tested, and the devices.', '').parse_args(argv)
    from mmmaskattn.utils.environment import report

    print(report())


COMMANDS: dict[str, Callable] = {
    'predict': predict,
    'video': video,
    'models': models,
    'init': init,
    'train': train_named,
    'test': test_named,
    'report': report_page,
    'export': export,
    'web': web,
    'view': view,
    'info': info,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command.

    Args:
        argv: Words of the command line; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ('-h', '--help', 'help'):
        print(ABOUT, end='')
        return
    if words[0] not in COMMANDS:
        print(f'{NAME}: there is no command {words[0]}; expected one of {", ".join(COMMANDS)}', file=sys.stderr)
        raise SystemExit(2)
    sys.argv[0] = f'{NAME} {words[0]}'  # what argparse calls the command
    _guarded(words[0], COMMANDS[words[0]])(words[1:])


def _guarded(name: str, command: Callable) -> Callable:
    """A command all of whose errors end in one line."""
    return ends_in_one_line(f'{NAME} {name}')(command)
