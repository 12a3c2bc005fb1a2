/** The gateway's API: typed by its own description, every refusal a Problem. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type State = Schemas["StateView"];
export type Activity = Schemas["Activity"];
export type Verdict = Schemas["VerdictView"];
export type Order = Schemas["OrderView"];
export type OrderLife = Schemas["OrderLifeView"];
export type Setup = Schemas["SetupView"];
export type Settings = Schemas["SettingsBody"];
export type Price = Schemas["PriceView"];
export type Flow = Schemas["FlowView"];
export type Money = Pick<State, "account" | "position">;
export type Service = Schemas["ServiceView"];
export type Access = Schemas["AccessView"];

export const api = createClient<paths>({ baseUrl: location.origin });

/** What the gateway answers to a request that fails (RFC 9457). */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;

  constructor(status: number, body: Partial<Schemas["ProblemBody"]> | undefined) {
    const title = body?.title ?? "The gateway does not answer";
    const detail = body?.detail ?? `it answered with status ${status}`;
    super(`${title}: ${detail}`);
    this.code = body?.code ?? "unreachable";
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** Gives what was answered, or throws the Problem. */
export async function answered<T>(
  asked: Promise<Answer<T>>,
): Promise<{ data: T; etag: string | null }> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch {
    throw new Problem(0, { detail: "expected an answer, found no connection" });
  }
  if (!answer.response.ok || answer.data === undefined) {
    throw new Problem(answer.response.status, answer.error as Partial<Schemas["ProblemBody"]>);
  }
  return { data: answer.data, etag: answer.response.headers.get("ETag") };
}

/** Says in one sentence what failed. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
