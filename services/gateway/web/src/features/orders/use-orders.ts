import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { keys } from "@/desk/desk";
import { useDeskPart } from "@/desk/hooks";

/** Gives the newest orders, newest first; asked for anew whenever something happened to one. */
export function useOrders() {
  const newest = useDeskPart(({ epoch, ordersPos }) => [epoch, ordersPos]);
  return useQuery({
    queryKey: [...keys.orders, newest],
    queryFn: async () => (await answered(api.GET("/api/orders"))).data.items,
    enabled: newest !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });
}
