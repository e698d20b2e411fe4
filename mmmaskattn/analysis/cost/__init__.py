"""Cost of models: multiply-adds and parameters."""
