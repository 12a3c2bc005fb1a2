import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, api, sentence } from "@/api/client";
import { Loading, Panel } from "@/components/panel";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { keys } from "@/desk/desk";
import { useAccess, useNow } from "@/desk/hooks";
import { clientName } from "@/lib/client-name";
import { age, countdown } from "@/lib/time";

const SESSIONS = ["sessions"];

/** Where this wallet is signed in; each session can be ended, or all of them. */
export function SessionsPanel() {
  const { data: access } = useAccess();
  const cache = useQueryClient();
  const now = useNow();
  const isSignedIn = access?.session != null;
  const { data: sessions, error } = useQuery({
    queryKey: SESSIONS,
    queryFn: async () => (await answered(api.GET("/api/auth/sessions"))).data.items,
    enabled: isSignedIn,
  });
  const end = useMutation({
    mutationFn: (id: string | null) =>
      id === null
        ? answered(api.DELETE("/api/auth/sessions"))
        : answered(api.DELETE("/api/auth/sessions/{handle}", { params: { path: { handle: id } } })),
    onSettled: async () => {
      await cache.invalidateQueries({ queryKey: SESSIONS });
      await cache.invalidateQueries({ queryKey: keys.access });
    },
  });
  if (!isSignedIn) return null;
  const problem = error ?? end.error;
  return (
    <Panel
      testid="sessions"
      title="Sessions of this wallet"
      actions={
        <Button size="small" data-testid="end-all-sessions" onClick={() => end.mutate(null)}>
          End all
        </Button>
      }
    >
      {problem && (
        <p role="status" data-testid="sessions-said" className="text-warn">
          {sentence(problem)}
        </p>
      )}
      {!sessions ? (
        <Loading lines={2} testid="sessions-loading" />
      ) : (
        <ul className="flex flex-col gap-2">
          {sessions.map((one) => (
            <li
              key={one.id}
              data-testid={`session-${one.id}`}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 border-edge border-t pt-2"
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate" title={one.userAgent}>
                  {clientName(one.userAgent)}
                </span>
                <span className="num block text-muted text-xs">
                  {one.address}, signed in {age(one.signedInAt, now)}, ends in{" "}
                  {countdown(one.expiresAt, now)}
                </span>
              </span>
              {one.isCurrent && <Badge tone="good">this one</Badge>}
              <Button
                size="small"
                data-testid={`end-session-${one.id}`}
                onClick={() => end.mutate(one.id)}
              >
                End
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
