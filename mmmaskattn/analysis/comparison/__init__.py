"""The comparison of many models: cost, latency, memory, training and accuracy."""
