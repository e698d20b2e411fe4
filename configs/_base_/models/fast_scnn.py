# Fast-SCNN, mmseg's own parts, from scratch. Its two auxiliary heads serve training only. The loss has a softmax, as in
# the paper; mmseg's config has a sigmoid.
_base_ = './maskattn_unet_base.py'
norm_cfg = dict(type='mmmaskattn.CrossProcessBN', momentum=0.01)
head = dict(
    concat_input=False,
    dropout_ratio=0.1,
    num_classes=150,
    norm_cfg=norm_cfg,
    align_corners=False,
)
auxiliary = dict(
    head,
    type='FCNHead',
    channels=32,
    num_convs=1,
    loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss', loss_weight=0.4),
)
model = dict(
    backbone=dict(_delete_=True, type='FastSCNN', out_indices=(0, 1, 2), norm_cfg=norm_cfg, align_corners=False),
    neck=None,
    decode_head=dict(
        _delete_=True,
        **head,
        type='DepthwiseSeparableFCNHead',
        in_channels=128,
        channels=128,
        in_index=-1,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
    auxiliary_head=[
        dict(auxiliary, in_channels=128, in_index=-2),
        dict(auxiliary, in_channels=64, in_index=-3),
    ],
)
