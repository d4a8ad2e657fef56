"""What a tensor is for, told by its name, where a file has no graph that says it."""

from __future__ import annotations

import re

from dotbench.datasets.models.model_file import Role
from dotbench.datasets.models.orientation import CHANNELS_FIRST, INPUTS_FIRST, OUTPUTS_FIRST

GATHER = re.compile(r"\w*embed\w*|wte|wpe|token_embd|position_embd|token_types|emb", re.I)  # a module's own name
NOT_MULTIPLIED = re.compile(
    r"(^|[._/])(\w*norm\w*|bn\d*|ln_?\w*|running_\w+|exp_avg\w*|gamma|beta|\w*bias\w*)([._/]|$)", re.I
)
MULTIPLIED = re.compile(
    r"(^|[._/])(weight|kernel|recurrent_kernel|weight_[ih]h(_l\d+)?(_reverse)?|in_proj_weight)$", re.I
)
LONG = 64  # numbers of a kernel in one dimension
CONV1D = re.compile(r"(^|[._])(c_attn|c_fc|c_proj)[._]weight$")  # GPT-2's, inputs by outputs


def role_of(name: str, shape: tuple[int, ...]) -> tuple[Role, str]:
    """The role of a tensor of PyTorch's naming, and its orientation.

    >>> role_of("layers.3.mlp.up_proj.weight", (64, 16)), role_of("embeddings.word_embeddings.weight", (100, 16))
    (('product', 'outputs_first'), ('gather', 'outputs_first'))
    >>> role_of("conv.weight", (8, 1, 3, 3)), role_of("conv.weight", (8, 4, 3, 3)), role_of("proj", (4, 4))
    (('depthwise', 'channels_first'), ('product', 'channels_first'), ('unsure', 'outputs_first'))
    """
    if len(shape) < 2 or NOT_MULTIPLIED.search(name):
        return "vector", OUTPUTS_FIRST
    if len(shape) == 2 and GATHER.fullmatch(_module(name)):
        return "gather", OUTPUTS_FIRST
    if len(shape) > 2:
        if not MULTIPLIED.search(name):
            return "unsure", CHANNELS_FIRST
        return ("depthwise" if _is_depthwise(shape) else "product"), CHANNELS_FIRST
    if CONV1D.search(name):
        return "product", INPUTS_FIRST
    return ("product" if MULTIPLIED.search(name) else "unsure"), OUTPUTS_FIRST


def _is_depthwise(shape: tuple[int, ...]) -> bool:
    """Whether each of several kernels has one channel; long ones in one dimension are a transform of one signal."""
    return shape[1] == 1 and shape[0] > 1 and (len(shape) > 3 or shape[2] < LONG)


def _module(name: str) -> str:
    """The name of what a tensor belongs to: ``word_embeddings`` of ``embeddings.word_embeddings.weight``."""
    parts = re.split(r"[./]", name)
    return parts[-2] if len(parts) > 1 and MULTIPLIED.search(name) else parts[-1]
