/** Text and numbers as people read them. Decimals stay strings: Intl formats a string exactly. */

import { numberFormat } from "./formats";

export const DASH = "–";

export interface NumberStyle {
  digits?: number | null;
  signed?: boolean;
}

/** Writes a decimal string with separators, a real minus, and a fixed count of digits if given. */
export function number(
  value: string | number | null | undefined,
  { digits = null, signed = false }: NumberStyle = {},
): string {
  if (value === null || value === undefined || value === "") return DASH;
  const format = numberFormat({
    signDisplay: signed ? "exceptZero" : "auto",
    maximumFractionDigits: digits ?? 8,
    minimumFractionDigits: digits ?? 0,
  });
  // A decimal string is formatted to its last digit; a number would be rounded first.
  return format.format(value as Intl.StringNumericLiteral).replace("-", "−");
}

export function usd(value: string | null | undefined, signed = false): string {
  return value === null || value === undefined
    ? DASH
    : `${number(value, { digits: 2, signed })} USD`;
}

/** Writes lamports in SOL, exactly. */
export function sol(lamports: string): string {
  const digits = lamports.padStart(10, "0");
  const rest = digits.slice(-9).replace(/0+$/, "");
  return `${digits.slice(0, -9)}${rest ? `.${rest}` : ""} SOL`;
}

/** Counts the decimals of a step such as `0.001`. */
export function places(step: string): number {
  return (step.split(".")[1] ?? "").length;
}

const ABBREVIATIONS = /\b(atr|cvd|pnl|rsi|tp[123]?|sl|vwap)\b/g;

/** Writes a token as words: `cvd_against` is `CVD against`. */
export function words(token: string | null | undefined): string {
  return (token ?? "").replace(/[_-]/g, " ").replace(ABBREVIATIONS, (one) => one.toUpperCase());
}

/** Says of an order what a trader says; of positions and signals it is long and short. */
export function bought(side: string): string {
  return side === "long" ? "buy" : "sell";
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

export type Direction = "up" | "down" | "flat";

export function direction(value: string | null | undefined): Direction {
  const signed = Number(value ?? 0);
  return signed > 0 ? "up" : signed < 0 ? "down" : "flat";
}

/** Subtracts decimal strings exactly; both with at most 18 decimals. */
export function minus(left: string, right: string): string {
  const scale = Math.max(places(left), places(right));
  const difference = scaled(left, scale) - scaled(right, scale);
  const digits = (difference < 0n ? -difference : difference).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const rest = scale ? `.${digits.slice(-scale)}` : "";
  return `${difference < 0n ? "-" : ""}${whole}${rest}`;
}

function scaled(text: string, scale: number): bigint {
  const [whole = "0", rest = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole + rest.padEnd(scale, "0"));
  return text.startsWith("-") ? -value : value;
}

const ADDRESSES = /\b[1-9A-HJ-NP-Za-km-z]{43,44}\b/g;

/** Shortens the addresses that stand in a text. */
export function withShortAddresses(text: string): string {
  return text.replace(ADDRESSES, (address) => shortened(address));
}

/** Shortens a base58 key or a hash to its ends. */
export function shortened(text: string, ends = 4): string {
  return text.length <= 2 * ends + 1 ? text : `${text.slice(0, ends)}…${text.slice(-ends)}`;
}
