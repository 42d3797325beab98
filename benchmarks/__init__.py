"""Speed and memory of skbackprop against other ways to train the same network."""
