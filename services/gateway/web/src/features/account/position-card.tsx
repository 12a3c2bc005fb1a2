import type { Money } from "@/api/client";
import { Fact, Signed } from "@/components/num";
import { Empty, Loading, Panel } from "@/components/panel";
import { useDeskPart, useIsOffline, useIsPriceOld, useMoney, useNow } from "@/desk/hooks";
import { minus, number, usd, words } from "@/lib/text";
import { age } from "@/lib/time";
import { feesOf, fundingName, interestName, modeText } from "./names";
import { OpenPosition } from "./open-position";

/** The account's money and its position. */
export function PositionCard() {
  const money = useMoney();
  const now = useNow();
  const isOffline = useIsOffline();
  // What is open is worth what the last price says; what is flat is not.
  const isOpen = Number(money?.position.quantityBase ?? 0) !== 0;
  const isOld = useIsPriceOld() && isOpen;
  return (
    <Panel
      testid="position-card"
      title="Account and position"
      age={money && `computed ${age(money.asOf, now)}${isOld ? ", at an old price" : ""}`}
      isStale={money !== null && (isOffline || isOld)}
    >
      {!money ? (
        <Loading lines={9} testid="position-loading" />
      ) : money.account ? (
        <Facts account={money.account} position={money.position} />
      ) : (
        <Empty testid="position-empty">No account yet: it opens with the feed.</Empty>
      )}
    </Panel>
  );
}

interface FactsProps {
  account: NonNullable<Money["account"]>;
  position: Money["position"];
}

function Facts({ account, position }: FactsProps) {
  const fees = feesOf(account.feesUsd);
  const equity = account.equityUsd ?? account.balanceUsd;
  const since =
    equity === null || account.capitalUsd === null ? null : minus(equity, account.capitalUsd);
  return (
    <>
      <dl>
        <Fact name="Equity" testid="equity" isLead>
          {usd(account.equityUsd)}
        </Fact>
        <Fact name="Since start" testid="since-start">
          <Signed of={since}>{usd(since, true)}</Signed>
        </Fact>
      </dl>
      <OpenPosition position={position} equityUsd={account.equityUsd} />
      <h3 className="mt-3 mb-1 text-2xs text-muted">Account, since it was opened</h3>
      <dl>
        <Fact name="Realized, before fees" testid="realized">
          <Signed of={account.realizedPnlUsd}>{usd(account.realizedPnlUsd, true)}</Signed>
        </Fact>
        <Fact name={fees.name} testid="fees">
          {fees.sum}
        </Fact>
        <Fact name="Venue fees" testid="venue-fees">
          {usd(account.venueFeesUsd)}
        </Fact>
        <Fact name={fundingName(account.fundingUsd)} testid="funding">
          <Signed of={account.fundingUsd}>{usd(account.fundingUsd, true)}</Signed>
        </Fact>
        {account.venue !== "paper" && (
          <>
            <Fact name={interestName(account.interestUsd)} testid="interest">
              <Signed of={account.interestUsd}>{usd(account.interestUsd, true)}</Signed>
            </Fact>
            <Fact name="Paid in, less taken out" testid="capital">
              {usd(account.capitalUsd)}
            </Fact>
          </>
        )}
        <Fact name="Fills" testid="fills">
          {number(account.fills)}
        </Fact>
        <Fact name="Setups closed" testid="setups-closed">
          {number(account.setupsClosed)}
        </Fact>
        <Fact name="Trading" testid="engine">
          <Trading />
        </Fact>
      </dl>
    </>
  );
}

function Trading() {
  const engine = useDeskPart((state) => state.engine);
  if (!engine) return null;
  return (
    <span className={engine.mode === "run" ? "" : "text-warn"}>
      {modeText(engine.mode)}
      {engine.reason && `: ${words(engine.reason)}`}
    </span>
  );
}
