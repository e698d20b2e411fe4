"""The check of a config's data before training: every file, every label, every class, with statistics."""

from mmmaskattn.data_tools.check.problems import Problem
from mmmaskattn.data_tools.check.run import CheckReport, check_config

__all__ = ['CheckReport', 'Problem', 'check_config']
