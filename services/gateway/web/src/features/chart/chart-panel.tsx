import { type ReactNode, useEffect, useRef, useState } from "react";
import { Signed } from "@/components/num";
import { Empty, Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import {
  useDeskState,
  useFlow,
  useIsOffline,
  useIsPriceOld,
  useNow,
  usePrice,
  usePriceText,
} from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { number, words } from "@/lib/text";
import { age, clock, minute, zoneName } from "@/lib/time";
import { BarsTable } from "./bars-table";
import PriceChart from "./price-chart";
import { INTERVALS, type Interval } from "./series";

/** The market: price, CVD, VWAP and what the strategy says, over the chart or its table. */
export function ChartPanel() {
  const state = useDeskState();
  const price = usePrice();
  const isOld = useIsPriceOld();
  const isOffline = useIsOffline();
  const [isTable, setTable] = useState(false);
  const [interval, setInterval] = useState<Interval>(1);
  return (
    <Panel
      testid="price-cvd-chart"
      title={state?.feed?.market.toUpperCase() ?? "Market"}
      isStale={state !== null && (isOffline || isOld)}
      className="min-h-[34rem]"
      bodyClassName="flex flex-col gap-3"
      actions={
        <>
          {!isTable && <IntervalChoice interval={interval} onInterval={setInterval} />}
          <Button
            size="small"
            variant="ghost"
            aria-pressed={isTable}
            data-testid="chart-table-toggle"
            onClick={() => setTable(!isTable)}
          >
            {isTable ? "Chart" : "Table"}
          </Button>
        </>
      }
    >
      <Head />
      <div className="min-h-0 flex-1">
        {!state ? (
          <Loading lines={12} testid="chart-loading" />
        ) : state.bars.length === 0 && price === null ? (
          <Empty testid="chart-empty">No minute yet: the chart begins with the first trade.</Empty>
        ) : isTable ? (
          <BarsTable state={state} />
        ) : (
          <PriceChart interval={interval} />
        )}
      </div>
      <p className="text-2xs text-muted">
        <span className="text-vwap">━</span> session VWAP <span className="ml-2">━</span> session
        CVD, base; the last minute is open.{" "}
        <a
          href="https://www.tradingview.com/"
          target="_blank"
          rel="noreferrer"
          data-testid="chart-notice"
          className="inline-flex min-h-6 items-center underline hover:text-ink"
        >
          Charts by TradingView
        </a>
      </p>
    </Panel>
  );
}

interface IntervalChoiceProps {
  interval: Interval;
  onInterval(interval: Interval): void;
}

/** How many minutes a candle stands for. */
function IntervalChoice({ interval, onInterval }: IntervalChoiceProps) {
  return (
    <div role="group" aria-label="Length of a candle" data-testid="chart-interval" className="flex">
      {INTERVALS.map((one) => (
        <Button
          key={one}
          size="small"
          variant="ghost"
          aria-pressed={one === interval}
          data-testid={`chart-interval-${one}m`}
          onClick={() => onInterval(one)}
          className={cn("num px-2", one === interval && "bg-raised text-ink")}
        >
          {one}m
        </Button>
      ))}
    </div>
  );
}

function Head() {
  const state = useDeskState();
  const price = usePrice();
  const flow = useFlow();
  const now = useNow();
  const text = usePriceText();
  const { zone } = usePreferences();
  const said = state?.decision;
  const isPart = said?.reason === "session_incomplete";
  const gap =
    price && flow?.vwapUsd ? (Number(price.lastUsd) / Number(flow.vwapUsd) - 1) * 1e4 : null;
  return (
    <div className="grid grid-cols-2 gap-x-4 gap-y-2 md:grid-cols-[1.3fr_1fr_1fr_1.3fr]">
      <Reading
        name="Last price"
        note={
          price
            ? `${age(price.heardAt, now)}, market ${clock(price.at, zone)} ${zoneName(zone)}`
            : "no trade heard yet"
        }
      >
        <LastPrice />
      </Reading>
      <Reading
        name="Session CVD"
        testid="cvd-note"
        isWarning={isPart}
        note={
          flow &&
          `base, ${flow.isLive ? "live" : "closed minute"}, ${clock(flow.at, zone)}${isPart ? ", not the whole session" : ""}`
        }
      >
        <Signed of={flow?.cvdBase}>{number(flow?.cvdBase, { digits: 2, signed: true })}</Signed>
      </Reading>
      <Reading
        name="Session VWAP"
        isWarning={isPart}
        note={gap !== null && `price ${number(gap.toFixed(1), { signed: true })} bps from it`}
      >
        <span className="num">{text(flow?.vwapUsd)}</span>
      </Reading>
      <Reading
        name="Strategy says"
        testid="decision"
        note={
          said &&
          `on ${minute(said.minute, zone)}${said.rsi ? `, RSI ${number(said.rsi, { digits: 1 })}` : ""}`
        }
      >
        <span className={cn("text-base leading-tight", said?.wantsEntry && "text-lime")}>
          {!said ? "nothing yet" : said.wantsEntry ? "Entry" : `No entry: ${words(said.reason)}`}
        </span>
      </Reading>
    </div>
  );
}

/** The newest price, with an arrow for the way it last moved. */
function LastPrice() {
  const price = usePrice();
  const text = usePriceText();
  const before = useRef<string | null>(null);
  const [way, setWay] = useState("0");
  const last = price?.lastUsd ?? null;
  useEffect(() => {
    if (last !== null && before.current !== null && last !== before.current)
      setWay(String(Number(last) - Number(before.current)));
    before.current = last;
  }, [last]);
  return (
    <Signed of={way} className="font-semibold text-3xl">
      <span data-testid="last-price">{text(last)}</span>
    </Signed>
  );
}

interface ReadingProps {
  name: string;
  note: ReactNode;
  testid?: string;
  isWarning?: boolean;
  children: ReactNode;
}

function Reading({ name, note, testid, isWarning = false, children }: ReadingProps) {
  return (
    <div className="min-w-0" data-testid={testid}>
      <h3 className="text-muted text-xs">{name}</h3>
      <div className="flex min-h-9 items-center text-xl">{children}</div>
      <p className={cn("num text-2xs", isWarning ? "text-warn" : "text-muted")}>{note || " "}</p>
    </div>
  );
}
