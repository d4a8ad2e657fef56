"""PyTorch's state dicts and checkpoints: .pt, .pth, .ckpt, .bin."""
