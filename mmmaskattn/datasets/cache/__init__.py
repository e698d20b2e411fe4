"""A cache of decoded samples: what is stored and how, where, and what of a pipeline is stored."""

from mmmaskattn.datasets.cache.plan import CACHE_PLACES, CachePlace, CachePlan, plan_cache
from mmmaskattn.datasets.cache.steps import CachedSteps, put_cache

__all__ = ['CACHE_PLACES', 'CachePlace', 'CachePlan', 'CachedSteps', 'plan_cache', 'put_cache']
