/** How the panels that value a position say their age. */
import { useIsOffline, useIsPriceOld, useMoney, useNow } from "@/desk/hooks";
import { age } from "@/lib/time";

/** Gives the money, and how fresh it is: what is open is worth what the last price says. */
export function useValued() {
  const money = useMoney();
  const now = useNow();
  const isOffline = useIsOffline();
  const isOpen = Number(money?.position.quantityBase ?? 0) !== 0;
  const isOld = useIsPriceOld() && isOpen;
  return {
    money,
    isOpen,
    age: money && `computed ${age(money.asOf, now)}${isOld ? ", at an old price" : ""}`,
    isStale: money !== null && (isOffline || isOld),
  };
}
