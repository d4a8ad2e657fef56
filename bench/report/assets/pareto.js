/* The plot of one matrix with plotly: points, intervals, the front, lines for bounds and libraries. */

const MARGIN = { l: 72, r: 20, t: 22, b: 56 };

/** A plotly figure of ``parts`` (see pointsOf); ``size``: pixels; ``small``: no labels, no titles. */
function figureFor(parts, x, y, size, options) {
  const look = { ink: colour("ink"), quiet: colour("quiet"), line: colour("line"), panel: colour("panel"), edge: colour("edge"), accent: colour("accent"), rim: colour("rim"), marks: palette() };
  const margin = options.small ? { l: 46, r: 8, t: 8, b: 26 } : { ...MARGIN, l: size.width < 500 ? 58 : MARGIN.l };
  const axes = { x: axisRange(parts, "x", size.width - margin.l - margin.r, options), y: axisRange(parts, "y", size.height - margin.t - margin.b, options) };
  const front = frontOf(parts.points, options.lossy);
  const places = options.small ? null : placeNames(parts, front, axes);
  const drawn = [frontTrace(front, look), ceilingTrace(parts.ceilings, look), pointTrace(parts.points, places, look, options)];
  const shapes = [...parts.vertical.map((one) => lineShape(one, "x", look)), ...parts.horizontal.map((one) => lineShape(one, "y", look))];
  return {
    data: drawn,
    layout: {
      ...baseLayout(look, margin, size),
      xaxis: axisLayout(axes.x, x, look, options),
      yaxis: axisLayout(axes.y, y, look, options),
      shapes,
      annotations: options.small ? [] : placeNotes(parts, places, front, axes).map((note) => noteLayout(note, look)),
    },
    front,
  };
}

function baseLayout(look, margin, size) {
  return {
    ...size, margin, showlegend: false, hovermode: "closest", dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    paper_bgcolor: look.panel, plot_bgcolor: look.panel,
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: look.ink },
    hoverlabel: { align: "left", bgcolor: look.panel, bordercolor: look.edge, font: { color: look.ink, size: 13 } },
  };
}

/** Whether it is logarithmic, its range (of logarithms then) and its ticks. */
function axisRange(parts, side, pixels, options) {
  const lines = side === "x" ? parts.vertical : parts.horizontal;
  const figures = [...parts.points, ...lines, ...parts.ceilings].map((one) => one[side]);
  const values = figures.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const log = options.log[side] && values.length > 0 && Math.min(...values) > 0;
  const scaled = log ? values.map(Math.log10) : values;
  let [low, high] = scaled.length ? [Math.min(...scaled), Math.max(...scaled)] : [0, 1];
  const pad = Math.max((high - low) * (options.small ? 0.12 : 0.08), log ? 0.06 : Math.abs(high) * 0.05, 1e-12);
  [low, high] = [low - pad, high + pad];
  const most = Math.max(2, Math.floor(pixels / (side === "x" ? 75 : 38)));
  return { log, range: [low, high], pixels, ticks: log ? logTicks(10 ** low, 10 ** high, most) : linearTicks(low, high, most) };
}

function axisLayout(range, axis, look, options) {
  return {
    type: range.log ? "log" : "linear", range: range.range, tickvals: range.ticks, ticktext: range.ticks.map((value) => tickText(value, axis.kind)),
    title: options.small ? undefined : { text: axis.title + (range.log ? " (logarithmic)" : ""), standoff: 12, font: { size: 13, color: look.quiet } },
    gridcolor: look.line, linecolor: look.edge, zeroline: false, tickfont: { size: options.small ? 10.5 : 12, color: look.quiet }, ticks: "", showline: true, fixedrange: options.small,
  };
}

function frontTrace(front, look) {
  return {
    type: "scatter", mode: "lines", x: front.map((point) => point.x.value), y: front.map((point) => point.y.value),
    line: { color: look.accent, width: 2, shape: "hv" }, hoverinfo: "skip",
  };
}

function ceilingTrace(ceilings, look) {
  return {
    type: "scatter", mode: "markers", x: ceilings.map((one) => one.x.value), y: ceilings.map((one) => one.y.value),
    marker: { symbol: "line-ew-open", size: 13, color: look.quiet, line: { width: 2, color: look.quiet } },
    hovertext: ceilings.map((one) => `ceiling: ${escapeHover(markOf(one.label).short)}`), hoverinfo: "text",
  };
}

function pointTrace(points, places, look, options) {
  const labels = points.map((point) => point.label);
  return {
    type: "scatter", mode: options.small ? "markers" : "markers+text", cliponaxis: false,
    x: points.map((point) => point.x.value), y: points.map((point) => point.y.value),
    error_x: errorBars(points, "x", look), error_y: errorBars(points, "y", look),
    marker: { symbol: labels.map(plotSymbol), color: labels.map((label) => look.marks[markOf(label).colour]), size: options.small ? 9 : 13, opacity: 1, line: { color: look.rim, width: 1.2 } },
    text: places ? labels.map((label, index) => (places[index] ? escapeHover(nameOf(label)) : "")) : undefined,
    textposition: places ? places.map((place) => place || "top center") : undefined,
    textfont: { size: 12.5, color: look.ink },
    hovertext: options.hover ? points.map(options.hover) : undefined, hoverinfo: options.hover ? "text" : "skip",
  };
}

function errorBars(points, side, look) {
  const known = points.some((point) => point[side].low !== null && point[side].high !== null);
  if (!known) return undefined;
  const [more, less] = [points.map(({ [side]: one }) => (one.high ?? one.value) - one.value), points.map(({ [side]: one }) => one.value - (one.low ?? one.value))];
  return { type: "data", symmetric: false, array: more, arrayminus: less, color: look.ink, thickness: 1.2, width: 3 };
}

/** A line across the plot for what has one figure only. */
function lineShape(one, side, look) {
  const [across, along] = side === "x" ? ["x", "y"] : ["y", "x"];
  return {
    type: "line", layer: "below", line: { color: look.quiet, width: 1.5, dash: dashOf(one.label) },
    [`${across}0`]: one[side].value, [`${across}1`]: one[side].value, [`${along}0`]: 0, [`${along}1`]: 1, [`${along}ref`]: "paper", [`${across}ref`]: side,
  };
}

/** The name of a line, in pixels from the lower left corner of the plot. */
function noteLayout({ label, box, upright }, look) {
  return {
    text: escapeHover(nameOf(label)), showarrow: false, font: { size: 12, color: look.quiet }, textangle: upright ? -90 : 0,
    x: 0, xref: "paper", xanchor: "center", xshift: (box.left + box.right) / 2, y: 1, yref: "paper", yanchor: "middle", yshift: -(box.top + box.bottom) / 2,
  };
}

/** plotly reads markup in texts: names must not be any. */
function escapeHover(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
