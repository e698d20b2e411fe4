"""Label what a camera sees with an exported model: one file, to be copied to the device; no torch is needed.

pip install 'mmmaskattn-runtime[video]'                     or: pip install ./runtime opencv-python
python camera.py nuclei.onnx                                a window; q ends it (needs opencv-python, not -headless)
python camera.py nuclei.onnx --film labelled.mp4 --frames 250
python camera.py nuclei.onnx --quiet-for 5                  no window: a line of counts every five seconds
"""

from __future__ import annotations

import argparse
import os
import sys
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
    film = Film(args.film) if args.film else None
    try:
        for number, (result, picture) in enumerate(model.results(source_of(args.camera)), 1):
            speed = rate.count()
            if args.quiet_for is None or film:
                drawn = np.ascontiguousarray(draw_frame(picture, result, speed)[..., ::-1])
                if film:
                    film.add(drawn)
                else:
                    cv2.imshow('mmmaskattn', drawn)
                    if cv2.waitKey(1) & 0xFF == ord('q'):
                        break
            elif time.monotonic() - said >= args.quiet_for:
                said = time.monotonic()
                print(f'{speed:5.1f} frames/s  {line_of(result)}', flush=True)
            if number == args.frames:
                break
    finally:
        if film:
            film.close()
    return number


class Film:
    """An mp4 that grows frame by frame; what is there at an interruption is kept.

    Args:
        path: The file, which must not be there yet.

    Raises:
        FileExistsError: If it is there.
    """

    def __init__(self, path: str) -> None:
        if os.path.lexists(path):
            raise FileExistsError(f'--film {path}: is there already and is not overwritten; name another file')
        self.path = path
        self._video: cv2.VideoWriter | None = None

    def add(self, frame: np.ndarray) -> None:
        """Append a frame, BGR, uint8, (H, W, 3).

        Raises:
            OSError: If OpenCV cannot write the file.
        """
        if self._video is None:
            size = (frame.shape[1], frame.shape[0])
            self._video = cv2.VideoWriter(self.path, cv2.VideoWriter.fourcc(*'mp4v'), FILM_RATE, size)
            if not self._video.isOpened():
                raise OSError(
                    f'--film {self.path}: OpenCV writes no film there; name a file *.mp4 in a folder that is there'
                )
        self._video.write(frame)

    def close(self) -> None:
        """End the film, so that it can be played."""
        if self._video is not None:
            self._video.release()


def check_options(parser: Parser, args: argparse.Namespace) -> None:
    """Refuse what cannot be, before a model is loaded."""
    if args.frames is not None and args.frames < 1:
        parser.error(f'--frames {args.frames}: expected 1 or more')
    if args.quiet_for is not None and not args.quiet_for >= 0:
        parser.error(f'--quiet-for {args.quiet_for}: expected seconds, 0 or more')
    shown = args.film is None and args.quiet_for is None
    if shown and sys.platform.startswith('linux') and not os.environ.keys() & {'DISPLAY', 'WAYLAND_DISPLAY'}:
        parser.error('there is no display to open a window on; give --film FILE.mp4 or --quiet-for SECONDS')


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
    check_options(parser, args)
    ends_in_one_line(lambda: print(f'{label(args)} frames'), args.debug)


if __name__ == '__main__':
    main()
