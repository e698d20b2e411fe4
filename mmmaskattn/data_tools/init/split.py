"""Training and validation pictures: as their folders say, else drawn by a fixed rule."""

from __future__ import annotations

import random
from collections.abc import Sequence

VAL_SHARE = 0.15
SEED = 0
FOLDERS = {
    'train': ('train', 'training', 'train2017'),
    'val': ('val', 'valid', 'validation', 'val2017', 'dev'),
    'test': ('test', 'testing', 'test2017'),
}
RANDOM_RULE = f'{VAL_SHARE:.0%} of the pictures drawn for validation (of their sorted names, random seed {SEED})'
FOLDER_RULE = 'by the folders that the pictures lie in'
LEAST = 2


def split_names(names: Sequence[str]) -> tuple[dict[str, list[str]], str]:
    """Split pictures.

    Args:
        names: Paths of the pictures below their folder, sorted.

    Returns:
        The pictures of ``train``, ``val`` and, where a folder says so, ``test``, each sorted; and the rule in words.

    Raises:
        ValueError: If there are fewer than two pictures.
    """
    if len(names) < LEAST:
        raise ValueError(
            f'found {len(names)} pictures with labels; expected {LEAST} or more, one to train and one to validate'
        )
    folders = {folder: split for split, known in FOLDERS.items() for folder in known}
    of_folder: dict[str, list[str]] = {}
    for name in names:
        of_folder.setdefault(folders.get(name.split('/')[0], '') if '/' in name else '', []).append(name)
    if {'train', 'val'} <= of_folder.keys() and '' not in of_folder:
        return {split: of_folder[split] for split in FOLDERS if split in of_folder}, FOLDER_RULE
    drawn = random.Random(SEED).sample(list(names), len(names))
    count = max(1, round(VAL_SHARE * len(names)))
    return {'train': sorted(drawn[count:]), 'val': sorted(drawn[:count])}, RANDOM_RULE
