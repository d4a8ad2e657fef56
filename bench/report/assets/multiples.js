/* All matrices with the same axes, small; each is drawn when it comes into view. One without a point has no box. */

const multiples = { figures: [], stale: new Set(), inView: new Set() };

function startMultiples() {
  if (!report.axes.length) {
    byId("glance-note").textContent = "No row has a figure that could be an axis.";
    return;
  }
  multiples.figures = report.matrices.map((matrix, index) => multipleOf(matrix, index));
  byId("glance-plots").replaceChildren(...multiples.figures);
  const watcher = new IntersectionObserver(
    (entries) => {
      entries.forEach((entry) => (entry.isIntersecting ? multiples.inView.add(entry.target) : multiples.inView.delete(entry.target)));
      drawStale(multiples.inView);
    },
    { rootMargin: "300px" },
  );
  markMultiples();
  multiples.figures.forEach((figure) => watcher.observe(figure));
  const anew = () => {
    markMultiples();
    drawStale(multiples.inView);
  };
  trade.listeners.push(later(anew));
  new ResizeObserver(later(anew)).observe(byId("glance-plots"));
}

/** All of them have to be drawn anew; which have nothing to draw, and which one is chosen. */
function markMultiples() {
  const without = multiples.figures.map((figure, index) => (pointsOf(index, trade.x, trade.y, trade.choice).points.length ? null : index)).filter((index) => index !== null);
  multiples.figures.forEach((figure, index) => {
    multiples.stale.add(figure);
    figure.hidden = without.includes(index);
    figure.classList.toggle("chosen", index === trade.matrix);
  });
  byId("glance-note").replaceChildren(...leftOut(without));
}

/** How many matrices are left out, and why. */
function leftOut(without) {
  const all = report.matrices.length;
  if (!without.length) return [`${all} of ${all} matrices have a point at these axes.`];
  const files = [...new Set([trade.x.file, trade.y.file])];
  const reasons = new Map();
  for (const index of without) {
    const reason = files.filter((file) => !hasFigure(file, index)).map((file) => `${file}.csv`).join(" and ") || "both, but of no format both";
    reasons.set(reason, [...(reasons.get(reason) || []), matrixName(index)]);
  }
  const words = [...reasons].map(([reason, names]) => `${names.length} ${names.length === 1 ? "has" : "have"} ${reason.startsWith("both") ? `figures in ${reason}` : `no figure for it in ${reason}`}`);
  const list = [...reasons].map(([reason, names]) => el("li", {}, `${reason}: ${names.join(", ")}`));
  return [`${all - without.length} of ${all} matrices have a point at these axes; ${words.join(", ")}. `, el("details", {}, el("summary", {}, "Which"), el("ul", {}, list))];
}

function hasFigure(file, index) {
  const axis = [trade.x, trade.y].find((one) => one.file === file);
  return figuresOf(axis, index, trade.choice).found.size > 0;
}

function drawStale(figures) {
  figures.forEach((figure) => !figure.hidden && multiples.stale.delete(figure) && drawMultiple(figure));
}

/** Whether they are in view or not, as paper needs them. */
function drawAllMultiples() {
  multiples.figures.forEach((figure) => multiples.stale.add(figure));
  drawStale(multiples.figures);
}

function multipleOf(matrix, index) {
  const tag = matrix.twin ? el("span", { class: "tag" }, "twin") : null;
  const name = el("button", { type: "button", onclick: () => openMatrix(index) }, matrixName(index));
  return el("figure", { class: matrix.twin ? "multiple twin" : "multiple", "data-index": index }, el("figcaption", {}, name, tag), el("div", { class: "small", "aria-hidden": "true" }, el("div", {})));
}

function drawMultiple(figure) {
  const box = figure.querySelector(".small");
  const place = box.firstElementChild;
  const { shown } = shownParts(Number(figure.dataset.index));
  if (!shown.points.length) {
    Plotly.purge(place);
    place.replaceChildren(el("p", { class: "empty" }, "all of its formats are hidden in the legend"));
    return;
  }
  place.querySelector(".empty")?.remove();
  const size = { width: box.clientWidth, height: box.clientHeight };
  const drawn = figureFor(shown, trade.x, trade.y, size, { small: true, lossy: lossyCompete(), log: trade.log });
  Plotly.react(place, drawn.data, drawn.layout, { staticPlot: true, displayModeBar: false });
}
