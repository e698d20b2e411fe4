"""What users call: models by name, prediction, training, from Python and from the shell."""

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.apis.model import Model, load_model
from mmmaskattn.apis.pretrained import from_pretrained, push_to_hub, save_pretrained
from mmmaskattn.apis.weights import resolve_weights
from mmmaskattn_console.model_index import ModelEntry, find_model, list_models

__all__ = [
    'MaskAttnInferencer',
    'Model',
    'ModelEntry',
    'find_model',
    'from_pretrained',
    'list_models',
    'load_model',
    'push_to_hub',
    'resolve_weights',
    'save_pretrained',
]
