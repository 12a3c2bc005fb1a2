/** How components read the desk. */
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import type { Access, Activity, Flow, Price, State } from "@/api/client";
import { answered, api } from "@/api/client";
import type { Link } from "@/lib/stream";
import { number, places } from "@/lib/text";
import { age } from "@/lib/time";
import { PRICE_OLD_MS } from "./ages";
import { type Desk, keys, type MoneyAsOf, type Services } from "./desk";

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("expected a DeskContext above, found none");
  return desk;
}

function useCached<T>(key: readonly string[]): T | null {
  return (
    useQuery<T | null>({ queryKey: key, queryFn: skipToken, staleTime: Infinity }).data ?? null
  );
}

/** Gives the whole state as of the newest event; null before the first answer. */
export const useDeskState = () => useCached<State>(keys.state);
/** Gives a part of the state; whoever asks hears of nothing but its changes. */
export function useDeskPart<T>(pick: (state: State) => T): T | null {
  const { data } = useQuery<State | null, Error, T | null>({
    queryKey: keys.state,
    queryFn: skipToken,
    staleTime: Infinity,
    select: (state) => state && pick(state),
  });
  return data ?? null;
}

/** Says whether the state was loaded. */
export const useIsLoaded = () => useDeskPart(() => true) ?? false;

/** Gives the account and its position at the newest price. */
export const useMoney = () => useCached<MoneyAsOf>(keys.money);
export const usePrice = () => useCached<Price>(keys.price);
export const useFlow = () => useCached<Flow>(keys.flow);
export const useServices = () => useCached<Services>(keys.services);

export function useAccess() {
  return useQuery<Access>({
    queryKey: keys.access,
    queryFn: async () => (await answered(api.GET("/api/auth/session"))).data,
    retry: true,
    retryDelay: 1_000,
    staleTime: Infinity,
  });
}

/** Says whether the desk is closed to whoever looks: people sign in here, and nobody has. */
export function useIsSignedOut(): boolean {
  const { data: access } = useAccess();
  return access !== undefined && access.mode !== "local" && access.session === null;
}

export function useLink(): Link {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, () => desk.link);
}

export function useActivity(): readonly Activity[] {
  const { activity } = useDesk();
  return useSyncExternalStore(activity.subscribe, activity.read);
}

/** Says why the desk is not to be had; null while it is. */
export function useFailure(): string | null {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, () => desk.failure);
}

/** Says when all was loaded anew because it could not be caught up on. */
export function useReloadedAt(): number | null {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, () => desk.reloadedAt);
}

/** Gives the gateway's clock in ms, anew every second. */
export function useNow(): number {
  const desk = useDesk();
  const [now, setNow] = useState(() => desk.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(desk.now()), 1_000);
    return () => clearInterval(timer);
  }, [desk]);
  return now;
}

/** Says whether what comes by the stream is not heard any more. */
export function useIsOffline(): boolean {
  const desk = useDesk();
  return useSyncExternalStore(desk.subscribe, () => desk.link.status !== "live");
}

/** Says whether no trade was heard lately: what is valued at the last one is old with it. */
export function useIsPriceOld(): boolean {
  const heardAt = usePrice()?.heardAt;
  return useNow() - Date.parse(heardAt ?? "") > PRICE_OLD_MS;
}

/** Says how long ago the last trade was heard, where that is too long; else nothing. */
export function useSilence(): string | null {
  const desk = useDesk();
  const cache = useQueryClient();
  // Looked at once a second: whoever asks is not drawn anew for each price.
  return useSyncExternalStore(everySecond, () => {
    const heardAt = cache.getQueryData<Price | null>(keys.price)?.heardAt;
    if (!heardAt || desk.now() - Date.parse(heardAt) <= PRICE_OLD_MS) return null;
    return `last trade ${age(heardAt, desk.now())}`;
  });
}

function everySecond(look: () => void): () => void {
  const timer = setInterval(look, 1_000);
  return () => clearInterval(timer);
}

/** Gives a writer of prices with as many digits as the market's tick. */
export function usePriceText(): (value: string | null | undefined) => string {
  const desk = useDesk();
  const tick = useSyncExternalStore(desk.subscribe, () => desk.tickUsd);
  return useCallback((value) => number(value, { digits: tick ? places(tick) : null }), [tick]);
}
