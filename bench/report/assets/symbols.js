/* Symbols beside names, the same as plotly's in the plots: colour and shape together. */

/** Corners of a regular polygon around (0, 0); ``inner``: every other corner at that radius, for stars. */
function polygon(corners, turn, radius = 1, inner = null) {
  const all = inner === null ? corners : corners * 2;
  const points = Array.from({ length: all }, (_, index) => {
    const angle = (turn + (360 * index) / all) * (Math.PI / 180);
    const length = inner !== null && index % 2 ? inner : radius;
    return `${(length * Math.sin(angle)).toFixed(3)},${(-length * Math.cos(angle)).toFixed(3)}`;
  });
  return `M${points.join("L")}Z`;
}

const PLUS = "M-1,-0.4H-0.4V-1H0.4V-0.4H1V0.4H0.4V1H-0.4V0.4H-1Z";
const SHAPES = {
  circle: "M0,-0.95A0.95,0.95 0 1 1 0,0.95A0.95,0.95 0 1 1 0,-0.95Z",
  square: polygon(4, 45, 1.2),
  diamond: polygon(4, 0, 1.25),
  "triangle-up": polygon(3, 0, 1.15),
  "triangle-down": polygon(3, 180, 1.15),
  "triangle-right": polygon(3, 90, 1.15),
  cross: PLUS,
  x: PLUS,
  pentagon: polygon(5, 0, 1.1),
  hexagon: polygon(6, 0, 1.1),
  star: polygon(5, 0, 1.25, 0.5),
};

/** A small picture of a format's mark; lossy ones have a dot in the middle, as in the plots. */
function swatch(label) {
  const mark = markOf(label);
  const grey = mark.section === "ceilings" || mark.section === "bounds";
  const path = el("path", {
    d: grey ? "M-1.1,0H1.1" : SHAPES[mark.symbol],
    transform: mark.symbol === "x" && !grey ? "rotate(45)" : null,
    style: grey ? "stroke: var(--quiet); stroke-width: 0.35" : `fill: var(--mark-${mark.colour}); stroke: var(--rim); stroke-width: 0.18`,
  });
  const dot = mark.lossy && !grey ? el("path", { d: "M0,-0.28A0.28,0.28 0 1 1 0,0.28A0.28,0.28 0 1 1 0,-0.28Z", style: "fill: var(--rim)" }) : null;
  return el("svg", { class: "swatch", viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": "true" }, path, dot);
}

/* Dashes of lines, in pixels, as plotly and SVG both take them. */
const DASHES = ["7px,4px", "2px,3px", "10px,3px,2px,3px", "14px,5px", "4px,4px", "10px,3px,2px,3px,2px,3px"];

/** The dashes of what is drawn as a line: told apart within its section. */
function dashOf(label) {
  const own = Object.keys(report.marks).filter((other) => markOf(other).section === markOf(label).section);
  return DASHES[own.indexOf(label) % DASHES.length];
}

/** A small picture of a line with its dashes. */
function lineSwatch(label) {
  const dashes = dashOf(label).replaceAll("px", "").replaceAll(",", " ");
  const path = el("path", { d: "M0,8H36", style: `stroke: var(--quiet); stroke-width: 2; stroke-dasharray: ${dashes}` });
  return el("svg", { class: "swatch line", viewBox: "0 0 36 16", "aria-hidden": "true" }, path);
}

/** The mark's name in plotly. */
function plotSymbol(label) {
  const mark = markOf(label);
  return mark.lossy ? `${mark.symbol}-dot` : mark.symbol;
}

/** The colours of the palette as numbers of bench/show/symbols.py. */
function palette() {
  return Array.from({ length: 8 }, (_, index) => colour(`mark-${index}`));
}
