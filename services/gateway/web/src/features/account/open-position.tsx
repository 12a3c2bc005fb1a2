import type { ReactNode } from "react";
import type { State } from "@/api/client";
import { Fact, Signed } from "@/components/num";
import { useDeskPart, useNow, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number, plural, usd } from "@/lib/text";
import { age, clock, moment } from "@/lib/time";
import { feesOf, fundingOf } from "./names";
import { ProtectionFacts } from "./protection-facts";

type Position = State["position"];

interface OpenPositionProps {
  position: Position;
  /** Of the account, which all of it stands for. */
  equityUsd: string | null;
}

/** The open position: its prices with their sources, what it made and cost, how it is protected. */
export function OpenPosition({ position, equityUsd }: OpenPositionProps) {
  const price = usePriceText();
  return (
    <div className="grid grid-cols-1 gap-x-8 gap-y-3 sm:grid-cols-2 xl:grid-cols-4">
      <Group name="Size">
        <Fact name="Position" testid="position">
          <Signed of={position.quantityBase}>
            {number(position.quantityBase, { signed: true })} at {price(position.entryPriceUsd)}
          </Signed>
        </Fact>
        <Opened position={position} />
        <Valued position={position} />
        <Leverage notionalUsd={position.notionalUsd} equityUsd={equityUsd} />
      </Group>
      <Made position={position} />
      <Liquidation position={position} />
      {position.protection && (
        <Group name="Protection">
          <ProtectionFacts protection={position.protection} />
        </Group>
      )}
    </div>
  );
}

function Group({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section data-testid={`position-${name.split(" ")[0]?.toLowerCase()}-facts`}>
      <h3 className="mb-1 text-2xs text-muted">{name}</h3>
      <dl>{children}</dl>
    </section>
  );
}

function Opened({ position }: { position: Position }) {
  const { zone } = usePreferences();
  const now = useNow();
  return (
    <Fact name="Opened" testid="position-entry">
      {position.openedAt && moment(position.openedAt, zone, now)}
      <span className="block text-2xs text-muted">
        entry: average of {plural(position.fills, "fill")}
      </span>
    </Fact>
  );
}

function Valued({ position }: { position: Position }) {
  const price = usePriceText();
  const now = useNow();
  const { zone } = usePreferences();
  const heard = position.priceHeardAt ? age(position.priceHeardAt, now) : "from the log";
  return (
    <>
      <Fact name="Price" testid="position-price">
        {price(position.priceUsd)}
        <span className="block text-2xs text-muted">
          {position.priceSource}, market {clock(position.priceAt, zone)}, {heard}
        </span>
      </Fact>
      <Fact name="Notional" testid="notional">
        {usd(position.notionalUsd)}
      </Fact>
    </>
  );
}

interface LeverageProps {
  notionalUsd: string | null;
  equityUsd: string | null;
}

/** As risk's rule counts it, now: the cap is of what an entry may make of it. */
function Leverage({ notionalUsd, equityUsd }: LeverageProps) {
  const cap = useDeskPart((state) => state.settings?.max_leverage);
  const equity = Number(equityUsd ?? 0);
  const now = notionalUsd !== null && equity > 0 ? Number(notionalUsd) / equity : null;
  return (
    <Fact name="Leverage" testid="position-leverage">
      {now === null ? "not known" : `${number(now.toFixed(2), { digits: 2 })}×`}
      {typeof cap === "string" && (
        <span className="text-muted text-xs"> of {number(cap)}× at most</span>
      )}
    </Fact>
  );
}

function Made({ position }: { position: Position }) {
  const price = usePriceText();
  const fees = feesOf(position.feesUsd);
  const funding = fundingOf(position.fundingUsd);
  return (
    <Group name="Made by this position">
      <Fact name="Price, open part" testid="unrealized">
        <Signed of={position.unrealizedPnlUsd}>{usd(position.unrealizedPnlUsd, true)}</Signed>
      </Fact>
      <Fact name="Price, closed part" testid="position-realized">
        <Signed of={position.realizedPnlUsd}>{usd(position.realizedPnlUsd, true)}</Signed>
      </Fact>
      <Fact name={funding.name} testid="position-funding">
        <Signed of={position.fundingUsd}>{funding.sum}</Signed>
      </Fact>
      <Fact name={fees.name} testid="position-fees">
        {fees.sum}
      </Fact>
      <Fact name="Net" testid="position-net">
        <Signed of={position.netUsd} className="font-semibold">
          {usd(position.netUsd, true)}
        </Signed>
      </Fact>
      <Fact name="Break-even, before the exit's fee" testid="position-break-even">
        {price(position.breakEvenUsd)}
      </Fact>
    </Group>
  );
}

/** Below this the account is in danger, and the page says so beside the number. */
const HEALTH_LOW_PCT = 25;

function Health({ position }: { position: Position }) {
  const { healthPct, maintenanceUsd } = position;
  if (healthPct === null) return "not known";
  const isLow = Number(healthPct) < HEALTH_LOW_PCT;
  return (
    <span className={isLow ? "text-bad" : ""}>
      {number(healthPct, { digits: 2 })} %{isLow && ", low"}
      <span className="block text-2xs text-muted">{usd(maintenanceUsd)} maintenance</span>
    </span>
  );
}

function Liquidation({ position }: { position: Position }) {
  const price = usePriceText();
  const now = useNow();
  const { zone } = usePreferences();
  const isReachable = Number(position.liquidationUsd) > 0;
  const maintenance = number(percentOf(position.maintenanceRatio), { digits: 1 });
  return (
    <Group name="Margin and liquidation">
      <Fact name="Health" testid="position-health">
        <Health position={position} />
      </Fact>
      <Fact name="Margin ratio" testid="position-margin-ratio">
        {position.marginRatioPct === null
          ? "not known"
          : `${number(position.marginRatioPct, { digits: 2 })} %`}
        <span className="text-muted text-xs"> gone at {maintenance} %</span>
      </Fact>
      <Fact name="Liquidation" testid="position-liquidation">
        {position.liquidationUsd === null ? (
          "not known"
        ) : isReachable ? (
          price(position.liquidationUsd)
        ) : (
          <>
            none
            <span className="block text-2xs text-muted">the equity covers a price of zero</span>
          </>
        )}
      </Fact>
      {isReachable && (
        <Fact name="Away" testid="position-liquidation-distance">
          {number(position.liquidationDistancePct, { digits: 2 })} %
          {position.liquidationDistanceAtr === null
            ? ", ATR not warmed up"
            : `, ${number(position.liquidationDistanceAtr, { digits: 1 })} ATR(5m)`}
        </Fact>
      )}
      <Fact name="By the venue" testid="position-venue">
        {position.venueAt === null ? (
          "not seen since the position changed"
        ) : (
          <>
            {position.venueLiquidationUsd === null ? "none" : price(position.venueLiquidationUsd)},
            break-even {price(position.venueBreakEvenUsd)}
            <span className="block text-2xs text-muted">
              seen {moment(position.venueAt, zone, now)}
            </span>
          </>
        )}
      </Fact>
      <div data-testid="position-formula" className="mt-1 text-2xs text-muted">
        <dt className="sr-only">How it is counted</dt>
        <dd>
          As risk's rule “liquidation distance”: this position alone, the whole equity its margin,
          {` ${maintenance} %`} of the notional as maintenance. Health is what that leaves of the
          equity.
        </dd>
      </div>
    </Group>
  );
}

function percentOf(ratio: string | null): string | null {
  return ratio === null ? null : String(Number(ratio) * 100);
}
