// Runs before the first paint. Signed in, the server has set data-theme; signed out, this browser
// remembers what was last chosen here. The admin reads the same key, where "auto" is the system.
(() => {
  const root = document.documentElement;
  const remember = (theme) => {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      /* private mode: the choice just isn't remembered while signed out */
    }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  if ("member" in root.dataset) {
    remember(root.dataset.theme ?? "auto");
  } else {
    try {
      apply(localStorage.getItem("theme"));
    } catch {
      /* as above */
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const body = new FormData(form);
    body.set("theme", theme);
    apply(theme);
    remember(theme === "system" ? "auto" : theme);
    fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  });
})();
