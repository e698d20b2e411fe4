"""Using models: names and weights, saved folders, publishing."""

from mmmaskattn.apis.model_index import ModelEntry, find_model, list_models
from mmmaskattn.apis.weights import resolve_weights

__all__ = ['ModelEntry', 'find_model', 'list_models', 'resolve_weights']
