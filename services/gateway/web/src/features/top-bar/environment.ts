/** Which money moves, at whose prices: what nobody may ever confuse. */
import type { State } from "@/api/client";

export interface Environment {
  /** Of the money: PAPER, LOCALNET, DEVNET or LIVE. */
  money: string;
  /** Of the prices: SYNTHETIC, TAPE, LIVE PRICES or NO FEED. */
  prices: string;
  sentence: string;
  tone: "synthetic" | "tape" | "paper" | "chain" | "live";
  isRealMoney: boolean;
}

const PRICES: Record<string, [string, string]> = {
  synthetic: ["SYNTHETIC", "prices are made up"],
  tape: ["TAPE", "prices come from a recording"],
  binance: ["LIVE PRICES", "prices are the exchange's, now"],
};
const MONEY: Record<string, string> = {
  paper: "orders are paper: no real money moves",
  localnet: "orders go to a private chain: no real money moves",
  devnet: "orders go to a test chain: no real money moves",
};

export function environmentOf(state: State | null): Environment | null {
  if (!state) return null;
  const [prices, ofPrices] = PRICES[state.feed?.kind ?? ""] ?? [
    "NO FEED",
    "no feed has opened yet",
  ];
  const ofMoney = MONEY[state.mode];
  if (ofMoney === undefined) {
    const sentence = `Orders of this account move REAL MONEY; ${ofPrices}.`;
    return { money: "LIVE", prices, sentence, tone: "live", isRealMoney: true };
  }
  const tones = { SYNTHETIC: "synthetic", TAPE: "tape" } as const;
  const onChain = state.mode === "paper" ? "paper" : "chain";
  return {
    money: state.mode.toUpperCase(),
    prices,
    sentence: `${ofPrices[0]?.toUpperCase()}${ofPrices.slice(1)}; ${ofMoney}.`,
    tone: tones[prices as keyof typeof tones] ?? onChain,
    isRealMoney: false,
  };
}
