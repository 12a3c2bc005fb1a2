import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

/** Joins class names; of two that say the same thing the last one holds. */
export function cn(...names: ClassValue[]): string {
  return twMerge(clsx(names));
}
