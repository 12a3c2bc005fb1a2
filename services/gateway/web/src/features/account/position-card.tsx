import { Fact } from "@/components/num";
import { Empty, Loading, Panel } from "@/components/panel";
import { OpenPosition } from "./open-position";
import { useValued } from "./use-valued";

/** The position: what it is worth, what it made, how far it is from its end, what protects it. */
export function PositionCard() {
  const { money, isOpen, age, isStale } = useValued();
  return (
    <Panel testid="position-card" title="Position" age={isOpen && age} isStale={isStale}>
      {!money ? (
        <Loading lines={2} testid="position-loading" />
      ) : !money.account ? (
        <Empty testid="position-empty">No account yet: it opens with the feed.</Empty>
      ) : isOpen ? (
        <OpenPosition position={money.position} equityUsd={money.account.equityUsd} />
      ) : (
        <dl className="max-w-md">
          <Fact name="Open now" testid="position">
            flat
          </Fact>
        </dl>
      )}
    </Panel>
  );
}
