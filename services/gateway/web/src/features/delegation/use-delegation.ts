/** The delegation as the gateway tells it, and what its owner can ask for. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "@/api/client";
import { keys } from "@/desk/desk";
import { useFollow } from "@/desk/follow";
import { useIsLoaded, useNow } from "@/desk/hooks";
import { useStepUp } from "@/features/auth/step-up";

export type Delegation = Schemas["DelegationView"] & {
  /** When it was read, in ms of the browser's clock. */
  readAt: number;
  /** The chain's time that was read last, and when, in ms; null before the first. */
  chainClock: { chainMs: number; readMs: number } | null;
};
export type Offer = Schemas["OfferView"];

const REFETCH_MS = 5_000;
/** Events after which the delegation, its consent or its preflight may be another one. */
const CONCERNS =
  /owner|consent|delegat|revoke|key|account|settings|kill|trading|position|order|fill/;

/** Gives the delegation; undefined before the first answer. */
export function useDelegation() {
  const cache = useQueryClient();
  const isReadable = useIsLoaded();
  return useQuery<Delegation>({
    queryKey: keys.delegation,
    queryFn: async () => {
      const { data } = await answered(api.GET("/api/delegation"));
      const readAt = Date.now();
      const before = cache.getQueryData<Delegation>(keys.delegation)?.chainClock ?? null;
      const chainMs = data.chainTime === null ? null : Date.parse(data.chainTime);
      const chainClock = chainMs === null ? before : { chainMs, readMs: readAt };
      return { ...data, readAt, chainClock };
    },
    enabled: isReadable,
    // The reading of the chain goes stale without an event.
    refetchInterval: REFETCH_MS,
  });
}

/** Asks for the delegation again after each event that concerns it. */
export function useDelegationFollow(): void {
  useFollow(keys.delegation, CONCERNS);
}

/** Gives the chain's time in ms, anew every second: what a key's and an offer's end are told in. */
export function useChainNow({ chainClock }: Delegation): number {
  const now = useNow();
  return chainClock === null ? now : chainClock.chainMs + Date.now() - chainClock.readMs;
}

export function useConsentText(isWanted: boolean) {
  return useQuery({
    queryKey: [...keys.delegation, "consent"],
    queryFn: async () => (await answered(api.GET("/api/delegation/consent"))).data,
    enabled: isWanted,
  });
}

/** Agrees to a text by its hash. */
export function useConsent() {
  const guard = useStepUp();
  return useChange((textSha256: string) =>
    guard(() => answered(api.POST("/api/delegation/consent", { body: { textSha256 } }))),
  );
}

/** Asks for the transaction that names a key, or takes the right back. */
export function useOffer(kind: "delegate" | "revoke") {
  const guard = useStepUp();
  return useChange(async () => {
    const header = { "Idempotency-Key": crypto.randomUUID() };
    const { data } =
      kind === "revoke"
        ? await answered(api.POST("/api/delegation/revoke"))
        : await guard(() => answered(api.POST("/api/delegation/delegate", { params: { header } })));
    return data;
  });
}

/** Hands in an offer that the owner's wallet signed. */
export function useSubmit() {
  return useChange(async ({ offer, base64 }: { offer: Offer; base64: string }) => {
    const body = { txId: offer.txId, base64 };
    const { data } =
      offer.kind === "revoke"
        ? await answered(api.POST("/api/delegation/revoke/submit", { body }))
        : await answered(api.POST("/api/delegation/submit", { body }));
    return data;
  });
}

/**
 * Gives the offer of a kind to show: the one that is open, or the last one that this window saw
 * while nothing was signed of it, so that its end is told instead of the offer being gone.
 */
export function useShownOffer(delegation: Delegation, kind: Offer["kind"]): Offer | null {
  const { offer, sent } = delegation;
  const open = offer?.kind === kind ? offer : null;
  const [last, setLast] = useState<Offer | null>(open);
  if (open && open.txId !== last?.txId) setLast(open);
  return open ?? (last && last.txId !== sent?.txId ? last : null);
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.delegation }),
  });
}
