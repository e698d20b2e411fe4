# efficientnet_lite0_fpn from scratch.
_base_ = './efficientnet_lite0_fpn.py'
model = dict(backbone=dict(init_cfg=None))
