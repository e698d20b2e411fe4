# ADE20K, semantic, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/ade20k_semantic_128.py', '../schedules/paper_1000e.py', '../default_runtime.py']
