"""The check of a config's data before training: every file, every label, every class, with statistics."""

from mmmaskattn.datasets.check.problems import Problem
from mmmaskattn.datasets.check.run import CheckReport, check_config

__all__ = ['CheckReport', 'Problem', 'check_config']
