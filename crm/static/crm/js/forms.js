// Forms: confirmation, double submits, counters, parts that show only when chosen.
(() => {
  "use strict";
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content;
  let waiting = null; // the form and button behind the open confirmation

  const askFirst = (form, button, question) => {
    const dialog = document.getElementById("confirm");
    if (!dialog) return false;
    const yes = dialog.querySelector("[value=yes]");
    document.getElementById("confirm-text").textContent = question;
    yes.textContent = button?.dataset.confirmOk || form.dataset.confirmOk || yes.dataset.ok;
    waiting = { form, button };
    dialog.returnValue = "";
    dialog.showModal();
    return true;
  };

  document.addEventListener("close", (event) => {
    if (event.target.id !== "confirm" || !waiting) return;
    const { form, button } = waiting;
    waiting = null;
    if (event.target.returnValue !== "yes") return;
    form.dataset.confirmed = "1";
    form.requestSubmit(button || undefined);
  }, true);

  // In the capture phase, before htmx or the browser act on the submit.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    const stop = () => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    if (form.dataset.busy) return stop();
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (question && !form.dataset.confirmed && askFirst(form, event.submitter, question)) return stop();
    delete form.dataset.confirmed;
    form.dataset.busy = "1";
    form.setAttribute("aria-busy", "true");
  }, true);

  const release = (form) => {
    delete form.dataset.busy;
    form.removeAttribute("aria-busy");
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form");
    if (form) release(form);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(release));

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get" && token()) event.detail.headers["X-CSRFToken"] = token();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
    reveal(event.target.form || document);
  });

  const chosen = (control) => {
    if (control.type === "radio" || control.type === "checkbox") {
      return control.checked && (!control.dataset.revealsValue || control.value === control.dataset.revealsValue);
    }
    return control.dataset.revealsValue ? control.value === control.dataset.revealsValue : Boolean(control.value);
  };
  const reveal = (root) => {
    const shown = new Map();
    root.querySelectorAll("[data-reveals]").forEach((control) => {
      const part = control.dataset.reveals;
      shown.set(part, shown.get(part) || chosen(control));
    });
    shown.forEach((yes, part) => document.querySelectorAll(part).forEach((element) => { element.hidden = !yes; }));
  };

  const count = (area) => {
    let counter = area.nextElementSibling;
    if (!counter?.classList.contains("counter")) {
      counter = document.createElement("span");
      counter.className = "counter";
      counter.setAttribute("aria-hidden", "true");
      area.after(counter);
    }
    const length = [...area.value].length;
    counter.textContent = `${length} / ${area.maxLength}`;
    counter.classList.toggle("counter-full", length >= area.maxLength);
    counter.hidden = length < area.maxLength / 2;
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-counter][maxlength]")) count(event.target);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    if (!button) return;
    const field = document.querySelector(button.dataset.fill);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const field = document.querySelector(button.dataset.insert);
    field.setRangeText(button.dataset.value, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const start = () => {
    reveal(document);
    document.querySelectorAll("[data-counter][maxlength]").forEach(count);
  };
  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("htmx:afterSettle", start);
})();
