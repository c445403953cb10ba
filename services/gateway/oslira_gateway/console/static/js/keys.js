// Keys of lists: j and k move, Enter opens, x marks, / searches, ? shows this list.

const rows = () => [...document.querySelectorAll("[data-keys] tbody tr")];
const currentRow = () => document.activeElement?.closest("[data-keys] tbody tr");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.max(0, Math.min(all.length - 1, all.indexOf(currentRow()) + step))];
  next.querySelector("a")?.focus();
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const current = currentRow();
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x" && current) {
    const box = current.querySelector("[data-mark]");
    if (box) { box.checked = !box.checked; countMarks(); }
  } else if (event.key === "/") document.querySelector('[data-keys-search]')?.focus();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else return;
  event.preventDefault();
});
