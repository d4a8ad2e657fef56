"use strict";
/* Making elements. Text is always set as text, never as HTML: names in results are anybody's. */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (null: left out; functions: listeners, as onclick) and children (nodes or text). */
function el(tag, attributes = {}, ...children) {
  const node = tag === "svg" || tag === "path" ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

/** A list to choose from, with its label; options are [value, text]. */
function selectField(title, options, value, onchange, wide = false) {
  const list = el("select", { id: newId(), "data-field": title, onchange: () => onchange(list.value) });
  list.append(...options.map(([one, text]) => el("option", { value: one }, text)));
  list.value = value;
  return labelled(title, list, wide);
}

let ids = 0;

function newId() {
  ids += 1;
  return `field-${ids}`;
}

/** A control below its label. */
function labelled(title, control, wide = false) {
  return el("div", { class: wide ? "field wide" : "field" }, el("label", { for: control.id }, title), control);
}

function checkField(title, checked, onchange) {
  const box = el("input", { type: "checkbox", "data-field": title, checked, onchange: () => onchange(box.checked) });
  return el("label", { class: "check" }, box, title);
}

/** Draws controls anew in their place, and gives the focus back to the one that had it. */
function keepingFocus(place, draw) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.field : undefined;
  draw();
  if (focused) [...place.querySelectorAll("[data-field]")].find((control) => control.dataset.field === focused)?.focus();
}

/** Titles with values, as a list; pairs without a value are left out. */
function pairsList(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "pairs" }, known.map(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
}

/** A colour of the style sheet as the browser computes it, for plotly. */
function colour(name) {
  const probe = el("span", { hidden: true, style: `color: var(--${name})` });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Offers a text as a file; works from file:// too. */
function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
