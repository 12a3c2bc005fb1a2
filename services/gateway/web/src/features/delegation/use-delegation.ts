/** The delegation as the gateway tells it, and what its owner can ask for. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { answered, api, type Schemas } from "@/api/client";
import { keys } from "@/desk/desk";
import { useDesk, useDeskState, useNow } from "@/desk/hooks";
import { useStepUp } from "@/features/auth/step-up";
import { useOwnerSigner } from "@/wallet/owner-signer";

export type Delegation = Schemas["DelegationView"] & {
  /** When it was read, in ms of the browser's clock. */
  readAt: number;
};
export type Offer = Schemas["OfferView"];

const REFETCH_MS = 5_000;
/** Events that change what is told of a delegation; the rest of it is asked for now and then. */
const CHANGES =
  /^(delegat|owner_|consent_|account_handed_over|kill_switch|trading_resumed|settings_)/;

/** Gives the delegation; undefined before the first answer. It is asked for when it may have changed. */
export function useDelegation() {
  const desk = useDesk();
  const cache = useQueryClient();
  const isReadable = useDeskState() !== null;
  useEffect(
    () =>
      desk.onEvent(({ event }) => {
        if (CHANGES.test(event)) void cache.invalidateQueries({ queryKey: keys.delegation });
      }),
    [desk, cache],
  );
  return useQuery<Delegation>({
    queryKey: keys.delegation,
    queryFn: async () => {
      const { data } = await answered(api.GET("/api/delegation"));
      return { ...data, readAt: Date.now() };
    },
    enabled: isReadable,
    // The reading of the chain goes stale without an event.
    refetchInterval: REFETCH_MS,
  });
}

/** Gives the chain's time in ms, anew every second: what a key's and an offer's end are told in. */
export function useChainNow({ chainTime, readAt }: Delegation): number {
  const now = useNow();
  return chainTime === null ? now : Date.parse(chainTime) + Date.now() - readAt;
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

/** Has the owner's wallet sign an offer, and hands it in. */
export function useSubmit() {
  const sign = useOwnerSigner();
  return useChange(async (offer: Offer) => {
    const base64 = await sign(offer.feePayer, offer.base64);
    const body = { txId: offer.txId, base64 };
    const { data } =
      offer.kind === "revoke"
        ? await answered(api.POST("/api/delegation/revoke/submit", { body }))
        : await answered(api.POST("/api/delegation/submit", { body }));
    return data;
  });
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.delegation }),
  });
}
