# SegNeXt-T: MSCAN-T and LightHamHead, mmseg's own parts, from scratch. ImageNet weights:
# --cfg-options model.backbone.init_cfg.type=Pretrained model.backbone.init_cfg.checkpoint=FILE_OR_URL
_base_ = './maskattn_unet_base.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='MSCAN',
        embed_dims=[32, 64, 160, 256],
        mlp_ratios=[8, 8, 4, 4],
        depths=[3, 3, 5, 2],
        drop_path_rate=0.1,
        norm_cfg=dict(type='mmmaskattn.CrossProcessBN'),
    ),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='LightHamHead',
        in_channels=[64, 160, 256],
        in_index=[1, 2, 3],
        channels=256,
        ham_channels=256,
        ham_kwargs=dict(MD_S=1, MD_R=16, train_steps=6, eval_steps=7, inv_t=100, rand_init=True),
        dropout_ratio=0.1,
        num_classes=150,
        norm_cfg=dict(type='GN', num_groups=32),
        align_corners=False,
        loss_decode=dict(type='mmmaskattn.PixelCrossEntropyLoss'),
    ),
)
