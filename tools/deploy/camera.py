"""Label what a camera sees with an exported model: one file, to be copied to the device; no torch is needed.

pip install 'mmmaskattn-runtime[video]'                     or: pip install ./runtime opencv-python
python camera.py nuclei.onnx                                a window; q ends it (needs opencv-python, not -headless)
python camera.py nuclei.onnx --film labelled.mp4 --frames 250
python camera.py nuclei.onnx --quiet-for 5                  no window: a line of counts every five seconds
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import cv2
import numpy as np

from mmmaskattn_runtime import load
from mmmaskattn_runtime.console import Parser, ends_in_one_line, line_of, source_of
from mmmaskattn_runtime.frames import FrameRate, draw_frame

FILM_RATE = 10.0


def label(args: argparse.Namespace) -> int:
    """Label frame after frame until the camera ends, enough were seen, or q is pressed.

    Args:
        args: The options of `main`.

    Returns:
        Number of frames.
    """
    model, rate, said, number = load(args.file, maps='network'), FrameRate(), 0.0, 0
    film = None
    for number, (result, picture) in enumerate(model.results(source_of(args.camera)), 1):
        speed = rate.count()
        if args.quiet_for is None or args.film:
            drawn = np.ascontiguousarray(draw_frame(picture, result, speed)[..., ::-1])
            if args.film:
                film = film or cv2.VideoWriter(
                    args.film, cv2.VideoWriter.fourcc(*'mp4v'), FILM_RATE, (drawn.shape[1], drawn.shape[0])
                )
                film.write(drawn)
            else:
                cv2.imshow('mmmaskattn', drawn)
                if cv2.waitKey(1) & 0xFF == ord('q'):
                    break
        elif time.monotonic() - said >= args.quiet_for:
            said = time.monotonic()
            print(f'{speed:5.1f} frames/s  {line_of(result)}', flush=True)
        if number == args.frames:
            break
    if film:
        film.release()
    return number


def main(argv: Sequence[str] | None = None) -> None:
    """Run the loop; whatever goes wrong ends it in one line.

    Args:
        argv: Words of the command line; those of the process by default.
    """
    parser = Parser(description=__doc__)
    parser.add_argument('file', help='the exported model, FILE.onnx')
    parser.add_argument('--camera', default='0', help='number of a camera, or a video (default 0)')
    parser.add_argument('--film', help='mp4 to write, in place of a window')
    parser.add_argument('--frames', type=int, help='frames after which to end')
    parser.add_argument('--quiet-for', type=float, metavar='S', help='no window: a line every S seconds')
    args = parser.parse_args(argv)
    ends_in_one_line(lambda: print(f'{label(args)} frames'), args.debug)


if __name__ == '__main__':
    main()
