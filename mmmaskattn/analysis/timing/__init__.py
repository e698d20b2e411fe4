"""Benchmarks: latency, grouping, decoding, loading, prediction."""
