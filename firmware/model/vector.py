"""Helium and floating point. A vector instruction is two beats of its pipe; pipes overlap."""

from __future__ import annotations

import re

from dotbench.firmware.model import operands
from dotbench.firmware.model.instruction import Operation, address

LOAD = re.compile(r"vldr[bhwd]|vld[24]")
STORE = re.compile(r"vstr[bhwd]|vst[24]")
MULTIPLE = re.compile(r"v(ldm|stm|push|pop)")
PREDICATE = re.compile(r"v(pst|pt|ctp|pnot)")
REDUCTION = re.compile(r"v(ml[as]l?d?a?v|rml[as]ld?a?vh|addl?v)")
PREDICATED = re.compile(r"(v(ldr|str)[bhwd]|v(ml[as]l?d?a?v|rml[as]ld?a?vh|addl?v)\w*)[te]$")
INTEGER = {
    1: re.compile(
        r"v(abd|abs|add|and|bic|brsr|cadd|cls|clz|dup|idup|ddup|iwdup|dwdup|eor|hadd|hcadd|hsub|max|min|maxa|mina|movl|mvn|"
        r"neg|orn|orr|psel|qabs|qadd|qneg|shl|shr|qsub|rev\d\d|rhadd|sli|sri|sub|mov)[bt]?$"
    ),
    2: re.compile(r"v(adc|adci|sbc|sbci|qshl|rshl|qrshl|qshlu|rshr|shll|shlc|maxv|minv|maxav|minav)[bt]?$"),
    3: re.compile(r"v(movn|qmovn|qmovun|shrn|rshrn|qshrn|qrshrn|qshrun|qrshrun|abav)[bt]?$"),
}
COMPARISON = re.compile(r"v(maxnm|minnm|maxnma|minnma)")
ADDITION = re.compile(r"v(add|sub|abs|neg|abd|cadd)$")
ACCUMULATES = re.compile(r"v(mla|mls|fma|fms|qr?dml[as]d?h|cmla|sli|sri|q?movu?n|q?r?shru?n|shlc|mlas|fmas)")
SCALAR_LATENCY = {"vdiv": 16, "vsqrt": 16, "vmla": 4, "vmls": 4, "vfma": 4, "vfms": 4, "vfnma": 4, "vfnms": 4}
DOUBLE_LATENCY = 20
BEATS = 2
GATHER_EARLY = 4  # the offsets of a gather are read so many cycles before


def fill(out: Operation, mnemonic: str, parts: list[str]) -> None:
    """Completes an operation of the vector unit."""
    types = mnemonic.split(".")[1:]
    is_float = any(one.startswith("f") for one in types)
    if MULTIPLE.match(out.name):
        _multiple(out, parts)
    elif LOAD.match(out.name):
        _load(out, parts)
    elif STORE.match(out.name):
        _store(out, parts)
    elif out.name in ("vldr", "vstr"):
        _single(out, parts)
    elif PREDICATE.match(out.name):
        out.unit, out.hold = ("float", BEATS) if out.name.startswith("vpt") else ("predicate", 1)
        out.reads += operands.registers(parts)
        out.writes["vpr"] = 1
    elif out.name in ("vmsr", "vmrs"):
        _system(out, parts)
    elif any(part.startswith("q") for part in parts):
        _vector(out, parts, is_float)
    else:
        _scalar(out, parts, types)
    if PREDICATED.match(out.name):
        out.reads.append("vpr")


def _multiple(out: Operation, parts: list[str]) -> None:
    group, stack = parts[-1], out.name in ("vpush", "vpop")
    base = "sp" if stack else operands.register(parts[0]) or ""
    out.unit = "memory"
    out.hold = out.issue = max(1, -(-operands.words(group) // 2))
    out.reads.append(base)
    if out.name.startswith(("vpop", "vldm")):
        out.writes |= dict.fromkeys(operands.listed(group), out.hold + 1)
    else:
        out.reads += operands.listed(group)
        out.stores = True
    if stack or parts[0].endswith("!"):
        out.writes[base] = 1


def _load(out: Operation, parts: list[str]) -> None:
    out.unit, out.hold = "memory", BEATS
    address(out, parts)
    if parts[0].startswith("{"):
        loaded = operands.listed(parts[0])
        out.reads += loaded
        out.writes |= dict.fromkeys(loaded, 2)
        return
    offsets = [
        found for found in operands.registers([part for part in parts if part.startswith("[")]) if found[0] == "q"
    ]
    out.gathers = bool(offsets)
    out.early |= dict.fromkeys(offsets, GATHER_EARLY)
    out.writes[operands.register(parts[0]) or ""] = 2 if offsets else 1


def _store(out: Operation, parts: list[str]) -> None:
    out.unit, out.hold, out.stores = "memory", BEATS, True
    stored = operands.listed(parts[0]) if parts[0].startswith("{") else operands.registers(parts[:1])
    if parts[0].startswith("{"):
        out.early |= dict.fromkeys(stored, 1)
    out.reads += stored
    address(out, parts)
    offsets = [
        found for found in operands.registers([part for part in parts if part.startswith("[")]) if found[0] == "q"
    ]
    out.gathers = bool(offsets)
    out.early |= dict.fromkeys(offsets, GATHER_EARLY)


def _single(out: Operation, parts: list[str]) -> None:
    out.unit = "memory"
    value = operands.registers(parts[:1])
    if out.name == "vldr":
        out.writes |= dict.fromkeys(value, 2)
    else:
        out.reads += value
        out.stores = True
    address(out, parts)


def _system(out: Operation, parts: list[str]) -> None:
    out.unit = "float"
    if out.name == "vmsr":
        out.reads += operands.registers(parts[1:])
        out.writes["vpr"] = 1
    else:
        out.reads += ["vpr", "fpscr"]
        out.writes[operands.register(parts[0]) or "flags"] = 1


def _scalar(out: Operation, parts: list[str], types: list[str]) -> None:
    out.unit = "float"
    if out.name.startswith("vcmp"):
        out.reads += operands.registers(parts)
        out.writes["fpscr"] = 1
        return
    latency = DOUBLE_LATENCY if "f64" in types else SCALAR_LATENCY.get(out.name, 2)
    if latency > 4:
        out.hold = latency - 2
    target = operands.registers(parts[:1])
    if out.name == "vmov" and target and target[0][0] in "rl":
        latency = 1
    out.reads += operands.registers(parts)  # a part of a vector register is written: the rest is kept
    out.writes |= dict.fromkeys(target, latency)


def _vector(out: Operation, parts: list[str], is_float: bool) -> None:
    target, sources = operands.registers(parts[:1]), operands.registers(parts[1:])
    out.hold = BEATS
    if out.name.startswith("vcmp"):
        out.unit = "float"
        out.reads += operands.registers(parts)
        out.writes["vpr"] = 1
    elif REDUCTION.match(out.name):
        _reduction(out, parts)
    elif out.name in ("vmov", "vmovx") and any(not part.startswith(("q", "#")) for part in parts):
        to_core = not parts[0].startswith("q")
        out.unit, out.hold = ("float" if to_core else "integer"), 1
        count = 2 if to_core and len(parts) > 2 else 1
        written = operands.registers(parts[:count])
        out.reads += operands.registers(parts[count:]) + ([] if to_core else written)
        out.writes |= dict.fromkeys(written, 1)
    else:
        out.unit, latency = _pipe(out.name, is_float, any(name[0] == "r" for name in sources))
        out.multiplies = out.unit == "float" and latency == 2
        out.reads += sources + (target if ACCUMULATES.match(out.name) else [])
        out.writes |= dict.fromkeys(target, latency)
        if out.name in ("vidup", "vddup", "viwdup", "vdwdup"):
            out.writes[sources[0]] = 1


def _reduction(out: Operation, parts: list[str]) -> None:
    """Sums into core registers; with an a before the v they go on from what is there."""
    long = re.match(r"v(ml[as]ld|rml|addlv)", out.name) is not None
    results = operands.registers(parts[: 2 if long else 1])
    out.unit = "float"
    out.reads += operands.registers(parts[2 if long else 1 :])
    out.writes |= dict.fromkeys(results, 2)
    if re.search(r"(va|vax|vha|vhax)[te]?$", out.name):
        out.reads += results


def _pipe(name: str, is_float: bool, with_core: bool) -> tuple[str, int]:
    """The pipe of a vector instruction, and its latency."""
    if not is_float:
        for latency, names in INTEGER.items():
            if names.match(name):
                return "integer", latency
    if COMPARISON.match(name):
        return "float", 1
    if is_float and ADDITION.match(name):
        return "float", 2 if with_core else 1
    return ("integer", 1) if name in ("vmov", "vmvn") else ("float", 2)
