"""Results drawn by hand, of the panoptic and the semantic task."""

import numpy as np

from mmmaskattn_runtime import Classes, Instance, Result, encode, panoptic_result

CLASSES = Classes(('cell', 'dirt', 'ground'), things=frozenset({0, 1}))
PICTURE = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)


def panoptic(name='cells/a.png'):
    """Two cells, a piece of dirt, ground, and a row about which nothing is said."""
    ids = np.full((40, 60), 4)
    ids[5:15, 10:30], ids[20:30, 40:50], ids[30:33, 2:5], ids[0] = 1, 2, 3, 0
    fields = panoptic_result(ids, CLASSES, [0, 0, 1, 2])
    instances = tuple(
        Instance(one.label, one.name, 0.9 - 0.1 * one.id, one.box, encode(ids == one.id), one.area, one.centre)
        for one in fields['segments']
        if one.is_thing
    )
    return Result(classes=CLASSES, size=(40, 60), name=name, instances=instances, **fields)


def semantic(name='a.png'):
    labels = np.full((40, 60), 2, np.int16)
    labels[:, :15] = 1
    return Result(classes=CLASSES, size=(40, 60), name=name, labels=labels)
