# Nuclei of the Data Science Bowl 2018, panoptic: StarDist. Its authors train at a rate of 3e-4; it has no norms.
_base_ = ['../../_base_/models/stardist.py', '../../_base_/tasks/dsb2018_panoptic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_, test_cfg=_base_.model_for_nuclei['test_cfg'])
optim_wrapper = dict(optimizer=dict(lr=3e-4))
