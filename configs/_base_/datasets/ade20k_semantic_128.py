# ADE20K scene parsing, 150 classes.
# Expected on disk: $ADE20K_ROOT/{images,annotations}/{training,validation}.
_base_ = './semantic_128.py'
data_root = '{{$ADE20K_ROOT:data/ade/ADEChallengeData2016}}'
num_classes = 150

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
train_pipeline = [_base_.load_train_image, *load_labels, *_base_.augment]
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='ADE20KDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
