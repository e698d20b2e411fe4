# CamVid, semantic, 128x128, strip cross-attention on the encoder of MaskAttn-UNet tiny; see
# camvid_semantic_128_scaseg_mit_b0.py.
_base_ = ['../_base_/models/scaseg_maskattn_unet_tiny.py', '../_base_/tasks/camvid_semantic_128.py']
from mmmaskattn.utils.configs import with_classes

model = with_classes(_base_)
