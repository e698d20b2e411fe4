"""Measuring models and data: complexity, latency, accuracy tables, the resolution's ceiling."""

from mmmaskattn.analysis.cost.complexity import Complexity, count_complexity
from mmmaskattn.analysis.models import build_model, input_size, read_config

__all__ = ['Complexity', 'build_model', 'count_complexity', 'input_size', 'read_config']
