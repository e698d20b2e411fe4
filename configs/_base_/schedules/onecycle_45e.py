# The recipe for some hundred images: docs/explanation/recipe.md has where it comes from. AdamW; the rate rises over the
# first 30 % and falls to zero along a cosine; weight decay on the weights of convolutions and linear layers only.
# tools/train.py stretches it when train_cfg.max_epochs is set by an option: with fewer images take more epochs.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=1e-3),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0, bypass_duplicate=True),  # some heads share modules
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
param_scheduler = [
    dict(type='WarmupLR', start_factor=0.04, by_epoch=True, begin=0, end=13.5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=31.5, eta_min=0.0, by_epoch=True, begin=13.5, end=45, convert_to_iter_based=True
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=45, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# The data sets that go with it take batches of 8. With --auto-scale-lr the learning rate is multiplied by
# (batch size x processes) / 8.
auto_scale_lr = dict(enable=False, base_batch_size=8)
