// Order a run, follow its stream, read the lead and the statement of credits: with the client that hey-api generates.
import { createClient } from "./sdk/client/index.js";
import {
  createAnalysis,
  followRun,
  getLead,
  getRun,
  listTransactions,
  type Transaction,
} from "./sdk/index.js";

export type Order = { username: string; business_profile_id: string };
export type Report = {
  statuses: string[];
  score: number;
  reasons: number;
  lead: string;
  transactions: Pick<Transaction, "kind" | "change" | "spent">[];
};

// Settlement follows a moment after the end of the run.
const SETTLED_WITHIN_MS = 10_000;

export async function analyze(baseUrl: string, token: string, order: Order): Promise<Report> {
  const client = createClient({ baseUrl, auth: token, throwOnError: true });
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  const ordered = await createAnalysis({ client, headers, body: { ...order, type: "light" }, throwOnError: true });
  const path = { run_id: ordered.data.run_id };
  const statuses: string[] = [];
  const { stream } = await followRun({ client, path });
  for await (const event of stream) {
    if (typeof event !== "object") continue; // 204: nothing will follow
    if ("code" in event) throw new Error(`the stream ended: ${event.code}`);
    statuses.push(event.status);
    if (event.finished_at !== null) break;
  }
  const { data: run } = await getRun({ client, path, throwOnError: true });
  if (run.result?.type !== "light" || run.lead_id === null) throw new Error(`the run is ${run.status}`);
  const { data: lead } = await getLead({ client, path: { lead_id: run.lead_id }, throwOnError: true });
  return {
    statuses,
    score: run.result.score,
    reasons: run.result.reasons.length,
    lead: lead.username,
    transactions: await movements(client, run.run_id),
  };
}

async function movements(client: ReturnType<typeof createClient>, runId: string): Promise<Report["transactions"]> {
  const giveUp = Date.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const { data: page } = await listTransactions({ client, query: { limit: 20 }, throwOnError: true });
    const found = page.items.filter((one) => one.hold_id === runId);
    if (found.some((one) => one.kind === "settle") || Date.now() > giveUp) {
      return found.map(({ kind, change, spent }) => ({ kind, change, spent })).reverse();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
