"""What the transforms share that read the annotation picture of a sample."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from mmcv.transforms import BaseTransform


class SegMapLoader(BaseTransform):
    """Base of the transforms that read the picture at ``seg_map_path``.

    A sample without that key passes unchanged, so that one pipeline serves inference too.

    Args:
        backend_args: mmengine's file backend options.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict[str, Any]:
        """Load the picture of one sample.

        Args:
            results: Result dictionary, see the class.

        Returns:
            The same dictionary.
        """
        path = results.get('seg_map_path')
        if path is not None:
            self.load(path, results)
        return results

    @abstractmethod
    def load(self, path: str, results: dict) -> None:
        """Read the picture and add what it holds.

        Args:
            path: The picture.
            results: Result dictionary, changed in place.
        """

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'
