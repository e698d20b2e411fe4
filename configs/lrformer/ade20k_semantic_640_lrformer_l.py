# ADE20K, semantic, 640x640, LRFormer-L, its published size; see ade20k_semantic_512_lrformer_t.py.
_base_ = './ade20k_semantic_512_lrformer_l.py'
from mmmaskattn.datasets.input_size import with_input_size

image_size = (640, 640)
train_dataloader = with_input_size(_base_.train_dataloader, image_size)
val_dataloader = with_input_size(_base_.val_dataloader, image_size)
test_dataloader = val_dataloader
tta_pipeline = with_input_size(_base_.tta_pipeline, image_size)
