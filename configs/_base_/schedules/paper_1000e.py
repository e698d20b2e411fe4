# The paper, section 4.2: AdamW, learning rate 5e-4, weight decay 1e-3, total batch 8, 1000 epochs. Ours, as the paper
# is silent: weight decay acts on all parameters; gradients are clipped at norm 1, since attention at a learning rate
# this high now and then meets a batch whose gradient is many times the usual one; the learning rate warms up over the
# first 1 % and falls to zero along a polynomial of power 0.9, mmseg's usual one. tools/train.py stretches the
# schedule when train_cfg.max_epochs is set by an option.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=1e-3),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
param_scheduler = [
    dict(type='WarmupLR', start_factor=0.01, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, begin=0, end=1000, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1000, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# With --auto-scale-lr the learning rate is multiplied by (batch size x processes) / 8.
auto_scale_lr = dict(enable=False, base_batch_size=8)
