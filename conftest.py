"""What pytest leaves out of the whole checkout: doctests of the module that needs PyTorch, where that is not there."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["dotbench/torch.py"]
