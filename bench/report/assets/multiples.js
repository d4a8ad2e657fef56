/* All matrices with the same axes, small; each is drawn when it comes into view. */

function startMultiples() {
  if (!report.axes.length) return;
  const figures = report.matrices.map((matrix, index) => multipleOf(matrix, index));
  byId("glance-plots").replaceChildren(...figures);
  const stale = new Set(figures);
  const inView = new Set();
  const draw = () => inView.forEach((figure) => stale.delete(figure) && drawMultiple(figure));
  const watcher = new IntersectionObserver(
    (entries) => {
      entries.forEach((entry) => (entry.isIntersecting ? inView.add(entry.target) : inView.delete(entry.target)));
      draw();
    },
    { rootMargin: "300px" },
  );
  figures.forEach((figure) => watcher.observe(figure));
  const anew = () => {
    figures.forEach((figure) => stale.add(figure));
    figures.forEach((figure, index) => figure.classList.toggle("chosen", index === trade.matrix));
    draw();
  };
  trade.listeners.push(later(anew));
  new ResizeObserver(later(anew)).observe(byId("glance-plots"));
}

function multipleOf(matrix, index) {
  const open = () => {
    chooseMatrix(index);
    byId("trade").scrollIntoView();
    byId("trade-plot").focus({ preventScroll: true });
  };
  const tag = matrix.twin ? el("span", { class: "tag" }, "twin") : null;
  const name = el("button", { type: "button", onclick: open }, matrixName(index));
  return el("figure", { class: matrix.twin ? "multiple twin" : "multiple", "data-index": index }, el("figcaption", {}, name, tag), el("div", { class: "small", "aria-hidden": "true" }, el("div", {})));
}

function drawMultiple(figure) {
  const box = figure.querySelector(".small");
  const place = box.firstElementChild;
  const { shown } = shownParts(Number(figure.dataset.index));
  if (!shown.points.length) {
    Plotly.purge(place);
    place.replaceChildren(el("p", { class: "empty" }, "not measured"));
    return;
  }
  place.querySelector(".empty")?.remove();
  const size = { width: box.clientWidth, height: box.clientHeight };
  const drawn = figureFor(shown, trade.x, trade.y, size, { small: true, lossy: lossyCompete(), log: trade.log });
  Plotly.react(place, drawn.data, drawn.layout, { staticPlot: true, displayModeBar: false });
}
