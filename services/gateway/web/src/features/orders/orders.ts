/** How an order's figures are written. */
import type { OrderLife } from "@/api/client";
import { number } from "@/lib/text";

export function filledOf(order: Pick<OrderLife, "quantityBase" | "filledBase">): string {
  const whole = order.quantityBase === null ? "the position" : number(order.quantityBase);
  return `${number(order.filledBase)} of ${whole}`;
}

export function bps(value: string | null): string {
  return value === null ? "–" : `${number(value, { digits: 1, signed: true })} bps`;
}
