/* The columns of the table of all rows: in which order, how wide, how a field shows. */

const FIRST_COLUMNS = ["format", "dataset", "params"]; // the first two stay in view: a figure is of a format on a matrix
const LAST_COLUMNS = ["source", "reason", "machine", "isa", "compiler", "reference", "reference_sha", "code_sha", "matrix_sha256"];
const WIDEST = 34;

/** Names first, figures after them, where they come from at the end. */
function columnOrder(sheet) {
  const known = (names) => names.filter((name) => sheet.names.includes(name));
  const ends = new Set([...FIRST_COLUMNS, ...LAST_COLUMNS, "status"]);
  const keys = sheet.splits.filter((name) => !ends.has(name));
  const rest = sheet.names.filter((name) => !ends.has(name) && !keys.includes(name));
  return [...known(FIRST_COLUMNS), ...keys, ...known(["status"]), ...rest, ...known(LAST_COLUMNS)];
}

/** In widths of a digit: what its longest text takes, up to a limit; letters are wider than digits. */
function columnWidth(sheet, name) {
  let most = name.length + 2;
  for (let row = 0; row < sheet.count && most < WIDEST; row++) most = Math.max(most, shownText(sheet, name, row).length + (name === "format" ? 3 : 0));
  return Math.ceil(Math.min(most, WIDEST) * (sheet.isNumber(name) && most > name.length + 2 ? 1 : 1.12));
}

/** Hashes are cut, whole numbers have their digits in threes; the rest is as in the file. */
function shownText(sheet, name, row) {
  const text = sheet.text(name, row);
  if (name.endsWith("sha256")) return text.slice(0, 12);
  return sheet.isNumber(name) && /^\d{5,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, THIN) : text;
}

function fieldOf(sheet, name, row) {
  const text = sheet.text(name, row);
  if (name === "format") {
    const label = sheet.labels[row];
    const open = el("button", { type: "button", class: "link", onclick: () => showDetails([[sheet.file, row]]) }, swatch(label), ` ${text}${rowName(sheet, row).endsWith("≈") ? " ≈" : ""}`);
    const matrix = el("span", { class: "of" }, ` ${sheet.text("dataset", row)}`); // where there is no room for its column
    return el("td", { title: `${text} on ${sheet.text("dataset", row)}` }, open, matrix);
  }
  if (name === "status" && text !== "ok") return el("td", { class: "bad" }, `⚠ ${text}`);
  return el("td", { class: sheet.isNumber(name) ? "figure" : null, title: text.length > 12 ? text : null }, shownText(sheet, name, row));
}
