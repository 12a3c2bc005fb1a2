/** Signing by hand as the gateway tells it, and what the owner can do. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { answered, api, type Schemas } from "@/api/client";
import { keys } from "@/desk/desk";
import { useFollow } from "@/desk/follow";
import { useIsLoaded } from "@/desk/hooks";
import { useStepUp } from "@/features/auth/step-up";
import { nextShown, type Shown } from "./shown";

export type ByHand = Schemas["SigningView"];
export type HandOffer = Schemas["SigningOfferView"];

const REFETCH_MS = 5_000;
/** With something to sign, the height of the chain is what runs. */
const WAITING_MS = 1_500;
const CONCERNS = /sign|offer|return|transaction|owner/;

/** Gives who signs and what waits for the owner; undefined before the first answer. */
export function useByHand() {
  const isReadable = useIsLoaded();
  return useQuery<ByHand>({
    queryKey: keys.signing,
    queryFn: async () => (await answered(api.GET("/api/signing"))).data,
    enabled: isReadable,
    refetchInterval: ({ state }) => (state.data?.offers.length ? WAITING_MS : REFETCH_MS),
  });
}

/** Asks again after each event that concerns it. */
export function useByHandFollow(): void {
  useFollow(keys.signing, CONCERNS);
}

/** Gives the offers that this window shows (`nextShown`), and how it is done with one. */
export function useShownOffers(byHand: ByHand) {
  const [held, setHeld] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<{ byHand: ByHand | null; shown: Shown[] }>({
    byHand: null,
    shown: [],
  });
  const shown = last.byHand === byHand ? last.shown : nextShown(last.shown, byHand, held);
  if (last.byHand !== byHand) setLast({ byHand, shown });
  const hold = useCallback((txId: string, isHeld: boolean) => {
    setHeld((before) => {
      const others = [...before].filter((one) => one !== txId);
      return new Set(isHeld ? [...others, txId] : others);
    });
  }, []);
  const close = (txId: string) =>
    setLast({ byHand, shown: shown.filter((one) => one.offer.txId !== txId) });
  return { shown, hold, close };
}

/** Chooses who signs from now on. */
export function useChooseMode() {
  const guard = useStepUp();
  return useChange((mode: "delegate" | "manual") =>
    guard(() => answered(api.POST("/api/signing/mode", { body: { mode } }))),
  );
}

/** Hands in what the wallet signed. */
export function useHandIn() {
  return useChange(({ txId, base64 }: { txId: string; base64: string }) =>
    answered(api.POST("/api/signing/submit", { body: { txId, base64 } })),
  );
}

/** Says that an offer is not wanted. */
export function useDecline() {
  return useChange((txId: string) =>
    answered(api.POST("/api/signing/decline", { body: { txId } })),
  );
}

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.signing }),
  });
}
