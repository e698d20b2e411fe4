"""The norm and the activation that models build where a config names none."""

from __future__ import annotations

NORM = {'type': 'mmmaskattn.CrossProcessBN'}
ACTIVATION = {'type': 'ReLU'}
