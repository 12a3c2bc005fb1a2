/** Where a transaction can be looked up: only on clusters that an explorer knows. */

const CLUSTERS: Record<string, string> = { devnet: "?cluster=devnet", mainnet: "" };

/** Gives the address of a transaction in a public explorer; null on paper and on a localnet. */
export function explorerUrl(signature: string, mode: string): string | null {
  const cluster = CLUSTERS[mode];
  return cluster === undefined ? null : `https://explorer.solana.com/tx/${signature}${cluster}`;
}
