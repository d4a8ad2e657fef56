/* The results, as bench/report/pack.py packed them. */

const report = JSON.parse(byId("data").textContent);
const matrixKeys = new Map(report.matrices.map((matrix, index) => [`${matrix.dataset}\0${matrix.sha256}`, index]));

/** One results file: columns by name, values by row number. */
class Sheet {
  constructor(file, packed) {
    this.file = file;
    this.count = packed.count;
    this.names = packed.columns.map(([name]) => name);
    this.columns = new Map(packed.columns);
    this.splits = report.splits[file];
    const rows = Array.from({ length: this.count }, (_, row) => row);
    this.labels = rows.map((row) => labelOf(this.text("format", row), this.text("params", row)));
    this.matrices = rows.map((row) => matrixKeys.get(`${this.text("dataset", row)}\0${this.text("matrix_sha256", row)}`));
    this.byMatrix = Map.groupBy ? Map.groupBy(rows, (row) => this.matrices[row]) : grouped(rows, this.matrices);
  }

  /** What stands in the CSV file. */
  text(name, row) {
    const column = this.columns.get(name);
    if (!column) return "";
    if (column.words) return column.words[column.codes ? column.codes[row] : 0];
    const value = column.values[row];
    return value === null ? "" : value.toFixed(column.decimals);
  }

  /** A figure, or null. */
  number(name, row) {
    const column = this.columns.get(name);
    if (!column) return null;
    if (column.values) return column.values[row];
    const text = this.text(name, row);
    const value = text === "" ? NaN : Number(text);
    return Number.isNaN(value) ? null : value;
  }

  isNumber(name) {
    const column = this.columns.get(name);
    return Boolean(column && (column.values || column.number));
  }

  ok(row) {
    return this.text("status", row) === "ok";
  }

  of(matrix) {
    return this.byMatrix.get(matrix) || [];
  }

  /** The different texts of a column, numbers in their order. */
  valuesOf(name) {
    const found = new Set();
    for (let row = 0; row < this.count; row++) found.add(this.text(name, row));
    return [...found].sort(inOrder);
  }
}

const collator = new Intl.Collator("en", { numeric: true });

function inOrder(a, b) {
  return collator.compare(a, b);
}

function grouped(rows, keys) {
  const found = new Map();
  for (const row of rows) {
    if (!found.has(keys[row])) found.set(keys[row], []);
    found.get(keys[row]).push(row);
  }
  return found;
}

function labelOf(format, params) {
  return params ? `${format}[${params}]` : format;
}

const sheets = new Map(Object.entries(report.files).map(([file, packed]) => [file, new Sheet(file, packed)]));

/** A format's look; one that is not known looks like nothing in particular. */
function markOf(label) {
  return report.marks[label];
}

/** What a format is called: lossy ones are marked. */
function nameOf(label) {
  const mark = markOf(label);
  return mark.lossy ? `${mark.short} ≈` : mark.short;
}

/** The name of a row's format; a level of a nested matrix may be lossy where the format is not. */
function rowName(sheet, row) {
  const label = sheet.labels[row];
  return nameOf(label) + (!markOf(label).lossy && sheet.text("lossless", row) === "false" ? " ≈" : "");
}

/** A matrix for lists: with the beginning of its hash where another one has the same name. */
function matrixName(index) {
  const { dataset, sha256 } = report.matrices[index];
  const same = report.matrices.filter((other) => other.dataset === dataset).length;
  return same > 1 ? `${dataset} (${sha256.slice(0, 8)})` : dataset;
}

/** Options of all matrices, with twins said to be such. */
function matrixOptions() {
  return report.matrices.map((matrix, index) => [String(index), matrixName(index) + (matrix.twin ? " (twin)" : "")]);
}
