// The frame: menus, dialogs, messages. Everything is delegated from the document, so swapped content just works.
(() => {
  "use strict";
  document.documentElement.classList.add("js");

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    const inside = event.target.closest("details.menu");
    openMenus().forEach((menu) => {
      if (menu !== inside) menu.open = false;
    });

    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();

    const toast = event.target.closest("[data-close-toast]");
    if (toast) toast.closest(".toast-line").remove();

    if (event.target.matches("dialog")) event.target.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    openMenus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // A chip or link whose fragment belongs in a dialog: show it when the fragment has arrived.
  document.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig?.elt?.dataset?.dialog;
    if (asked) document.getElementById(asked)?.showModal();
  });

  const settle = () => {
    const wrong = document.querySelector("[data-error-summary]");
    wrong?.focus();
    // htmx scrolls a swapped page to its top after this event; what is wrong must be seen all the same.
    if (wrong) setTimeout(() => wrong.scrollIntoView({ block: "center" }));
    document.querySelectorAll("[data-fade]:not([data-fading])").forEach((toast) => {
      toast.dataset.fading = "1";
      setTimeout(() => toast.classList.add("toast-gone"), 7000);
      setTimeout(() => toast.remove(), 7300);
    });
  };
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:afterSettle", settle);

  // After a whole page was swapped in, reading continues at its start, as after a load.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target === document.body && !document.querySelector("[data-error-summary], main [autofocus]")) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
  });

  // The tap on a number is recorded first, without waiting; then the phone dials.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-tap-url]");
    if (!link) return;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", document.querySelector('meta[name="csrf-token"]')?.content || "");
    const url = link.dataset.tapUrl;
    if (!navigator.sendBeacon?.(url, body)) {
      fetch(url, { method: "POST", body, keepalive: true }).catch(() => {});
    }
  });
})();
