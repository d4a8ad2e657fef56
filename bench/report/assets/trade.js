/* Size against speed: choices, the plot, its legend, its points as a table, and the keyboard. */

const trade = { matrix: 0, x: null, y: null, choice: {}, hidden: new Set(), ceilings: false, lossy: false, log: { x: true, y: true }, at: -1, listeners: [] };

function axisAt(text) {
  return report.axes[Number(text)];
}

function startTrade() {
  if (!report.axes.length) {
    byId("trade-plot").replaceChildren(el("p", { class: "empty" }, "No row has a figure that could be an axis."));
    return;
  }
  const find = (file, column) => report.axes.find((axis) => axis.file === file && axis.column === column);
  trade.x = find("space", "bytes") || report.axes[0];
  trade.y = find("time", "time_ratio") || report.axes.find((axis) => axis !== trade.x) || trade.x;
  trade.matrix = Math.max(0, bestStart());
  drawControls();
  drawTrade();
  startTradeKeys();
  onTheme(drawTrade);
  new ResizeObserver(later(drawTrade)).observe(byId("trade-plot"));
}

/** The matrix with the most points: something to see at first. */
function bestStart() {
  const counts = report.matrices.map((_, index) => Math.min(...[trade.x, trade.y].map((axis) => sheets.get(axis.file).of(index).length)));
  return counts.indexOf(Math.max(...counts));
}

/** Calls a function once after a burst of events. */
function later(work) {
  let waiting = 0;
  return () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(work);
  };
}

function chooseMatrix(index) {
  if (!report.axes.length) return;
  trade.matrix = index;
  drawControls();
  drawTrade();
}

function drawControls() {
  const change = (name, read = (text) => text) => (text) => {
    trade[name] = read(text);
    drawControls();
    drawTrade();
  };
  const axes = report.axes.map((axis, index) => [String(index), axis.title]);
  const fields = () => [
    selectField("Matrix", matrixOptions(), String(trade.matrix), change("matrix", Number), true),
    selectField("Across", axes, String(report.axes.indexOf(trade.x)), change("x", axisAt)),
    selectField("Up", axes, String(report.axes.indexOf(trade.y)), change("y", axisAt)),
    ...choiceFields(),
    checkField("Logarithmic", trade.log.x, (on) => change("log")({ x: on, y: on })),
    checkField("Ceilings", trade.ceilings, change("ceilings")),
    ...(hasLossy() ? [checkField("Lossy ones compete", trade.lossy, change("lossy"))] : []),
    el("button", { type: "button", onclick: savePicture }, "Save picture (SVG)"),
  ];
  keepingFocus(byId("trade-controls"), () => byId("trade-controls").replaceChildren(...fields()));
}

function savePicture() {
  const name = `${report.matrices[trade.matrix].dataset}-${trade.x.column}-${trade.y.column}`.replace(/[^\w-]+/g, "_");
  Plotly.downloadImage(byId("trade-plot").firstElementChild, { format: "svg", filename: name });
}

function hasLossy() {
  return Object.values(report.marks).some((mark) => mark.lossy);
}

const CHOICE_TITLES = { batch: "Vectors at once", threads: "Threads", cache: "Cache", array: "Array", input_length: "Inputs", word_cycles: "Cycles a word", kind: "Kind" };

/** Lists for what is left to choose; what has one value only is chosen. */
function choiceFields() {
  const choices = choicesFor(trade.x, trade.y);
  trade.choice = Object.fromEntries(choices.map(([name, values]) => [name, values.includes(trade.choice[name]) ? trade.choice[name] : values[0]]));
  return choices
    .filter(([, values]) => values.length > 1)
    .map(([name, values]) =>
      selectField(CHOICE_TITLES[name] || name, values.map((value) => [value, value]), trade.choice[name], (value) => {
        trade.choice[name] = value;
        drawTrade();
      }),
    );
}

/** What is to be drawn of a matrix under the choices made. */
function shownParts(matrix) {
  const parts = pointsOf(matrix, trade.x, trade.y, trade.choice);
  const seen = (one) => !trade.hidden.has(one.label);
  const shown = { ...parts, points: parts.points.filter(seen), vertical: parts.vertical.filter(seen), horizontal: parts.horizontal.filter(seen) };
  shown.ceilings = trade.ceilings ? parts.ceilings.filter((one) => seen({ label: one.label })) : [];
  return { parts, shown };
}

/** Lossy formats compete where the error itself is an axis. */
function lossyCompete() {
  return trade.lossy || [trade.x, trade.y].some((axis) => axis.column.startsWith("error"));
}

function drawTrade() {
  const { parts, shown } = shownParts(trade.matrix);
  trade.points = shown.points;
  trade.at = -1;
  const front = drawPlot(shown);
  const labels = [...parts.points, ...parts.vertical, ...parts.horizontal, ...(trade.ceilings ? parts.ceilings : [])].map((one) => one.label);
  if (!byId("trade-legend").contains(document.activeElement)) {
    const order = Object.keys(report.marks).filter((label) => labels.includes(label));
    const lines = new Set([...parts.vertical, ...parts.horizontal].map((one) => one.label));
    byId("trade-legend").replaceChildren(...legendOf(order, lines, trade.hidden, drawTrade));
  }
  byId("trade-note").textContent = noteOn(parts);
  byId("trade-points").lastChild.replaceChildren(pointsTable(shown, front));
  trade.listeners.forEach((listener) => listener());
}

function drawPlot(shown) {
  const box = byId("trade-plot");
  const place = box.firstElementChild;
  const size = { width: box.clientWidth, height: box.clientHeight };
  if (!shown.points.length && !shown.vertical.length && !shown.horizontal.length) {
    Plotly.purge(place);
    place.replaceChildren(el("p", { class: "empty" }, "Nothing of this matrix has these figures: choose other axes or another matrix."));
    return [];
  }
  place.querySelector(".empty")?.remove();
  const figure = figureFor(shown, trade.x, trade.y, size, { small: false, lossy: lossyCompete(), log: trade.log, hover: hoverText });
  Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: false, doubleClick: "reset" });
  place.removeAllListeners?.("plotly_click");
  place.on("plotly_click", (event) => clicked(event.points[0]));
  return figure.front;
}

function clicked(point) {
  if (point.curveNumber === 2) showPoint(trade.points[point.pointIndex]);
}

/** The rows behind a point. */
function showPoint(point) {
  const rows = [[trade.x.file, point.x.row], [trade.y.file, point.y.row]];
  showDetails(trade.x.file === trade.y.file ? rows.slice(0, 1) : rows);
}

/** All figures of a format; where there is little room, those of the axes. */
function hoverText(point) {
  const mark = markOf(point.label);
  const narrow = byId("trade-plot").clientWidth < 600;
  const axes = [[trade.x.title, figureText(point.x, trade.x)], [trade.y.title, human(point.y.value, trade.y.kind)]];
  const lines = (narrow ? axes : allFigures(point.label, trade.matrix, trade.choice)).map(([title, text]) => `${escapeHover(title)}: <b>${escapeHover(text)}</b>`);
  const lossy = mark.lossy ? "<br>lossy: it holds another matrix" : "";
  return `<b>${escapeHover(nameOf(point.label))}</b>${lossy}<br>${lines.join("<br>")}`;
}

/** What a reader of the plot has to be told. */
function noteOn(parts) {
  const matrix = report.matrices[trade.matrix];
  const said = matrix.twin ? ["This matrix is a twin: synthetic, made to look like the real one."] : [];
  said.push(...slicesOf([trade.x, trade.y]));
  if (parts.missing.length) said.push(`Not drawn: ${parts.missing.join("; ")}.`);
  return said.join(" ");
}

/** Of a large matrix only a share of its columns may have been counted. */
function slicesOf(axes) {
  const sheet = [...new Set(axes.map((axis) => axis.file))].map((file) => sheets.get(file)).find((one) => one.names.includes("columns_share"));
  const shares = sheet ? new Set(sheet.of(trade.matrix).map((row) => sheet.text("columns_share", row)).filter((share) => share && share !== "1")) : [];
  return [...shares].map((share) => `Instructions were counted on ${share} of the columns, and are of these.`);
}

/** The same points for whoever reads rather than looks. */
function pointsTable(shown, front) {
  const head = ["Format", trade.x.title, trade.y.title, "On the front", "Source"];
  const rows = shown.points.map((point) => {
    const source = el("button", { type: "button", class: "link", "aria-label": `Source of ${nameOf(point.label)}`, onclick: () => showPoint(point) }, "Show");
    const cells = [[swatch(point.label), ` ${nameOf(point.label)}`], figureText(point.x, trade.x), figureText(point.y, trade.y), front.some((one) => one.label === point.label) ? "yes" : "", source];
    return el("tr", {}, cells.map((cell, index) => el(index ? "td" : "th", index ? { class: index < 3 ? "figure" : null } : { scope: "row" }, cell)));
  });
  const titles = el("tr", {}, head.map((title, index) => el("th", { scope: "col", class: index === 1 || index === 2 ? "figure" : null }, title)));
  return el("div", { class: "box", tabindex: "0", role: "region", "aria-label": "Points of the plot" }, el("table", { class: "plain" }, el("thead", {}, titles), el("tbody", {}, rows)));
}

function startTradeKeys() {
  const box = byId("trade-plot");
  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && trade.points.length) {
      event.preventDefault();
      trade.at = trade.at < 0 ? (step > 0 ? 0 : trade.points.length - 1) : (trade.at + step + trade.points.length) % trade.points.length;
      pointAt(trade.points[trade.at]);
    } else if (event.key === "Enter" && trade.at >= 0) {
      event.preventDefault(); // else the same key presses the button that gets the focus
      showPoint(trade.points[trade.at]);
    }
  });
  box.addEventListener("blur", () => Plotly.Fx.unhover(box.firstElementChild));
}

function pointAt(point) {
  const place = byId("trade-plot").firstElementChild;
  Plotly.Fx.hover(place, [{ curveNumber: 2, pointNumber: trade.at }]);
  byId("trade-said").textContent = `${nameOf(point.label)}, ${trade.x.title} ${figureText(point.x, trade.x)}, ${trade.y.title} ${figureText(point.y, trade.y)}`;
}
