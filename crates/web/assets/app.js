// Helps a little; every page is complete without it.
"use strict";

(function () {
  const errors = document.getElementById("errors");
  if (errors) {
    errors.focus();
  }

  const session = document.getElementById("session");
  const dialog = document.getElementById("session-warning");
  if (!session || !dialog || typeof dialog.showModal !== "function") {
    return;
  }

  // How long before the end the warning comes, in seconds (WCAG 2.2.1 asks for twenty at least).
  const NOTICE = 120;
  const words = document.getElementById("session-warning-text");
  const idle = Number(session.dataset.idle);
  const last = Date.now() + Number(session.dataset.atMost) * 1000;
  let end = Math.min(last, Date.now() + idle * 1000);

  // Another tab that shows a page keeps the session too.
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("tillid-session") : null;
  function kept(until) {
    end = Math.max(end, Math.min(last, until));
    if (dialog.open && left() > NOTICE) {
      dialog.close();
    }
  }
  if (tabs) {
    tabs.onmessage = (message) => kept(Number(message.data));
    tabs.postMessage(end);
  }

  function left() {
    return Math.ceil((end - Date.now()) / 1000);
  }

  async function keep() {
    const body = new URLSearchParams({ csrf: session.dataset.csrf });
    const answer = await fetch("/session/keep", { method: "POST", body, redirect: "error" });
    if (!answer.ok) {
      leave();
      return;
    }
    end = Math.min(last, Date.now() + idle * 1000);
    if (tabs) {
      tabs.postMessage(end);
    }
    dialog.close();
  }

  function leave() {
    window.location.replace("/logged-out?because=idle");
  }

  // Without a connection the dialog stays, and one can press again.
  const stay = () => keep().catch(() => {});
  document.getElementById("session-keep").addEventListener("click", stay);
  // Escape is an answer too: whoever presses it is there.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });

  setInterval(() => {
    const seconds = left();
    if (seconds <= 0) {
      leave();
      return;
    }
    if (seconds <= NOTICE) {
      // Said anew every half minute at most: a reader that speaks each change would say nothing else.
      const told = seconds > 30 ? Math.ceil(seconds / 30) * 30 : seconds <= 10 ? 10 : 30;
      const text = words.dataset.text.replace("{seconds}", String(told));
      if (words.textContent !== text) {
        words.textContent = text;
      }
      if (!dialog.open) {
        dialog.showModal();
      }
    }
  }, 1000);
})();
