"""Whole pipelines timed, in any runtime, and in the browser."""

from mmmaskattn.apis.timing.pipelines import (
    RUNTIMES,
    STAGES,
    Pipeline,
    browser_pipelines,
    make_pipeline,
    pipeline_table,
    time_pipelines,
    write_random,
)

__all__ = [
    'RUNTIMES',
    'STAGES',
    'Pipeline',
    'browser_pipelines',
    'make_pipeline',
    'pipeline_table',
    'time_pipelines',
    'write_random',
]
