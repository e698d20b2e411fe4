# Drawn pictures with a legend, semantic, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/legend_semantic_128.py', '../schedules/onecycle_45e.py', '../default_runtime.py']
