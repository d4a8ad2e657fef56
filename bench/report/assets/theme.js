/* Light, dark, or as the system has it; what draws with colours listens. */

const THEMES = ["automatic", "light", "dark"];
const themeListeners = [];

function onTheme(listener) {
  themeListeners.push(listener);
}

function setTheme(theme) {
  const root = document.documentElement;
  if (theme === "automatic") delete root.dataset.theme;
  else root.dataset.theme = theme;
  byId("theme").querySelector("span").textContent = theme;
  try {
    localStorage.setItem("dotbench-theme", theme);
  } catch {
    /* A browser that keeps nothing for files: the choice lasts as long as the page. */
  }
  themeListeners.forEach((listener) => listener());
}

function startTheme() {
  let theme = "automatic";
  try {
    theme = localStorage.getItem("dotbench-theme") || theme;
  } catch {
    /* As above. */
  }
  if (THEMES.includes(theme) && theme !== "automatic") setTheme(theme);
  byId("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || "automatic";
    setTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => themeListeners.forEach((listener) => listener()));
}
