"""Models as folders of two files, config and weights: saved, loaded, pushed to a Hugging Face repository.

Neither file runs code when it is read: the weights are safetensors, and of the config only values are taken.
"""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from mmmaskattn.analysis.models import build_model, read_config
from mmmaskattn.apis import hub
from mmmaskattn.apis.description import describe_model, named_classes, task_of
from mmmaskattn.apis.weights import resolve_weights
from mmmaskattn.utils.files import atomic_write
from mmmaskattn.utils.safetensors_file import refuse_existing, write_weights
from mmmaskattn.utils.weights import load_model_weights
from mmmaskattn_console.model_index import find_model

CONFIG, WEIGHTS, CARD = 'config.py', 'model.safetensors', 'README.md'


def save_pretrained(
    model: nn.Module, folder: str | Path, config: Config | None = None, half: bool = False, **about: Any
) -> Path:
    """Save a model as a folder that is enough to load it: ``config.py``, ``model.safetensors`` and a page on it.

    Args:
        model: The model.
        folder: Where to; it is made.
        config: The model's config; ``model.cfg`` by default, as `from_pretrained`, mmseg and mmdet set it. It goes into
            the folder whole, with the paths in it.
        half: Write the larger weights in half precision.
        **about: What else the weights' file and the page shall say: ``licence='CC0-1.0'``,
            ``metrics={'mIoU': 49.1}``.

    Returns:
        The folder.

    Raises:
        ValueError: If there is no config, or a weight cannot be stored.
        FileExistsError: If the folder holds such files already.
    """
    cfg = config if config is not None else getattr(model, 'cfg', None)
    if cfg is None:
        raise ValueError('save_pretrained: the model has no cfg; hand its config over: config=Config.fromfile(...)')
    folder = Path(folder)
    for name in (CONFIG, WEIGHTS, CARD):
        refuse_existing(folder / name)
    metadata = {**describe_model(cfg, getattr(model, 'dataset_meta', None)), **about}
    write_weights(folder / WEIGHTS, model.state_dict(), metadata, half)
    atomic_write(folder / CONFIG, cfg.pretty_text.encode())
    atomic_write(folder / CARD, _card(cfg, metadata).encode())
    return folder


def from_pretrained(source: str | Path, device: str | torch.device = 'cpu', revision: str | None = None) -> nn.Module:
    """Load a model with its weights.

    Args:
        source: A folder that `save_pretrained` wrote; a name of the model index; a Hugging Face repository,
            ``OWNER/NAME``, ``hf://`` before it or not.
        device: Where the model is put.
        revision: Branch, tag or commit of a repository.

    Returns:
        The model in evaluation mode, with ``cfg`` and ``dataset_meta``, as mmseg's and mmdet's functions expect it.

    Raises:
        FileNotFoundError: If a folder lacks one of the files.
        LookupError: If there is no model of that name, or none of its weights are published.
        OSError: If a repository's files are not in the cache and cannot be had.
        ValueError: If the config holds more than values.
    """
    if Path(source).is_dir():
        folder = Path(source)
        return _load(read_values(folder / CONFIG), folder / WEIGHTS, device)
    if found := hub.REPOSITORY.fullmatch(str(source)):
        files = [hub.fetch(found[1], name, revision or found[2]) for name in (CONFIG, WEIGHTS)]
        return _load(read_values(files[0]), files[1], device)
    entry = find_model(str(source))
    weights = resolve_weights(entry)
    return _load(read_config(entry.config), weights, device)


def _load(cfg: Config, weights: Path, device: str | torch.device) -> nn.Module:
    model = build_model(cfg)
    checkpoint = load_model_weights(model, weights)
    named = (checkpoint.get('meta') or {}).get('dataset_meta') or named_classes(cfg)
    vars(model).update(cfg=cfg, dataset_meta=named)
    return model.to(device).eval()


def push_to_hub(
    model: nn.Module,
    repository: str,
    config: Config | None = None,
    *,
    private: bool = False,
    half: bool = False,
    message: str = 'Model of mmmaskattn',
    token: str | None = None,
    endpoint: str | None = None,
    **about: Any,
) -> str:
    """Save a model into a Hugging Face repository, which is made if it is not there.

    Args:
        model: The model.
        repository: ``OWNER/NAME``.
        config: As for `save_pretrained`.
        private: Whether a new repository is hidden from others.
        half: As for `save_pretrained`.
        message: Of the commit.
        token: Of the account; that of ``hf auth login`` by default.
        endpoint: Address of another hub.
        **about: As for `save_pretrained`.

    Returns:
        Address of the repository.

    Raises:
        ModuleNotFoundError: If huggingface_hub is not installed.
        ValueError: As for `save_pretrained`.
        OSError: If the hub cannot be reached or refuses.
    """
    api = hub.huggingface_hub().HfApi(endpoint=endpoint, token=token)
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(model, folder, config, half, **about)
        try:
            url = api.create_repo(repository, private=private, exist_ok=True)
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message)
        except hub.failures() as error:
            raise OSError(f'{repository} cannot be pushed: {str(error).strip().splitlines()[0]}') from error
    return str(url)


def read_values(path: Path) -> Config:
    """Read a dumped config without running it.

    Args:
        path: The file, ``NAME = VALUE`` lines as ``Config.dump`` writes them.

    Returns:
        The config.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds anything but values.
    """
    if not path.is_file():
        raise FileNotFoundError(f'there is no {path}; expected a folder that save_pretrained wrote')
    text = path.read_text(encoding='utf-8')
    values: dict[str, Any] = {}
    try:
        for line in ast.parse(text).body:
            if not (isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)):
                raise ValueError(f'line {line.lineno} is no NAME = VALUE')
            values[line.targets[0].id] = _value(line.value)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f'{path}: {error}; expected values only, as Config.dump writes them') from error
    return Config(values, cfg_text=text, filename=str(path))


def _value(node: ast.expr) -> Any:
    """The value that an expression spells; ``dict(a=1)`` is one too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return {str(word.arg): _value(word.value) for word in node.keywords if word.arg is not None}
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values) if key is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f'line {node.lineno} holds {ast.unparse(node)[:60]}, which is no plain value') from None


def _card(cfg: Config, metadata: dict[str, Any]) -> str:
    """The page that a hub shows."""
    licence = metadata.get('licence', 'unknown')
    head = ['---', 'library_name: mmmaskattn', 'pipeline_tag: image-segmentation', '---']
    classes = metadata['dataset_meta'].get('classes', ())
    figures = metadata.get('metrics') or {}
    body = [
        f'# {metadata["config"]}',
        '',
        f'A model of mmmaskattn for {task_of(cfg)} segmentation. Licence of the data it was trained on: {licence}.',
        '',
        f'Classes: {", ".join(classes) or "not named"}.',
        *[f'\n{name}: {value}' for name, value in figures.items()],
        '',
        '```python',
        'from mmmaskattn.apis import from_pretrained',
        '',
        "model = from_pretrained('OWNER/NAME')  # this repository, or a folder with these files",
        '```',
        '',
    ]
    return '\n'.join([*head, *body])
