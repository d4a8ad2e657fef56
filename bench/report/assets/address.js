/* Choices in the address, as "#trade?matrix=...&batch=8": a choice can be linked to, and the back button takes it back. */

const address = { parts: [], reading: false };

/** Joins a part of the page that has choices. ``owns(name)``: whether a choice is its own; ``write(params)`` adds what
 *  is not as at first; ``read(params)`` takes all of it, and returns what this page does not know. */
function keepInAddress(part) {
  address.parts.push(part);
  if (addressParams().size) takeFrom([part]);
}

function addressParams() {
  return new URLSearchParams(location.hash.slice(1).split("?").slice(1).join("?"));
}

function addressPlace() {
  return location.hash.slice(1).split("?")[0];
}

/** To be called when something was chosen in a section; ``replace``: the same choice goes on, as while somebody types. */
function chose(place, replace = false) {
  if (address.reading) return;
  byId("address-note").textContent = "";
  setAddress(place, replace);
}

function setAddress(place, replace) {
  const fragment = fragmentOf(place);
  if (fragment === (location.hash || "#")) return;
  history[replace ? "replaceState" : "pushState"](null, "", fragment);
}

/** The address of a section with all choices; those of parts that are not there yet stay as they are. */
function fragmentOf(place) {
  const params = new URLSearchParams();
  for (const [name, value] of addressParams()) if (!address.parts.some((part) => part.owns(name))) params.append(name, value);
  address.parts.forEach((part) => part.write(params));
  const sorted = [...params].sort(([a], [b]) => a.includes(".") - b.includes(".")); // the plot's first
  const text = new URLSearchParams(sorted).toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `#${place}?${text}` : `#${place}`;
}

function takeFrom(parts) {
  address.reading = true;
  const unknown = parts.flatMap((part) => part.read(addressParams()));
  address.reading = false;
  byId("address-note").textContent = unknown.length ? `The address asks for what is not in this report: ${unknown.join(", ")}.` : "";
}

/** A choice of the address, if it is one of ``values``; else ``usual``, and it is added to ``unknown``. */
function chosenOf(params, name, values, usual, unknown) {
  const value = params.get(name);
  if (value === null) return usual;
  if (values.includes(value)) return value;
  unknown.push(`${name} ${value}`);
  return usual;
}

/** Scrolls to the section of the address: "#rows?..." is no name that a browser looks for. */
function goToPlace() {
  const place = addressPlace();
  if (place && location.hash.includes("?")) byId(place)?.scrollIntoView();
}

function startAddress() {
  window.addEventListener("popstate", () => takeFrom(address.parts));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (!link || link.dataset.matrix !== undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const place = link.getAttribute("href").slice(1);
    if (!fragmentOf(place).includes("?")) return;
    event.preventDefault(); // the browser's own way would drop the choices
    setAddress(place, false);
    byId(place).scrollIntoView();
    byId(place).focus({ preventScroll: true });
  });
}
