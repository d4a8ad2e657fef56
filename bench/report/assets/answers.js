/* The three answers of the chosen matrix: smallest, fastest, between. */

function drawAnswers() {
  const answers = report.answers[trade.matrix];
  byId("trade-name").textContent = `${matrixName(trade.matrix)}, ${report.matrices[trade.matrix].shape}`; // on paper, where no list is
  byId("trade-answers").hidden = !answers.length;
  byId("trade-answers").replaceChildren(...answers.map(([title, words]) => el("li", { class: "card" }, el("h3", {}, title), el("p", {}, prose(words)))));
}

/** A sentence with names in backticks as code. */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}
