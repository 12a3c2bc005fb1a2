import {
  type ComponentType,
  type FunctionComponent,
  type ReactNode,
  useEffect,
  useState,
} from "react";
import { Skeleton } from "./panel";
import { Button } from "./ui/button";

interface LaterStyle {
  /** Names what stands in its place until it is here: `later-NAME`. */
  name: string;
  /** Stands around that; what was loaded brings its own. */
  Frame?: ComponentType<{ children: ReactNode }>;
}

/** Makes a part of the page whose code is loaded once it is shown. The stop is never such a part. */
export function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  { name, Frame = Bare }: LaterStyle,
): FunctionComponent<P> {
  /** Kept: the next time it is shown at once. */
  let loaded: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [Part, setPart] = useState<ComponentType<P> | null>(() => loaded);
    const [isFailed, setFailed] = useState(false);
    useEffect(() => {
      if (Part || isFailed) return;
      let isGone = false;
      load().then(
        (part) => {
          loaded = part;
          if (!isGone) setPart(() => part);
        },
        () => !isGone && setFailed(true),
      );
      return () => {
        isGone = true;
      };
    }, [Part, isFailed]);
    if (Part) return <Part {...props} />;
    return (
      <Frame>
        {isFailed ? (
          <Failed name={name} onAgain={() => setFailed(false)} />
        ) : (
          <Pending name={name} />
        )}
      </Frame>
    );
  };
}

function Bare({ children }: { children: ReactNode }) {
  return children;
}

function Pending({ name }: { name: string }) {
  return (
    <div role="status" data-testid={`later-${name}`} className="flex flex-col gap-2.5 py-1">
      <span className="sr-only">Loading …</span>
      <Skeleton className="h-5" />
      <Skeleton className="h-5" />
      <Skeleton className="h-5" />
    </div>
  );
}

/** An upgraded gateway has other files: only the page anew knows their names. */
function Failed({ name, onAgain }: { name: string; onAgain(): void }) {
  return (
    <div data-testid={`later-${name}-failed`} className="flex flex-col gap-3 py-2">
      <p role="alert" data-testid={`later-${name}-said`} className="text-warn">
        This part of the page could not be loaded: the gateway is away, or it was upgraded since
        this page was opened. The stop works without it.
      </p>
      <div className="flex flex-wrap gap-2">
        <Button data-testid={`later-${name}-again`} onClick={onAgain}>
          Try again
        </Button>
        <Button data-testid={`later-${name}-anew`} onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </div>
    </div>
  );
}
