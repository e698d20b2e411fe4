"""What the package adds to mmengine's Runner: launching on CPU processes, fitting schedules, safe loading.

Importing it registers the optimizer wrapper and the scheduler in mmengine's root registries.
"""

from mmmaskattn.engine.cpu_amp_optim_wrapper import CpuAmpOptimWrapper
from mmmaskattn.engine.schedule import WarmupLR

__all__ = ['CpuAmpOptimWrapper', 'WarmupLR']
