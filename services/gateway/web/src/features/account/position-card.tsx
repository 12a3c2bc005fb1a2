import type { State } from "@/api/client";
import { Fact, Signed } from "@/components/num";
import { Empty, Loading, Panel } from "@/components/panel";
import { useDesk, useDeskState, useIsOffline, useNow, usePriceText } from "@/desk/hooks";
import { minus, number, usd, words } from "@/lib/text";
import { age } from "@/lib/time";

/** The account's money and its position. */
export function PositionCard() {
  const state = useDeskState();
  const desk = useDesk();
  const now = useNow();
  const isOffline = useIsOffline();
  return (
    <Panel
      testid="position-card"
      title="Account and position"
      age={desk.moneyAsOf && `computed ${age(desk.moneyAsOf, now)}`}
      isStale={state !== null && isOffline}
    >
      {!state ? (
        <Loading lines={9} testid="position-loading" />
      ) : state.account ? (
        <Facts state={state} account={state.account} />
      ) : (
        <Empty testid="position-empty">No account yet: it opens with the feed.</Empty>
      )}
    </Panel>
  );
}

function Facts({ state, account }: { state: State; account: NonNullable<State["account"]> }) {
  const price = usePriceText();
  const { position, engine } = state;
  const isFlat = Number(position.quantityBase) === 0;
  const since = minus(account.equityUsd ?? account.balanceUsd, account.startEquityUsd);
  return (
    <dl>
      <Fact name="Equity" testid="equity" isLead>
        {usd(account.equityUsd)}
      </Fact>
      <Fact name="Since start" testid="since-start">
        <Signed of={since}>{usd(since, true)}</Signed>
      </Fact>
      <Fact name="Position" testid="position">
        {isFlat ? (
          "flat"
        ) : (
          <Signed of={position.quantityBase}>
            {number(position.quantityBase, { signed: true })} at {price(position.entryPriceUsd)}
          </Signed>
        )}
      </Fact>
      <Fact name="Notional" testid="notional">
        {isFlat ? "–" : usd(position.notionalUsd)}
      </Fact>
      <Fact name="Unrealized" testid="unrealized">
        <Signed of={account.unrealizedPnlUsd}>{usd(account.unrealizedPnlUsd, true)}</Signed>
      </Fact>
      <Fact name="Realized, before fees" testid="realized">
        <Signed of={account.realizedPnlUsd}>{usd(account.realizedPnlUsd, true)}</Signed>
      </Fact>
      <Fact name={Number(account.feesUsd) < 0 ? "Fees (rebate)" : "Fees paid"} testid="fees">
        {usd(account.feesUsd)}
      </Fact>
      <Fact name="Venue fees" testid="venue-fees">
        {usd(account.venueFeesUsd)}
      </Fact>
      <Fact
        name={Number(account.fundingUsd) < 0 ? "Funding paid" : "Funding received"}
        testid="funding"
      >
        <Signed of={account.fundingUsd}>{usd(account.fundingUsd, true)}</Signed>
      </Fact>
      <Fact name="Fills, setups closed" testid="fills">
        {account.fills}, {account.setupsClosed}
      </Fact>
      <Fact name="Engine" testid="engine">
        <span className={engine.mode === "run" ? "" : "text-warn"}>
          {words(engine.mode)}
          {engine.reason && `: ${words(engine.reason)}`}
        </span>
      </Fact>
    </dl>
  );
}
