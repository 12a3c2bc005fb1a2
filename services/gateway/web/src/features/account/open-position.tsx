import type { State } from "@/api/client";
import { Fact, Signed } from "@/components/num";
import { useDeskPart, useNow, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { number, plural, usd } from "@/lib/text";
import { age, clock, moment } from "@/lib/time";
import { feesOf, fundingName } from "./names";
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
  if (Number(position.quantityBase) === 0)
    return (
      <dl>
        <Fact name="Position" testid="position">
          flat
        </Fact>
      </dl>
    );
  return (
    <>
      <dl>
        <Fact name="Position" testid="position">
          <Signed of={position.quantityBase}>
            {number(position.quantityBase, { signed: true })} at {price(position.entryPriceUsd)}
          </Signed>
        </Fact>
        <Opened position={position} />
        <Valued position={position} />
        <Leverage notionalUsd={position.notionalUsd} equityUsd={equityUsd} />
      </dl>
      <Made position={position} />
      <Liquidation position={position} />
      {position.protection && <ProtectionFacts protection={position.protection} />}
    </>
  );
}

function Opened({ position }: { position: Position }) {
  const { zone } = usePreferences();
  const now = useNow();
  return (
    <Fact name="Entry" testid="position-entry">
      average of {plural(position.fills, "fill")}
      {position.openedAt && `, since ${moment(position.openedAt, zone, now)}`}
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
  return (
    <>
      <h3 className="mt-3 mb-1 text-2xs text-muted">Made by this position</h3>
      <dl>
        <Fact name="Price, open part" testid="unrealized">
          <Signed of={position.unrealizedPnlUsd}>{usd(position.unrealizedPnlUsd, true)}</Signed>
        </Fact>
        <Fact name="Price, closed part" testid="position-realized">
          <Signed of={position.realizedPnlUsd}>{usd(position.realizedPnlUsd, true)}</Signed>
        </Fact>
        <Fact name={fundingName(position.fundingUsd)} testid="position-funding">
          <Signed of={position.fundingUsd}>{usd(position.fundingUsd, true)}</Signed>
        </Fact>
        <Fact name={fees.name} testid="position-fees">
          {fees.sum}
        </Fact>
        <Fact name="Net" testid="position-net">
          <Signed of={position.netUsd}>{usd(position.netUsd, true)}</Signed>
        </Fact>
        <Fact name="Break-even, before the exit's fee" testid="position-break-even">
          {price(position.breakEvenUsd)}
        </Fact>
      </dl>
    </>
  );
}

function Liquidation({ position }: { position: Position }) {
  const price = usePriceText();
  const now = useNow();
  const { zone } = usePreferences();
  const isReachable = Number(position.liquidationUsd) > 0;
  return (
    <>
      <h3 className="mt-3 mb-1 text-2xs text-muted">Liquidation</h3>
      <dl>
        <Fact name="At" testid="position-liquidation">
          {position.liquidationUsd === null
            ? "not known"
            : isReachable
              ? price(position.liquidationUsd)
              : "none: the equity covers a price of zero"}
        </Fact>
        <Fact name="Away" testid="position-liquidation-distance">
          {position.liquidationDistancePct === null
            ? "–"
            : `${number(position.liquidationDistancePct, { digits: 2 })} %`}
          {position.liquidationDistanceAtr === null
            ? ", ATR not warmed up"
            : `, ${number(position.liquidationDistanceAtr, { digits: 1 })} ATR(5m)`}
        </Fact>
        <Fact name="By the venue" testid="position-venue">
          {position.venueAt === null ? (
            "not seen since the position changed"
          ) : (
            <>
              {position.venueLiquidationUsd === null ? "none" : price(position.venueLiquidationUsd)}
              , break-even {price(position.venueBreakEvenUsd)}
              <span className="block text-2xs text-muted">
                seen {moment(position.venueAt, zone, now)}
              </span>
            </>
          )}
        </Fact>
      </dl>
      <p data-testid="position-formula" className="text-2xs text-muted">
        By the formula of risk's rule “liquidation distance”: this position alone, with the whole
        equity as its margin, at a maintenance of{" "}
        {number(percentOf(position.maintenanceRatio), { digits: 1 })} % of the notional.
      </p>
    </>
  );
}

function percentOf(ratio: string | null): string | null {
  return ratio === null ? null : String(Number(ratio) * 100);
}
