import { Component, type ReactNode } from "react";
import { Panel } from "./panel";
import { Button } from "./ui/button";

interface GuardedProps {
  name: string;
  /** It is a part of a bar, and no panel. */
  isInline?: boolean;
  children: ReactNode;
}

/** Keeps a fault of one part of the page to that part: whatever fails, the stop stays in reach. */
export class Guarded extends Component<GuardedProps, { fault: string | null }> {
  override state = { fault: null };

  static getDerivedStateFromError(error: unknown) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    const { name, isInline = false, children } = this.props;
    const { fault } = this.state;
    if (fault === null) return children;
    const testid = `failed-${name.toLowerCase().replaceAll(" ", "-")}`;
    const again = (
      <Button
        size="small"
        data-testid={`${testid}-again`}
        onClick={() => this.setState({ fault: null })}
      >
        Show it again
      </Button>
    );
    if (isInline)
      return (
        <p
          role="alert"
          data-testid={testid}
          className="flex items-center gap-2 px-4 py-1 text-warn text-xs"
        >
          {name} cannot be shown: {fault} {again}
        </p>
      );
    return (
      <Panel testid={testid} title={name} actions={again}>
        <p role="alert" data-testid={`${testid}-said`} className="wrap-anywhere text-warn">
          This part of the page failed: {fault}. The rest goes on, and so does the desk.
        </p>
      </Panel>
    );
  }
}
