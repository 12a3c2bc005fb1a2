/** What each gauge says, in words and with its units. */
import type { Flow, Price, Schemas } from "@/api/client";
import { PRICE_OLD_MS } from "@/desk/ages";
import { number, plural, usd, words } from "@/lib/text";
import { clock, countdown, type Zone, zoneName } from "@/lib/time";

type Gauge = Schemas["PanelView"];
type PriceText = (value: string | null | undefined) => string;

export interface Reading {
  lead: string;
  facts: [string, string][];
  /** How it is computed, where that is not plain. */
  note: string;
}

const TITLES: Record<string, string> = {
  price: "Price",
  cvd: "Session CVD",
  vwap: "Session VWAP",
  funding: "Funding",
  basis: "Basis",
  open_interest: "Open interest",
  liquidations: "Liquidations, last hour",
  regime: "Regime",
  feed_health: "Feed health",
};

/**
 * Gives a gauge as the stream tells it last, where the top of the page shows the same: the gauges
 * come once a second, and one page has one price.
 */
export function newest(gauge: Gauge, price: Price | null, flow: Flow | null): Gauge {
  const told = { price: price?.lastUsd, cvd: flow?.cvdBase, vwap: flow?.vwapUsd }[gauge.id];
  const from = gauge.id === "price" ? price : flow;
  return gauge.isFed && from && told
    ? { ...gauge, value: told, at: from.at, heardAt: from.heardAt }
    : gauge;
}

/** Of a trade; and of a mark price, which comes every few seconds with all that goes with it. */
const OF_TRADES: ReadonlySet<string> = new Set(["price", "cvd", "vwap", "feed_health"]);
const MARK_OLD_MS = 30_000;

/** Says whether what a gauge shows is older than it may be; `now` is the gateway's time in ms. */
export function isOldAt(gauge: Pick<Gauge, "id" | "heardAt">, now: number): boolean {
  const oldMs = OF_TRADES.has(gauge.id) ? PRICE_OLD_MS : MARK_OLD_MS;
  return gauge.heardAt !== null && now - Date.parse(gauge.heardAt) > oldMs;
}

export function titleOf(id: string): string {
  return TITLES[id] ?? words(id);
}

export function readingOf(gauge: Gauge, price: PriceText, zone: Zone): Reading {
  const details = new Map(gauge.details.map((one) => [one.name, one.value]));
  const of = (name: string) => details.get(name) ?? null;
  switch (gauge.id) {
    case "price":
    case "vwap":
      return { lead: `${price(gauge.value)} USD`, facts: [], note: "" };
    case "cvd":
      return {
        lead: `${number(gauge.value, { digits: 2, signed: true })} base`,
        facts: [],
        note: "Bought minus sold by aggressors.",
      };
    case "funding":
      return funding(gauge, of, zone);
    case "basis":
      return {
        lead: `${number(gauge.value, { digits: 1, signed: true })} bps`,
        facts: [
          ["mark", `${price(of("mark"))} USD`],
          ["index", `${price(of("index"))} USD`],
          ["mark − index", `${number(of("basis"), { signed: true })} USD`],
        ],
        note: "(mark − index) / index × 10,000",
      };
    case "liquidations":
      return {
        lead: usd(gauge.value),
        facts: [
          ["longs", usd(of("long"))],
          ["shorts", usd(of("short"))],
          ["how many", number(of("count"))],
          ["last", of("last_at") ? `${clock(of("last_at"), zone)} ${zoneName(zone)}` : "none"],
        ],
        note: "",
      };
    case "feed_health":
      return health(gauge, of);
    default:
      return { lead: words(gauge.value), facts: [], note: "" };
  }
}

function funding(gauge: Gauge, of: (name: string) => string | null, zone: Zone): Reading {
  const [hour, year] = [of("per_hour"), of("per_year")];
  const way = Math.sign(Number(hour));
  const size = (value: string | null, digits: number) =>
    number(value?.replace("-", "") ?? null, { digits });
  const lead =
    way === 0
      ? "nobody pays"
      : `${way > 0 ? "longs pay shorts" : "shorts pay longs"} ${size(hour, 4)}\u00a0%/h (${size(year, 1)}\u00a0% a\u00a0year)`;
  const due = of("next_funding_at");
  const left = due && gauge.at ? `, in ${countdown(due, Date.parse(gauge.at))}` : "";
  return {
    lead,
    facts: [
      [`per ${number(of("interval"))} h`, `${number(gauge.value, { digits: 4, signed: true })} %`],
      ["next", due ? `${clock(due, zone)} ${zoneName(zone)}${left}` : "not given"],
    ],
    note:
      of("interval_from") === "assumed"
        ? "A year is simple, not compounded. The interval is assumed until two fundings were seen."
        : "A year is simple, not compounded.",
  };
}

function health(gauge: Gauge, of: (name: string) => string | null): Reading {
  const lag = of("lag");
  const reason = of("reason");
  return {
    lead: words(gauge.value),
    facts: [
      ...(reason ? ([["why", words(reason)]] as [string, string][]) : []),
      ["gaps", `${number(of("gaps"))} (${plural(Number(of("missing_trades")), "trade")} missing)`],
      ["frames refused", number(of("refused_frames"))],
      ["ticks refused", number(of("refused_ticks"))],
      ["lag behind the exchange", lag === null ? "none: not live" : `${number(lag)} ms`],
    ],
    note: "",
  };
}
