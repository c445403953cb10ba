// What the types that openapi-typescript generates have to say. It is compiled and never run.
import type { components, operations } from "./types.js";

type Run = components["schemas"]["Run"];
type Answer<Id extends keyof operations, Medium extends string> = operations[Id] extends {
  responses: { 200: { content: Record<Medium, infer Body> } };
}
  ? Body
  : never;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<Claim extends true> = Claim;

export type StreamsAreTyped = Holds<
  Same<Answer<"followRun", "text/event-stream">, Run | components["schemas"]["AccessEnded"]>
>;
export type ListsHaveNoResult = Holds<
  "result" extends keyof Answer<"listRuns", "application/json">["items"][number] ? false : true
>;
export type StatusesAreClosed = Holds<Same<components["schemas"]["Bulk"]["status"], "running" | "completed" | "cancelled">>;
export type PeriodsAreSpeltAsAsked = Holds<
  "from" | "to" extends keyof Answer<"getUsageInsights", "application/json"> ? true : false
>;

// The type of a result decides what is in it.
export function scoreOf(run: Run): number | null {
  if (run.result === null) return null;
  return run.result.type === "business_profile" ? null : run.result.score;
}
export function openingOf(run: Run): string | null {
  return run.result?.type === "deep" ? run.result.outreach.opening?.claim ?? null : null;
}
