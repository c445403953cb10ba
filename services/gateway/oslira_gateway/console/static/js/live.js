// Live updates: one EventSource on the account's stream, whose events make the parts of the page that they concern ask again.
// An event is a hint; what is shown comes from the server. A part asks at most once in a while, however many events come.
const WAIT_MS = 1_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];
const ENDED = new Set(["completed", "failed", "cancelled"]);

const pill = document.getElementById("queue-pill");
const unfinished = new Map(); // run id -> status
const unseenRuns = new Set();
const stale = new Set(); // keys of what changed: "runs", "run:<id>", "bulk"
const loadedAt = Date.now();
let timer = 0;

class Stream {
  constructor(address, events) {
    this.address = address;
    this.events = events;
    this.attempt = 0;
    this.open();
  }

  async open() {
    if (this.isOpening || document.hidden) return;
    this.isOpening = true;
    try {
      const answer = await fetch(this.address, { headers: { Accept: "application/json", "HX-Request": "true" } });
      if (answer.headers.has("HX-Redirect")) return signedOut(answer.headers.get("HX-Redirect"));
      if (answer.status === 404) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const { events_url: url } = await answer.json();
      if (!url) return this.over();
      if (!document.hidden) this.listen(url); // it may have been hidden meanwhile: `show` opens it
    } catch {
      this.again();
    } finally {
      this.isOpening = false;
    }
  }

  listen(url) {
    this.source?.close();
    const source = new EventSource(url);
    this.source = source;
    // What happened between the page and its stream sends no event: everything is asked for once.
    source.addEventListener("open", () => { this.attempt = 0; isConnected(true); markAll(); });
    source.addEventListener("error", () => {
      isConnected(false);
      // A ticket that has run out, or a proxy that has gone: the next address comes from the console.
      if (source.readyState === EventSource.CLOSED) this.again();
    });
    source.addEventListener("access_ended", () => { source.close(); this.again(); });
    for (const [name, take] of Object.entries(this.events)) {
      source.addEventListener(name, (event) => take(JSON.parse(event.data), this));
    }
  }

  again() {
    this.source?.close();
    isConnected(false);
    if (document.hidden) return; // `show` opens it
    setTimeout(() => this.open(), RETRY_MS[Math.min(this.attempt++, RETRY_MS.length - 1)]);
  }

  // Browsers allow six connections to an origin: hidden pages give theirs back.
  hide() {
    this.source?.close();
  }

  show() {
    if (!this.isOver && this.source?.readyState !== EventSource.OPEN) this.open();
  }

  over() {
    this.isOver = true;
    this.source?.close();
    // The last event may be the one that was missed.
    mark("bulk");
  }
}

function takeRun(run) {
  if (ENDED.has(run.status)) unfinished.delete(run.run_id);
  else unfinished.set(run.run_id, run.status);
  mark(`run:${run.run_id}`);
  mark("runs");
  if (!document.getElementById(`run-${run.run_id}`) && Date.parse(run.created_at) > loadedAt - 60_000) {
    unseenRuns.add(run.run_id);
  }
}

function mark(key) {
  stale.add(key);
  timer ||= setTimeout(refresh, WAIT_MS);
}

function markAll() {
  for (const row of document.querySelectorAll('[id^="run-"]:has(progress)')) stale.add(`run:${row.id.slice(4)}`);
  for (const part of document.querySelectorAll("[data-refresh-on]")) stale.add(part.dataset.refreshOn);
  timer ||= setTimeout(refresh, 0);
}

function refresh() {
  timer = 0;
  if (document.hidden) return; // when it is shown again, everything is asked for
  showPill();
  showNewRuns();
  const ids = [];
  for (const key of stale) {
    if (key.startsWith("run:") && document.getElementById(`run-${key.slice(4)}`)) ids.push(key.slice(4));
  }
  const board = document.querySelector("[data-board]");
  if (board && ids.length) {
    const query = ids.slice(0, 100).map((id) => `id=${id}`).join("&");
    htmx.ajax("GET", `${board.dataset.board}?${query}`, { target: board, swap: "none" });
  }
  for (const part of document.querySelectorAll("[data-refresh-on]")) {
    if (stale.has(part.dataset.refreshOn)) htmx.trigger(part, "refresh");
  }
  stale.clear();
}

function showPill() {
  if (!pill) return;
  const waiting = [...unfinished.values()].filter((status) => status === "waiting" || status === "queued").length;
  const working = unfinished.size - waiting;
  const parts = [];
  if (working) parts.push(`${working} working`);
  if (waiting) parts.push(`${waiting} waiting`);
  pill.querySelector("[data-text]").textContent = parts.join(" · ") || "Nothing at work";
  pill.hidden = false;
}

function showNewRuns() {
  const offer = document.querySelector("[data-new-runs]");
  if (!offer || !unseenRuns.size) return;
  offer.hidden = false;
  offer.querySelector("[data-text]").textContent = `${unseenRuns.size} new run${unseenRuns.size === 1 ? "" : "s"}. Show`;
}

function isConnected(yes) {
  if (!pill) return;
  pill.classList.toggle("lost", !yes);
  if (!yes) {
    pill.querySelector("[data-text]").textContent = "Connecting again…";
    pill.hidden = false;
  } else showPill();
}

function signedOut(address) {
  const offer = document.createElement("p");
  offer.className = "note warn";
  const link = document.createElement("a");
  link.href = address;
  link.textContent = "Your session has ended. Sign in again";
  offer.append(link);
  document.getElementById("notices")?.replaceChildren(offer);
}

const { stream, bulkStream } = document.body.dataset;
const streams = [];
if (stream) streams.push(new Stream(stream, { progress: takeRun }));
if (bulkStream) {
  streams.push(new Stream(bulkStream, {
    progress: (run) => { takeRun(run); mark("bulk"); },
    bulk: (bulk, self) => { mark("bulk"); if (bulk.finished_at) self.over(); },
  }));
}

document.addEventListener("visibilitychange", () => {
  for (const one of streams) document.hidden ? one.hide() : one.show();
  if (!document.hidden) markAll();
});
