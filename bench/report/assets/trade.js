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
  const [x, y] = report.usual.map(([file, column]) => report.axes.find((axis) => axis.file === file && axis.column === column));
  trade.x = x || report.axes[0];
  trade.y = y || report.axes.find((axis) => axis !== trade.x) || trade.x;
  trade.usual = { x: trade.x, y: trade.y };
  trade.matrix = report.start;
  drawControls();
  drawTrade();
  keepInAddress({ owns: (name) => !name.includes("."), write: writeTrade, read: readTrade });
  startTradeKeys();
  onTheme(drawTrade);
  new ResizeObserver(later(drawTrade)).observe(byId("trade-plot"));
}

/** What is not as at first, for the address. */
function writeTrade(params) {
  if (trade.matrix !== report.start) params.set("matrix", matrixName(trade.matrix));
  for (const side of ["x", "y"]) if (trade[side] !== trade.usual[side]) params.set(side, axisName(trade[side]));
  for (const [name, values] of choicesFor(trade.x, trade.y)) if (trade.choice[name] !== values[0]) params.set(name, trade.choice[name]);
  if (!trade.log.x) params.set("scale", "linear");
  for (const name of ["ceilings", "lossy"]) if (trade[name]) params.set(name, "yes");
  for (const label of trade.hidden) params.append("without", label);
}

/** Takes the choices of an address; what it does not say is as at first. */
function readTrade(params) {
  const unknown = [];
  const names = report.matrices.map((_, index) => matrixName(index));
  const axes = report.axes.map(axisName);
  trade.matrix = names.indexOf(chosenOf(params, "matrix", names, names[report.start], unknown));
  for (const side of ["x", "y"]) trade[side] = report.axes[axes.indexOf(chosenOf(params, side, axes, axisName(trade.usual[side]), unknown))];
  const choices = choicesFor(trade.x, trade.y);
  trade.choice = Object.fromEntries(choices.map(([name, values]) => [name, chosenOf(params, name, values, values[0], unknown)]));
  const linear = chosenOf(params, "scale", ["linear", "logarithmic"], "logarithmic", unknown) === "linear";
  trade.log = { x: !linear, y: !linear };
  for (const name of ["ceilings", "lossy"]) trade[name] = chosenOf(params, name, ["yes", "no"], "no", unknown) === "yes";
  const hidden = params.getAll("without");
  trade.hidden = new Set(hidden.filter((label) => label in report.marks));
  unknown.push(...hidden.filter((label) => !(label in report.marks)).map((label) => `without ${label}`));
  const known = new Set(["matrix", "x", "y", "scale", "ceilings", "lossy", "without", ...choices.map(([name]) => name)]);
  unknown.push(...[...params.keys()].filter((name) => !name.includes(".") && !known.has(name)));
  drawControls();
  drawTrade();
  return unknown;
}

function axisName(axis) {
  return `${axis.file}.${axis.column}`;
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
  chose("trade");
}

/** Shows a matrix in the plot, which the screen goes to. */
function openMatrix(index, event = null) {
  event?.preventDefault();
  chooseMatrix(index);
  byId("trade").scrollIntoView();
  byId("trade-plot").focus({ preventScroll: true });
}

function drawControls() {
  const change = (name, read = (text) => text) => (text) => {
    trade[name] = read(text);
    drawControls();
    drawTrade();
    chose("trade");
  };
  const axes = report.axes.map((axis, index) => [String(index), axis.title]);
  const matrices = () => selectField("Matrix", drawableFirst(), String(trade.matrix), change("matrix", Number), true);
  const fields = () => [
    selectField("Across", axes, String(report.axes.indexOf(trade.x)), change("x", axisAt)),
    selectField("Up", axes, String(report.axes.indexOf(trade.y)), change("y", axisAt)),
    ...choiceFields(),
    checkField("Logarithmic", trade.log.x, (on) => change("log")({ x: on, y: on })),
    checkField("Ceilings", trade.ceilings, change("ceilings")),
    ...(hasLossy() ? [checkField("Lossy ones compete", trade.lossy, change("lossy"))] : []),
    el("button", { type: "button", onclick: savePicture }, "Save picture (SVG)"),
  ];
  keepingFocus(byId("trade-matrix"), () => byId("trade-matrix").replaceChildren(matrices()));
  keepingFocus(byId("trade-controls"), () => byId("trade-controls").replaceChildren(...fields()));
}

/** Matrices to choose from: those without a point at the chosen axes last, and said to be such. */
function drawableFirst() {
  const options = matrixOptions().map(([index, text]) => [index, text, pointsOf(Number(index), trade.x, trade.y, trade.choice).points.length > 0]);
  const without = options.filter(([, , drawable]) => !drawable).map(([index, text]) => [index, `${text} (nothing at these axes)`]);
  return [...options.filter(([, , drawable]) => drawable).map(([index, text]) => [index, text]), ...without];
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
        chose("trade");
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
    byId("trade-legend").replaceChildren(...legendOf(order, lines, trade.hidden, hide));
  }
  byId("trade-note").textContent = noteOn(parts);
  drawAnswers();
  byId("trade-points").lastChild.replaceChildren(pointsTable(shown, front));
  trade.listeners.forEach((listener) => listener());
}

function hide() {
  drawTrade();
  chose("trade");
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
