"""Videos and cameras: every frame labelled, drawn with the frames per second, written as mp4 or shown in a window."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.utils.progress import show_progress
from mmmaskattn_runtime import PictureError
from mmmaskattn_runtime.frames import FrameRate, draw_frame

KEYS_TO_END = (27, ord('q'))
DEFAULT_RATE = 25.0


class VideoFile:
    """An mp4 that grows frame by frame; all frames get the size of the first. What is there at an interruption is kept.

    Args:
        path: The file, which must not be there yet.
        rate: Frames per second.

    Raises:
        FileExistsError: If it is there.
    """

    def __init__(self, path: str | Path, rate: float) -> None:
        self.path, self.rate = Path(path), rate
        if self.path.exists():
            raise FileExistsError(f'{path} is there already and is not overwritten; name another file')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self.path.with_name(f'.{self.path.stem}.part.mp4')
        self._video: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, frame: np.ndarray) -> None:
        """Append a frame, RGB, uint8, (H, W, 3).

        Raises:
            OSError: If OpenCV cannot write the file.
        """
        if self._video is None:
            self._video = cv2.VideoWriter(
                str(self._part), cv2.VideoWriter.fourcc(*'mp4v'), self.rate, (frame.shape[1], frame.shape[0])
            )
            if not self._video.isOpened():
                raise OSError(f'{self.path}: this OpenCV writes no mp4 there; name a file in a folder of yours')
            self._size = (frame.shape[1], frame.shape[0])
        shown = frame if frame.shape[1::-1] == self._size else cv2.resize(frame, self._size)
        self._video.write(np.ascontiguousarray(shown[..., ::-1]))

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._video is not None:
            self._video.release()
            self._part.replace(self.path)


def frame_rate(source: str | int) -> float:
    """Read a video's frames per second; `DEFAULT_RATE` where it does not say."""
    if isinstance(source, str) and not Path(source).is_file():
        return DEFAULT_RATE
    capture = cv2.VideoCapture(source)
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()
    return rate if 1 <= rate <= 1000 else DEFAULT_RATE


def label_video(
    inferencer: MaskAttnInferencer, source: str | int, out: str | Path | None = None, show: bool = False
) -> int:
    """Label a video or what a camera sees, until it ends or ``q`` is pressed in the window.

    Args:
        inferencer: The model.
        source: Path of a video, or number of a camera.
        out: mp4 to write.
        show: Open a window.

    Returns:
        Number of frames.

    Raises:
        FileExistsError: If ``out`` is there already.
        KeyboardInterrupt: After CTRL-C; the mp4 ends with the last frame that was finished, and the message says so.
        PictureError: If the source cannot be read.
    """
    if show and sys.platform.startswith('linux') and not (os.environ.keys() & {'DISPLAY', 'WAYLAND_DISPLAY'}):
        raise PictureError('--show: there is no display to open a window on; write to a file with --out')
    if out is None:
        return sum(1 for frame in drawn_frames(inferencer, source) if _goes_on(frame, show))
    count = 0
    try:
        with VideoFile(out, frame_rate(source)) as file:
            for frame in show_progress(drawn_frames(inferencer, source), None, 'frames'):
                file.add(frame)
                count += 1
                if show and not _goes_on(frame, show):
                    break
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f'{count} frames are in {out}' if count else f'{out} was not written') from None
    if not count:
        raise PictureError(inferencer.skipped[0].reason if inferencer.skipped else f'{source} has no frame')
    return count


def _goes_on(frame: np.ndarray, show: bool) -> bool:
    """Show a frame; false once the window is to be closed."""
    if not show:
        return True
    try:
        cv2.imshow('mmmaskattn', np.ascontiguousarray(frame[..., ::-1]))
        return cv2.waitKey(1) & 0xFF not in KEYS_TO_END
    except cv2.error as error:
        raise PictureError('--show: no window can be opened here; write to a file with --out') from error


def drawn_frames(inferencer: MaskAttnInferencer, source: str | int) -> Iterator[np.ndarray]:
    """Label and draw frame by frame.

    Args:
        inferencer: The model.
        source: Path of a video, or number of a camera.

    Yields:
        RGB, uint8, (h, w, 3), enlarged to be legible, sides even as mp4 wants them.
    """
    rate = FrameRate()
    for result, picture in inferencer.results(source, batch_size=1):
        yield draw_frame(picture, result, rate.count())
