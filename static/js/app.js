// Comforts on top of pages that work without any of this.
(() => {
  const sheet = document.getElementById("sheet");

  // Links with hx-target="#sheet-body" open in a dialog instead of a page of their own.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "sheet-body" && !sheet.open) sheet.showModal();
    settle(document);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    // A form in the dialog answers into the page behind it.
    const from = event.detail.elt;
    if (sheet.contains(from) && event.detail.target.id !== "sheet-body") sheet.close();
  });
  document.addEventListener("htmx:responseError", () => complain("That did not work. Reload the page and try again."));
  document.addEventListener("htmx:sendError", () => complain("The server can't be reached. Check that it runs, then try again."));

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target === sheet || target.closest("[data-close-sheet]")) {
      if (sheet.open) {
        event.preventDefault();
        sheet.close();
      }
    }
    const close = target.closest("[data-close]");
    if (close) close.closest(".toast").remove();
    const copy = target.closest("[data-copy]");
    if (copy) copyText(copy);
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });

  // A select that filters at once; its submit button is for those without JavaScript.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    // Who ticks one of a list wants the answer that means the list.
    const list = event.target.closest("[data-chooses]");
    if (list && event.target.checked) document.getElementById(list.dataset.chooses).checked = true;
  });

  // A page may take a while to come: the pressed button shows that it was taken, and takes no second press.
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) event.submitter?.classList.add("busy");
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  });

  // A poster that can't be had leaves the drawn cover that it lies on.
  const isPoster = (found) => found.matches?.(".cover img");
  document.addEventListener("error", (event) => isPoster(event.target) && event.target.remove(), true);
  document.querySelectorAll(".cover img").forEach((img) => {
    if (img.complete && img.currentSrc && !img.naturalWidth) img.remove();
  });

  function complain(text) {
    const said = [...document.querySelectorAll(".toast p")].some((line) => line.textContent === text);
    if (said) return;
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.kind = "error";
    toast.dataset.fades = "";
    const line = document.createElement("p");
    line.textContent = text;
    toast.append(line);
    document.getElementById("toasts").append(toast);
    settle(document);
  }

  async function copyText(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text.trim());
    } catch {
      // Plain http has no clipboard API: select the text and use the old command.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    const label = button.querySelector("[data-copy-label]") ?? button;
    const before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => {
      label.textContent = before;
    }, 1600);
  }

  function settle(root) {
    root.querySelectorAll("[data-close][hidden], [data-copy][hidden]").forEach((button) => {
      button.hidden = false;
    });
    root.querySelectorAll("[data-js-hides]").forEach((element) => {
      element.hidden = true;
    });
    root.querySelectorAll(".toast[data-fades]:not([data-timed])").forEach((toast) => fade(toast, 6000));
    root.querySelectorAll(".toast:not([data-fades], [data-timed])").forEach((toast) => fade(toast, 20000));
  }

  // Stays while the pointer or the focus is on it.
  function fade(toast, delay) {
    toast.dataset.timed = "";
    setTimeout(function leave() {
      if (toast.matches(":hover, :focus-within")) {
        setTimeout(leave, 2000);
        return;
      }
      toast.classList.add("leaves");
      setTimeout(() => toast.remove(), 350);
    }, delay);
  }

  settle(document);
})();
