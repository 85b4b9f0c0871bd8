// Keyboard at the desk. Single keys never act while somebody types, and can be switched off in the list behind "?".
(() => {
  "use strict";
  const STORE = "crm-keys";
  const PAUSE = 1200; // milliseconds between the two keys of a pair
  let first = "";
  let firstAt = 0;

  const on = () => localStorage.getItem(STORE) !== "off";
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);

  const step = (by) => {
    const all = rows();
    if (!all.length) return false;
    const now = all.findIndex((row) => row.classList.contains("row-focus"));
    const next = all[Math.max(0, Math.min(all.length - 1, now + by))];
    all.forEach((row) => row.classList.toggle("row-focus", row === next));
    next.querySelector("a, button")?.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  };

  const press = (keys) => {
    const target = [...document.querySelectorAll("[data-keys]")].find((element) => element.dataset.keys === keys);
    if (target) target.click();
    return Boolean(target);
  };

  const act = (key) => {
    if (key === "?") {
      document.getElementById("shortcuts")?.showModal();
      return true;
    }
    if (key === "/") {
      const search = document.querySelector("[data-search]");
      search?.focus();
      return Boolean(search);
    }
    if (key === "j") return step(1);
    if (key === "k") return step(-1);
    return press(key);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]") || !on()) return;
    const pair = first && event.timeStamp - firstAt < PAUSE ? `${first} ${event.key}` : "";
    first = "";
    if ((pair && press(pair)) || act(event.key)) {
      event.preventDefault();
      return;
    }
    first = event.key;
    firstAt = event.timeStamp;
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-on") localStorage.setItem(STORE, event.target.checked ? "on" : "off");
  });
  const showState = () => {
    const box = document.getElementById("keys-on");
    if (box) box.checked = on();
  };
  document.addEventListener("DOMContentLoaded", showState);
  document.addEventListener("htmx:afterSettle", showState);
})();
