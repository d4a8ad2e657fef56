"""What a tensor of a .gguf file is for: llama.cpp's names, which are the same for all architectures."""

from __future__ import annotations

import re
from collections.abc import Collection

from dotbench.datasets.models.model_file import Role
from dotbench.datasets.models.orientation import CHANNELS_FIRST, OUTPUTS_FIRST
from dotbench.datasets.models.roles import NOT_MULTIPLIED

TABLE, HEAD = "token_embd.weight", "output.weight"
GATHER = re.compile(r"(^|\.)(\w*token_embd\w*|position_embd|token_types|attn_rel_b|\w*_class_embd)(\.weight)?$")
# rotary frequencies, scales and mixtures of single inputs, state spaces: one number an input, however they are shaped
VECTOR = re.compile(
    r"(^|\.)(rope_\w+|time_mix_(lerp|first|decay|[ar]_k|k_[ak])\w*|\w*_scale|ssm_[ad]|ssm_dt)(\.weight)?$"
)
DEPTHWISE = re.compile(r"(^|\.)\w*conv1d(_[qkv])?\.weight$")  # a kernel for each channel, of state spaces
CONVOLUTION = re.compile(r"(^|\.)\w*conv\w*\.")
EXPERTS = re.compile(r"(^|\.)ffn_\w*_(ch)?exps\.weight$")
ENCODERS = re.compile(r"bert|encoder|embedding|^clip")  # architectures without a head, whose tables are looked up alone


def role_of(name: str, shape: tuple[int, ...], tied: bool) -> tuple[Role, str]:
    """The role of a tensor and its orientation; ``tied``: the table of tokens is the head, too.

    >>> role_of("blk.0.attn_q.weight", (640, 1024), True), role_of("token_embd.weight", (262144, 640), True)
    (('product', 'outputs_first'), ('tied', 'outputs_first'))
    >>> role_of("v.patch_embd.weight", (768, 3, 16, 16), False), role_of("blk.0.attn_norm.weight", (640,), False)
    (('product', 'channels_first'), ('vector', 'outputs_first'))
    """
    if len(shape) < 2 or NOT_MULTIPLIED.search(name) or VECTOR.search(name):
        return "vector", OUTPUTS_FIRST
    if name == TABLE and tied:
        return "tied", OUTPUTS_FIRST
    if GATHER.search(name):
        return "gather", OUTPUTS_FIRST
    if len(shape) == 2 and DEPTHWISE.search(name):
        return "depthwise", OUTPUTS_FIRST
    if not name.endswith(".weight") or (len(shape) == 3 and not CONVOLUTION.search(name)):
        return "unsure", OUTPUTS_FIRST if len(shape) == 2 else CHANNELS_FIRST
    if len(shape) > 2:
        return ("depthwise" if shape[1] == 1 and shape[0] > 1 else "product"), CHANNELS_FIRST
    return "product", OUTPUTS_FIRST


def is_tied(names: Collection[str], architecture: str) -> bool:
    """Whether the table of tokens is the head: a model that generates and has no head of its own.

    >>> is_tied({"token_embd.weight"}, "gemma3"), is_tied({"token_embd.weight"}, "bert")
    (True, False)
    """
    return TABLE in names and HEAD not in names and not ENCODERS.search(architecture)
