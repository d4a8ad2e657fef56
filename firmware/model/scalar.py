"""Core instructions. One a cycle, results after one; loads and multiplications after two."""

from __future__ import annotations

from dotbench.firmware.model import operands
from dotbench.firmware.model.instruction import SHIFT, Operation, address


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SIMPLE = _words(
    """
    add adc sub sbc rsb and orr orn eor bic mov mvn lsl lsr asr ror rrx neg adr addw subw movw movt sxtb sxth
    uxtb uxth sxtb16 uxtb16 clz rbit rev rev16 revsh ubfx sbfx bfi bfc nop csel cset csetm csinc csinv csneg
    cinc cinv cneg mrs msr dsb isb dmb sel lsll lsrl asrl sqrshr uqrshl
    """
)
LONG_MULTIPLY = _words("smull umull smlal umlal umaal smlald smlalbb smlaltt smlalbt smlaltb")
MULTIPLY = LONG_MULTIPLY | _words(
    """
    mul mla mls smulbb smulbt smultb smultt smlabb smlabt smlatb smlatt smlad smladx smuad smuadx smlsd smusd
    smmul smmulr smmla smmlar smmls smulwb smulwt smlawb smlawt qadd qsub qdadd qdsub ssat usat ssat16 usat16
    sxtab uxtab sxtah uxtah sxtab16 uxtab16 sadd16 ssub16 qadd8 qsub8 qadd16 qsub16 shadd8 pkhbt pkhtb usad8
    usada8
    """
)
COMPARE = frozenset(["cmp", "cmn", "tst", "teq"])
DIVIDE = frozenset(["sdiv", "udiv"])
TWO_RESULTS = LONG_MULTIPLY | {"lsll", "lsrl", "asrl"}
AFTER_TWO = frozenset(["lsll", "lsrl", "asrl", "ubfx", "sbfx"])  # not multiplications, but as slow
UPDATES = TWO_RESULTS - {"smull", "umull"} | {"movt", "bfi", "bfc"}
FLOW = {
    "b": "jump", "bx": "jump", "bl": "call", "blx": "call", "cbz": "branch", "cbnz": "branch", "tbb": "jump",
    "tbh": "jump",
    "le": "loop_end", "letp": "loop_end", "dls": "loop_begin", "dlstp": "loop_begin", "wls": "loop_begin",
    "wlstp": "loop_begin", "bkpt": "jump", "svc": "jump", "udf": "jump",
}  # fmt: skip
MULTIPLE = ("ldm", "stm", "push", "pop")
DIVIDE_CYCLES = 6.0  # no public figure
WORDS_PER_CYCLE = 2  # of a load or store of many registers: no public figure


def rule(name: str) -> str | None:
    """Which rule a mnemonic has; None for none."""
    plain = name[:-1] if name.endswith("s") and name[:-1] in SIMPLE | MULTIPLY else name
    if plain in SIMPLE | MULTIPLY | COMPARE | DIVIDE:
        return "data"
    if name in FLOW:
        return "flow"
    if name.startswith(MULTIPLE):
        return "multiple"
    if name.startswith(("ldr", "str", "lda", "stl", "pld")):
        return "memory"
    return "then" if name in ("it", "itt", "ite", "ittt", "itte", "itet", "itee") or name[:2] == "it" else None


def fill(out: Operation, parts: list[str]) -> None:
    """Completes a core operation."""
    which = rule(out.name)
    if which == "flow":
        _flow(out, parts)
    elif which == "multiple":
        _multiple(out, parts)
    elif which == "memory":
        _memory(out, parts)
    elif which == "then":
        out.reads.append("flags")
        out.flow = "then"
    else:
        _data(out, parts)


def _flow(out: Operation, parts: list[str]) -> None:
    out.flow = FLOW[out.name]
    out.reads += operands.registers(parts)
    if out.flow in ("call", "loop_begin"):
        out.writes["lr"] = 1
    if out.name == "bx" and parts == ["lr"]:
        out.flow = "return"


def _multiple(out: Operation, parts: list[str]) -> None:
    stack = out.name.startswith(("push", "pop"))
    group, base = parts[-1], "sp" if stack else operands.register(parts[0]) or ""
    out.unit = "memory"
    out.hold = out.issue = max(1, -(-operands.words(group) // WORDS_PER_CYCLE))
    out.reads.append(base)
    if out.name.startswith(("ldm", "pop")):
        out.writes |= dict.fromkeys(operands.listed(group), out.hold + 1)
        out.flow = "return" if "pc" in out.writes else ""
    else:
        out.reads += operands.listed(group)
        out.stores = True
    if stack or parts[0].endswith("!"):
        out.writes[base] = 1


def _memory(out: Operation, parts: list[str]) -> None:
    out.unit = "memory"
    values = operands.registers(parts[: 2 if out.name in ("ldrd", "strd") else 1])
    if out.name.startswith("ld"):
        out.writes |= dict.fromkeys(values, 2)
        out.flow = "return" if "pc" in values else ""
    elif out.name != "pld":
        out.reads += values
        out.stores = True
    address(out, parts)


def _data(out: Operation, parts: list[str]) -> None:
    plain = out.name[:-1] if out.name.endswith("s") and out.name[:-1] in SIMPLE | MULTIPLY else out.name
    if plain in COMPARE:
        out.reads += operands.registers(parts)
        out.writes["flags"] = 1
        return
    results = 2 if plain in TWO_RESULTS else 1
    written = operands.registers(parts[:results])
    sources = operands.registers(parts[results:])
    if plain in UPDATES or (len(parts) == 2 and plain not in ("mov", "mvn", "adr", "movw", "clz", "rbit", "neg")):
        sources += written if plain in UPDATES or parts[1].startswith("#") or plain in SIMPLE | MULTIPLY else []
    if plain in ("adc", "sbc") or plain.startswith(("cs", "ci", "cn")):
        sources.append("flags")
    shifts = len(parts) >= 3 and SHIFT.match(parts[-1]) and plain not in MULTIPLY and plain[:3] not in ("uxt", "sxt")
    if shifts and (shifted := operands.register(parts[-2])):
        out.early[shifted] = 1
    latency = DIVIDE_CYCLES if plain in DIVIDE else 2 if plain in MULTIPLY or plain in AFTER_TWO else 1
    out.reads += sources
    out.writes |= dict.fromkeys(written, latency)
    if plain in DIVIDE:
        out.hold = out.issue = DIVIDE_CYCLES
    if plain != out.name:
        out.writes["flags"] = 1
