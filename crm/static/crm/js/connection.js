// When the connection, the server or the login is gone: say so, and keep what was typed.
(() => {
  "use strict";
  const banner = () => document.getElementById("offline");

  const say = (what) => {
    const box = banner();
    if (!box) return;
    box.querySelector("p").textContent = box.dataset[what];
    box.querySelector("a").hidden = what !== "signedOut";
    box.hidden = false;
  };
  const hush = () => {
    const box = banner();
    if (box) box.hidden = true;
  };

  window.addEventListener("offline", () => say("offline"));
  window.addEventListener("online", hush);
  document.addEventListener("DOMContentLoaded", () => {
    if (!navigator.onLine) say("offline");
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#offline button")) hush();
  });

  // The bell asks by itself every minute; only what a person asked for is worth a word.
  const asked = (event) => event.detail.elt?.id !== "bell";

  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    if (asked(event)) say(navigator.onLine ? "failed" : "offline");
  }));

  const BY_STATUS = { 403: "forbidden", 404: "gone", 429: "slow", 503: "away", 507: "full" };
  document.addEventListener("htmx:responseError", async (event) => {
    if (!asked(event)) return;
    const { status } = event.detail.xhr;
    say(BY_STATUS[status] || "refused");
    const stale = status === 403 && event.detail.xhr.getResponseHeader("X-Stale-Form");
    if (stale && await freshen()) say("fresh");
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (asked(event) && navigator.onLine) hush();
  });

  // A session that ended answers with the login page: do not let it replace a half-filled form.
  const loginPath = () => new URL(banner()?.querySelector("a")?.href || "/accounts/login/", location.href).pathname;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = event.detail.xhr.responseURL;
    if (!banner() || !answered || new URL(answered).pathname !== loginPath()) return;
    if (location.pathname === loginPath()) return;
    event.detail.shouldSwap = false;
    if (asked(event)) say("signedOut");
  });

  // The page's token is stale: take a fresh one from the same page, as long as the same person is signed in.
  const who = (page) => page.querySelector(".topbar-user .menu-name")?.textContent;
  const freshen = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || new URL(answer.url).pathname === loginPath()) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = fresh.querySelector('meta[name="csrf-token"]')?.content;
    if (!token || who(fresh) !== who(document)) return false;
    document.querySelector('meta[name="csrf-token"]').content = token;
    document.querySelectorAll('input[name="csrfmiddlewaretoken"]').forEach((input) => { input.value = token; });
    return true;
  };

  // Back from signing in elsewhere.
  window.addEventListener("focus", async () => {
    const box = banner();
    if (!box || box.hidden || box.querySelector("a").hidden) return;
    if (await freshen()) hush();
  });
})();
