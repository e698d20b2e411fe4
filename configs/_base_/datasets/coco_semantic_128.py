# COCO panoptic 2017 as 133 semantic classes: 80 things, 53 kinds of stuff; read on the fly.
# Expected on disk: $COCO_ROOT/{train,val}2017, $COCO_ROOT/annotations/panoptic_{train,val}2017{.json,/}.
_base_ = './semantic_128.py'
data_root = '{{$COCO_ROOT:data/coco}}'
num_classes = 133

load_labels = [
    dict(type='mmmaskattn.LoadPanopticAsSemantic'),
    dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes),
]
train_pipeline = [_base_.load_train_image, *load_labels, *_base_.augment]
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='mmmaskattn.CocoPanopticSemanticDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(img_path='train2017', seg_map_path='annotations/panoptic_train2017'),
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img_path='val2017', seg_map_path='annotations/panoptic_val2017'),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
