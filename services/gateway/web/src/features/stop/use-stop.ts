import { useState } from "react";
import { answered, api, Problem, type Schemas, type State, sentence } from "@/api/client";
import { useDesk, useDeskState } from "@/desk/hooks";
import type { StopLevel } from "./levels";

/** Whom a stop is for: this account, or every account on the log. */
export type Scope = "account" | "global";

export interface Ask {
  level: StopLevel;
  scope: Scope;
  reason: string;
}

export interface Stopping extends Ask {
  askedAt: number;
  /** The desk as it stood when the stop was asked for. */
  before: State | null;
  answer: Schemas["KillAccepted"] | null;
  tookMs: number | null;
  error: string | null;
}

/** The stop that this page asked for, and what came of it. It is sent once, and never by itself. */
export function useStop() {
  const desk = useDesk();
  const state = useDeskState();
  const [stopping, setStopping] = useState<Stopping | null>(null);

  const stop = async ({ level, scope, reason }: Ask) => {
    const askedAt = performance.now();
    const body = { level, scope, reason };
    const asked = { ...body, askedAt, before: state, answer: null, tookMs: null, error: null };
    setStopping(asked);
    try {
      const { data } = await answered(api.POST("/api/engine/kill", { body }));
      setStopping({ ...asked, answer: data, tookMs: Math.round(performance.now() - askedAt) });
      desk.reload();
    } catch (error) {
      // Who may not stop all accounts has stopped this one all the same; the answer says so.
      const isOfOne = error instanceof Problem && error.code === "operator_wallet_required";
      const isUnanswered = error instanceof Problem && error.status === 0;
      const what = isOfOne ? "" : isUnanswered ? "Whether it arrived is not known. " : "Not sent. ";
      setStopping({ ...asked, error: `${what}${sentence(error)}` });
    }
  };

  return { stopping, stop, forget: () => setStopping(null) };
}
