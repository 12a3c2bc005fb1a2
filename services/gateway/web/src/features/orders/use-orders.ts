import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { keys } from "@/desk/desk";
import { useDeskState } from "@/desk/hooks";

/** Gives the newest orders, newest first; asked for anew whenever something happened to one. */
export function useOrders() {
  const state = useDeskState();
  return useQuery({
    queryKey: [...keys.orders, state?.epoch, state?.ordersPos],
    queryFn: async () => (await answered(api.GET("/api/orders"))).data.items,
    enabled: state !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });
}
