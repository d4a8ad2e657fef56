/* What is drawn for a matrix: points with both figures, lines for what has only one, and the front. */

const COMPETING = new Set(["formats", "libraries"]);

/** Whether a row is the one that was chosen, as far as its file tells rows apart. */
function isChosen(sheet, row, choice) {
  return sheet.splits.every((name) => !(name in choice) || sheet.text(name, row) === choice[name]);
}

/** By label: the figures of an axis that went well; ``rest``: rows without one. */
function figuresOf(axis, matrix, choice) {
  const sheet = sheets.get(axis.file);
  const found = new Map();
  const rest = new Map();
  for (const row of sheet.of(matrix)) {
    if (!isChosen(sheet, row, choice)) continue;
    const value = sheet.ok(row) ? sheet.number(axis.column, row) : null;
    if (value === null) rest.set(sheet.labels[row], row);
    else found.set(sheet.labels[row], { value, row, low: bound(sheet, axis.low, row), high: bound(sheet, axis.high, row) });
  }
  return { found, rest };
}

function bound(sheet, column, row) {
  return column ? sheet.number(column, row) : null;
}

/** Points, vertical and horizontal lines, and what could not be drawn, of a matrix. */
function pointsOf(matrix, x, y, choice) {
  const [across, up] = [figuresOf(x, matrix, choice), figuresOf(y, matrix, choice)];
  const labels = new Set([...across.found.keys(), ...up.found.keys(), ...across.rest.keys(), ...up.rest.keys()]);
  const parts = { points: [], vertical: [], horizontal: [], ceilings: [], missing: [] };
  for (const label of labels) {
    const [a, b] = [across.found.get(label), up.found.get(label)];
    const section = markOf(label).section;
    if (section === "ceilings") addCeiling(parts, label, b, across.found);
    else if (a && b && section !== "bounds") parts.points.push({ label, x: a, y: b });
    else if (section !== "formats") addLines(parts, label, a, b);
    else parts.missing.push(whyMissing(label, a ? y : x, a ? up.rest : across.rest));
  }
  parts.points.sort((a, b) => a.x.value - b.x.value || inOrder(a.label, b.label));
  return parts;
}

/** A bound, or a library of which one figure is known, is a line for each figure that it has. */
function addLines(parts, label, across, up) {
  if (across) parts.vertical.push({ label, x: across });
  if (up) parts.horizontal.push({ label, y: up });
}

/** A ceiling stands at the size of the format that it belongs to. */
function addCeiling(parts, label, figure, across) {
  const owner = across.get(label.slice(label.indexOf("=") + 1, -1));
  if (figure && owner) parts.ceilings.push({ label, x: owner, y: figure });
}

function whyMissing(label, axis, rest) {
  const row = rest.get(label);
  const sheet = sheets.get(axis.file);
  const status = row === undefined ? "" : sheet.text("status", row);
  const reason = row === undefined ? "" : sheet.text("reason", row);
  if (row === undefined) return `${nameOf(label)} (no row in ${axis.file}.csv)`;
  return `${nameOf(label)} (${axis.file}: ${status === "ok" ? "no figure" : status}${reason ? `, ${reason}` : ""})`;
}

/** The points that no other one beats at both axes, by x; exact ones, unless lossy ones compete too. */
function frontOf(points, withLossy) {
  const competing = points.filter(({ label }) => COMPETING.has(markOf(label).section) && (withLossy || !markOf(label).lossy));
  competing.sort((a, b) => a.x.value - b.x.value || a.y.value - b.y.value);
  const front = [];
  for (const point of competing) {
    if (!front.length || point.y.value < front[front.length - 1].y.value) front.push(point);
  }
  return front;
}

/** What a reader has to choose for two axes: keys of their files with more than one value, and the values. */
function choicesFor(x, y) {
  const files = [...new Set([x.file, y.file])].map((file) => sheets.get(file));
  const names = [...new Set(files.flatMap((sheet) => sheet.splits))];
  return names
    .map((name) => [name, sharedValues(files.filter((sheet) => sheet.splits.includes(name)), name)])
    .filter(([, values]) => values.length > 0);
}

/** The values that all of the sheets have, or all that there are if they share none. */
function sharedValues(files, name) {
  const lists = files.map((sheet) => sheet.valuesOf(name));
  const shared = lists[0].filter((value) => lists.every((list) => list.includes(value)));
  return (shared.length ? shared : [...new Set(lists.flat())]).filter((value) => value !== "");
}

/** All figures of a format on a matrix under a choice, as [title, text]. */
function allFigures(label, matrix, choice) {
  const found = [];
  for (const axis of report.axes) {
    const figure = figuresOf(axis, matrix, choice).found.get(label);
    if (figure) found.push([axis.title, figureText(figure, axis)]);
  }
  return found;
}

function figureText(figure, axis) {
  const interval = figure.low !== null && figure.high !== null ? ` (${human(figure.low, axis.kind)} to ${human(figure.high, axis.kind)})` : "";
  return human(figure.value, axis.kind) + interval;
}
