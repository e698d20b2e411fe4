# Cityscapes, 19 classes (gtFine labelTrainIds).
# Expected on disk: $CITYSCAPES_ROOT/{leftImg8bit,gtFine}/{train,val}/CITY/.
image_size = (128, 128)  # (H, W); another size: see with_input_size in mmmaskattn/datasets/input_size.py
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
batch_size = 4  # per process; the paper's total of 8 is 2 processes of 4
num_classes = 19
ratio_range = (0.5, 2.0)  # scale jitter; the paper gives no range

load_labels = [
    dict(type='mmmaskattn.LoadSegMap'),
    dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes),
]
train_pipeline = [
    dict(type='mmmaskattn.LoadLowResImage', size=image_size, ratio_range=ratio_range),
    *load_labels,
    dict(type='mmmaskattn.LowResScaleJitter', size=image_size, ratio_range=ratio_range),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
# Testing decodes in full, as MMSegInferencer asks for a step named LoadImageFromFile.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    *load_labels,
    dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres'),
    dict(type='PackSegInputs'),
]
# The first branch must not flip: its label map is the truth of all.
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    *load_labels,
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='mmmaskattn.LowResResize', size=image_size, protocol='lowres', scale=scale)
                for scale in (1.0, 0.75, 1.25, 1.5)
            ],
            [
                dict(type='RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackSegInputs')],
        ],
    ),
]

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    persistent_workers=False,  # so that a resumed training repeats the uninterrupted one
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'], prefix='lowres')
test_evaluator = val_evaluator
