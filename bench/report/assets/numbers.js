/* Figures for people: digits in threes, units that fit, ticks at 1, 2 and 5. */

const THIN = "\u202f";
const SMALL = ["", "m", "µ", "n", "p"];
const UNITS = { s: [1, "s"], ns: [1e-9, "s"], J: [1, "J"], pJ: [1e-12, "J"] };

/** Digits in threes; four significant ones where it is no whole number. */
function plain(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3) return value.toExponential(2);
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
  const [whole, part] = text.split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (part ? `.${part}` : "");
}

/** A figure of a kind (see bench/report/axes.py) with its unit. */
function human(value, kind) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (kind === "bytes") return `${plain(value)} B`;
  if (kind === "ratio") return `${plain(value)} ×`;
  if (kind === "share") return value === 0 ? "0" : value < 1e-3 ? plain(value) : `${plain(value * 100)} %`;
  if (kind in UNITS) return withUnit(value * UNITS[kind][0], UNITS[kind][1]);
  return plain(value);
}

function withUnit(value, unit) {
  if (value === 0) return `0 ${unit}`;
  const step = Math.min(SMALL.length - 1, Math.max(0, Math.ceil(-Math.log10(Math.abs(value)) / 3 - 1e-9)));
  return `${plain(value * 1000 ** step)} ${SMALL[step]}${unit}`;
}

/** A tick's text: short. */
function tickText(value, kind) {
  if (kind in UNITS) return withUnit(value * UNITS[kind][0], UNITS[kind][1]).replace(/\.0+ /, " ");
  if (kind === "share" && value !== 0 && value >= 1e-3) return `${Number((value * 100).toPrecision(3))} %`;
  const size = Math.abs(value);
  const unit = kind === "bytes" ? " B" : "";
  for (const [limit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= limit) return `${Number((value / limit).toPrecision(3))} ${letter}${unit.trim()}`;
  }
  return size !== 0 && size < 1e-3 ? value.toExponential(0) : `${Number(value.toPrecision(3))}${unit}`;
}

/** Ticks of a logarithmic axis between two positive values: 1, 2, 5 of each decade, fewer where they are many. */
function logTicks(low, high, most) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const found = [];
    for (let power = first; power <= last; power++) found.push(...digits.map((digit) => digit * 10 ** power));
    const inside = found.filter((value) => value >= low && value <= high);
    if (inside.length <= most && inside.length > 1) return inside;
  }
  const every = Math.max(1, Math.ceil((last - first) / most));
  const powers = [];
  for (let power = first; power <= last; power += every) powers.push(10 ** power);
  const inside = powers.filter((value) => value >= low && value <= high);
  return inside.length > 1 ? inside : linearTicks(low, high, most);
}

/** Ticks of a linear axis: steps of 1, 2 or 5. */
function linearTicks(low, high, most) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough);
  const found = [];
  for (let index = Math.ceil(low / step); index * step <= high + step * 1e-9; index++) found.push(Number((index * step).toPrecision(12)));
  return found;
}
