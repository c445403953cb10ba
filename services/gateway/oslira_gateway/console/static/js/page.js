// Small things of every page: the CSRF token on changes, what needs a question first, copying, marking rows.
const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

document.addEventListener("htmx:config:request", ({ detail }) => {
  if (detail.ctx.request.method !== "GET") detail.ctx.request.headers["X-CSRF-Token"] = csrf;
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.error?.name === "AbortError") return;
  // A part that refreshes itself tries again; a reader's own act must not vanish silently.
  if (!detail.ctx?.sourceElement?.dataset.refreshOn) notice("No answer. Check your connection and try again.");
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 2_000);
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("[data-submits]")) return box.form.requestSubmit();
  if (box.matches("[data-mark-all]")) {
    for (const one of document.querySelectorAll("[data-mark]")) one.checked = box.checked;
  }
  if (box.matches("[data-mark-all], [data-mark]")) countMarks();
});

// A price is for what the form held when it was asked for.
document.getElementById("analyse")?.addEventListener("input", () => {
  document.querySelector("[data-quote]")?.replaceChildren();
});

for (const zone of document.querySelectorAll(".drop")) {
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const input = zone.querySelector('input[type="file"]');
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
  });
}

// What can be scrolled can be reached by keyboard; what fits is no stop on the way.
function reachScrollers() {
  for (const part of document.querySelectorAll(".scroll")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
reachScrollers();
addEventListener("resize", reachScrollers);
document.addEventListener("htmx:after:swap", reachScrollers);

function countMarks() {
  const marked = [...document.querySelectorAll("[data-mark]")].filter((box) => box.checked);
  const bar = document.querySelector("[data-marks]");
  if (!bar) return;
  bar.hidden = marked.length === 0;
  bar.querySelector("[data-count]").textContent = `${marked.length} marked`;
}

function notice(text) {
  const place = document.getElementById("notices");
  if (!place) return;
  const note = document.createElement("p");
  note.className = "note bad";
  note.textContent = text;
  place.replaceChildren(note);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
});
