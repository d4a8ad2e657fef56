"use strict";
/* The plots, once plotly is there. */

startTrade();
startMultiples();
startPrint();
startAddress();
for (const link of document.querySelectorAll("[data-matrix]")) link.addEventListener("click", (event) => openMatrix(Number(link.dataset.matrix), event));
goToPlace();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
