# The paper's batch for instances and panoptic: 14 in all.
_base_ = './paper_1000e.py'
auto_scale_lr = dict(base_batch_size=14)
