"""mmdet's visualizer and inferencer for predictions that label every pixel, things and stuff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmdet.apis import det_inferencer
from mmdet.evaluation import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer, get_palette

from mmmaskattn.datasets.panoptic_png import id_to_rgb
from mmmaskattn.registry import VISUALIZERS
from mmmaskattn.visualization.class_table import ClassTable


@VISUALIZERS.register_module()
class SegmentVisualizer(DetLocalVisualizer):
    """mmdet's visualizer, with a name and a colour for every label, drawing one layer.

    In mmdet's, the background of an instance data set has no name and no colour, so its drawing ends in an error, as
    that of a panoptic map with no segment does; and instances, label map and panoptic map of one prediction are painted
    over each other. Here the panoptic map is drawn, or the instances where the data set's classes are things alone;
    what the prediction lacks, the next of panoptic map, instances and label map takes the place of.

    Options are those of ``DetLocalVisualizer``.
    """

    _things_alone = False

    @property
    def dataset_meta(self) -> dict[str, Any]:
        """``classes`` (stuff outside the data set's classes follows these), ``palette``, and what else was given."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: Mapping[str, Any] | None) -> None:
        given = dict(dataset_meta or {})
        classes = tuple(given.get('classes') or ())
        if isinstance(given.get('palette'), str):
            given['palette'] = get_palette(given['palette'], len(classes))
        table = ClassTable.from_metainfo(given)
        self._things_alone = len(table.names) > len(classes)
        palette = [tuple(colour) for colour in table.palette.tolist()]  # a list: mmdet takes a tuple for one colour
        self._dataset_meta = {**given, 'classes': table.names, 'palette': palette}

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DetDataSample | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Draw a sample and hand it to all backends.

        Args:
            name: Name of the picture.
            image: RGB, (H, W, 3).
            data_sample: Prediction and truth at the image's size.
            *args: See ``DetLocalVisualizer.add_datasample``.
            **kwargs: The same.
        """
        super().add_datasample(name, image, self._with_one_layer(data_sample), *args, **kwargs)

    def _with_one_layer(self, sample: DetDataSample | None) -> DetDataSample | None:
        """A copy of a sample without what another layer would be painted over."""
        if sample is None:
            return None
        order = ['pred_panoptic_seg', 'pred_instances', 'pred_sem_seg']
        if self._things_alone:
            order[:2] = reversed(order[:2])
        shown = sample.new()
        for layer in [one for one in order if one in sample][1:]:
            delattr(shown, layer)
        return shown

    def _draw_panoptic_seg(self, image: np.ndarray, panoptic_seg: Any, classes: Any, palette: Any) -> np.ndarray:
        """Draw a panoptic map; one without a segment leaves the image as it is."""
        if (np.asarray(panoptic_seg.sem_seg) % INSTANCE_OFFSET >= len(classes)).all():
            return image
        return super()._draw_panoptic_seg(image, panoptic_seg, classes, palette)


def spare_panopticapi() -> None:
    """Let mmdet's `DetInferencer` give panoptic maps as dictionaries and files where panopticapi is not installed.

    It takes two names from that package: the number of void, and the colours of ids, which the data sets here know too.
    """
    if det_inferencer.id2rgb is None:
        det_inferencer.id2rgb, det_inferencer.VOID = id_to_rgb, 0
