import type { Money } from "@/api/client";
import { Fact, Signed } from "@/components/num";
import { Empty, Loading, Panel } from "@/components/panel";
import { useDeskPart } from "@/desk/hooks";
import { minus, number, usd, words } from "@/lib/text";
import { feesOf, fundingOf, interestOf, modeText } from "./names";
import { useValued } from "./use-valued";

/** The account's money, and what all its trades made and cost. */
export function AccountCard() {
  const { money, age, isStale } = useValued();
  return (
    <Panel testid="account-card" title="Account" age={age} isStale={isStale}>
      {!money ? (
        <Loading lines={9} testid="account-loading" />
      ) : money.account ? (
        <Facts account={money.account} />
      ) : (
        <Empty testid="account-empty">No account yet: it opens with the feed.</Empty>
      )}
    </Panel>
  );
}

function Facts({ account }: { account: NonNullable<Money["account"]> }) {
  const fees = feesOf(account.feesUsd);
  const funding = fundingOf(account.fundingUsd);
  const interest = interestOf(account.interestUsd);
  const equity = account.equityUsd ?? account.balanceUsd;
  const since =
    equity === null || account.capitalUsd === null ? null : minus(equity, account.capitalUsd);
  return (
    <dl>
      <Fact name="Equity" testid="equity" isLead>
        {usd(account.equityUsd)}
      </Fact>
      <Fact name="Since start" testid="since-start">
        <Signed of={since}>{usd(since, true)}</Signed>
      </Fact>
      <Fact name="Realized, before fees" testid="realized">
        <Signed of={account.realizedPnlUsd}>{usd(account.realizedPnlUsd, true)}</Signed>
      </Fact>
      <Fact name={fees.name} testid="fees">
        {fees.sum}
      </Fact>
      <Fact name="Venue fees" testid="venue-fees">
        {usd(account.venueFeesUsd)}
      </Fact>
      <Fact name={funding.name} testid="funding">
        <Signed of={account.fundingUsd}>{funding.sum}</Signed>
      </Fact>
      {account.venue !== "paper" && (
        <>
          <Fact name={interest.name} testid="interest">
            <Signed of={account.interestUsd}>{interest.sum}</Signed>
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
