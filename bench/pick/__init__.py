"""Which format each layer of somebody's model should be stored in: ``dotbench pick``."""
