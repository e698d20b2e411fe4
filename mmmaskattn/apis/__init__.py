"""What users call: models by name, prediction, training, from Python and from the shell."""

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.apis.model import Model, load_model
from mmmaskattn.apis.model_index import ModelEntry, find_model, list_models

__all__ = ['MaskAttnInferencer', 'Model', 'ModelEntry', 'find_model', 'list_models', 'load_model']
