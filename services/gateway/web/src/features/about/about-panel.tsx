import { useQuery } from "@tanstack/react-query";
import { answered, api, type Schemas, sentence } from "@/api/client";
import { Address } from "@/components/address";
import { Fact } from "@/components/num";
import { Loading, Panel } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { keys } from "@/desk/desk";
import { useOpenKeys } from "@/features/keys/keys";
import { useSettings } from "@/features/strategy/use-settings";
import { shortened } from "@/lib/text";

type Version = Schemas["Version"];

const MONEY: Record<string, string> = {
  simulated: "simulated: no real money moves",
  test: "of a test chain: no real money moves",
};
const POLICY_MS = 15_000;

/** What runs here: the build, the rules and their versions, and where the orders go. */
export function AboutPanel() {
  const openKeys = useOpenKeys();
  const { data: version, error } = useQuery({
    queryKey: keys.version,
    queryFn: async () => (await answered(api.GET("/api/version"))).data,
    // A service that starts anew may keep another version of its rules.
    refetchInterval: POLICY_MS,
  });
  return (
    <Panel
      testid="about"
      title="What runs here"
      isStale={version !== undefined && error !== null}
      actions={
        <Button size="small" data-testid="about-keys" onClick={openKeys}>
          Keys
        </Button>
      }
    >
      {error && (
        <p role="status" data-testid="about-error" className="text-warn">
          Not to be had now. {sentence(error)}
        </p>
      )}
      {version ? (
        <Facts version={version} />
      ) : (
        !error && <Loading lines={9} testid="about-loading" />
      )}
      <p className="mt-3 text-muted text-xs">
        The chart is drawn by Lightweight Charts™ of TradingView, under the Apache License 2.0.
      </p>
    </Panel>
  );
}

function Facts({ version }: { version: Version }) {
  const { data: settings } = useSettings();
  const policies = Object.entries(version.policies);
  return (
    <dl className="grid items-baseline gap-x-10 text-sm sm:grid-cols-2">
      <Fact name="Build" testid="about-build">
        {version.version}
        {version.revision && (
          <>
            {", "}
            <Address of={version.revision} testid="about-revision" />
          </>
        )}
      </Fact>
      <Fact name="Python" testid="about-python">
        {version.python}
      </Fact>
      <Fact name="API, contracts" testid="about-contracts">
        v{version.api}, {version.contracts}
      </Fact>
      <Fact name="Account" testid="about-account">
        {version.account}
      </Fact>
      <Fact name="Settings" testid="about-settings">
        {settings ? `revision ${settings.etag.replaceAll('"', "")}` : "not read yet"}
      </Fact>
      <Fact name="Venue" testid="about-venue">
        {version.venue}
      </Fact>
      <Fact name="Money" testid="about-money">
        {MONEY[version.environment] ?? "REAL"}
      </Fact>
      <Fact name="Quote asset" testid="about-quote">
        {shortened(version.quote, 6)}
      </Fact>
      <Fact name="Program" testid="about-program">
        {shortened(version.programName, 6)}{" "}
        <Address of={version.program} testid="about-program-id" />
      </Fact>
      {policies.length === 0 ? (
        <Fact name="Rules" testid="about-policies">
          no service has answered yet
        </Fact>
      ) : (
        policies.map(([service, policy]) => (
          <Fact key={service} name={`Rules of ${service}`} testid={`about-policy-${service}`}>
            {policy}
          </Fact>
        ))
      )}
    </dl>
  );
}
