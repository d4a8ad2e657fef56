"use strict";
/* The plots, once plotly is there. */

startTrade();
startMultiples();
for (const link of document.querySelectorAll("[data-matrix]")) link.addEventListener("click", () => chooseMatrix(Number(link.dataset.matrix)));
document.documentElement.dataset.ready = String(Math.round(performance.now()));
