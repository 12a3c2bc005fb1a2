/** The draft of the notifications' settings: what is asked for, in the words of the gateway. */
import type { Schemas } from "@/api/client";

export type View = Schemas["NotificationsView"];
export type Body = Schemas["NotificationsBody"];
export type Channel = Schemas["ChannelBody"];

const ERRORS: Record<string, string> = {
  target_unusable: "the address cannot be read",
  address_not_public: "the address is not a public one",
  name_unresolved: "the name of the server is not known",
  timeout: "no answer in time",
  redirected: "the server sent it elsewhere, which is not followed",
  certificate_refused: "the server's certificate is not valid",
  sealed_with_another_key: "its address was sealed with another key: enter it again",
  failed: "it failed",
};

export function errorText(code: string): string {
  const status = /^http_(\d+)$/.exec(code);
  return status ? `the server answered ${status[1]}` : (ERRORS[code] ?? code);
}

/** Begins a draft on what stands; addresses stay where they are, sealed. */
export function bodyOf(view: View): Body {
  return {
    channels: view.channels.map(({ id, name, floor, hourlyCap }) => ({
      id,
      name,
      target: null,
      floor: floor as Channel["floor"],
      hourlyCap,
    })),
    matrix: view.matrix,
    quietHours: view.quietHours,
    vetoStreak: view.vetoStreak,
    liquidationPct: view.liquidationPct,
    delegateExpiryMin: view.delegateExpiryMin,
    rpcSilentS: view.rpcSilentS,
    dailySummaryAt: view.dailySummaryAt,
    heartbeat: view.heartbeat && { target: null, everyS: view.heartbeat.everyS },
  };
}

/** Adds a channel that hears of everything but what is only for information. */
export function withChannel(body: Body, view: View, name: string, target: string): Body {
  const id = freeId(body, name);
  const channel: Channel = { id, name, target, floor: "info", hourlyCap: 20 };
  const matrix = { ...body.matrix };
  for (const { kind, severity, isMustSee } of view.kinds)
    if (!isMustSee && severity !== "info") matrix[kind] = [...(matrix[kind] ?? []), id];
  return { ...body, channels: [...body.channels, channel], matrix };
}

export function withoutChannel(body: Body, id: string): Body {
  const matrix = Object.fromEntries(
    Object.entries(body.matrix).map(([kind, ids]) => [kind, ids.filter((one) => one !== id)]),
  );
  return { ...body, channels: body.channels.filter((one) => one.id !== id), matrix };
}

export function toggled(body: Body, kind: string, id: string): Body {
  const now = body.matrix[kind] ?? [];
  const next = now.includes(id) ? now.filter((one) => one !== id) : [...now, id];
  return { ...body, matrix: { ...body.matrix, [kind]: next } };
}

function freeId(body: Body, name: string): string {
  const base =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "channel";
  const taken = new Set(body.channels.map((one) => one.id));
  for (let count = 1; ; count += 1) {
    const id = `${base.slice(0, 28)}${count === 1 ? "" : `-${count}`}`;
    if (!taken.has(id)) return id;
  }
}
