"""What the package adds to mmengine's Runner: safe checkpoints, launching on CPU processes, configuration checks."""
