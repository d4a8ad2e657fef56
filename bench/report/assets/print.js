/* Print: every plot is drawn, in light colours and as wide as paper. */

function startPrint() {
  const root = document.documentElement;
  let theme = "";
  const redraw = () => {
    if (!report.axes.length) return;
    drawTrade();
    drawAllMultiples();
  };
  window.addEventListener("beforeprint", () => {
    theme = root.dataset.theme || "";
    root.dataset.theme = "light";
    root.classList.add("printing");
    redraw();
  });
  window.addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.classList.remove("printing");
    redraw();
  });
}
