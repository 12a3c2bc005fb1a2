/** From when on what was heard is old. */

/** After so long without a trade a price is old. */
export const PRICE_OLD_MS = 10_000;
