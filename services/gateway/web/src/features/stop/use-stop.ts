import { useState } from "react";
import { answered, api, type Schemas, type State, sentence } from "@/api/client";
import { useDesk, useDeskState } from "@/desk/hooks";
import type { StopLevel } from "./levels";

export interface Stopping {
  level: StopLevel;
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

  const stop = async (level: StopLevel, reason: string) => {
    const askedAt = performance.now();
    const asked = { level, askedAt, before: state, answer: null, tookMs: null, error: null };
    setStopping(asked);
    try {
      const { data } = await answered(api.POST("/api/engine/kill", { body: { level, reason } }));
      setStopping({ ...asked, answer: data, tookMs: Math.round(performance.now() - askedAt) });
      desk.reload();
    } catch (error) {
      setStopping({ ...asked, error: sentence(error) });
    }
  };

  return { stopping, stop, forget: () => setStopping(null) };
}
