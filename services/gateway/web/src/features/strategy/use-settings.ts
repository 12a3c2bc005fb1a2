import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Settings } from "@/api/client";
import { keys } from "@/desk/desk";
import { useDesk, useDeskPart } from "@/desk/hooks";
import { useStepUp } from "@/features/auth/step-up";

export interface Revision {
  settings: Settings;
  etag: string;
}

async function read(): Promise<Revision> {
  const { data, etag } = await answered(api.GET("/api/settings"));
  return { settings: data, etag: etag ?? "*" };
}

/** The settings with their revision; asked for again when the desk's state shows others. */
export function useSettings() {
  const inState = useDeskPart((state) => state.settings);
  return useQuery({
    queryKey: [...keys.settings, JSON.stringify(inState)],
    queryFn: read,
    enabled: inState !== null,
    placeholderData: (before: Revision | undefined) => before,
    staleTime: Infinity,
  });
}

/** Gives the position of the event that a revision came with. */
export function positionOf({ etag }: Revision): string {
  return etag.replaceAll('"', "");
}

/** Replaces the settings of one revision; the answer is how they stand in the log. */
export function useChangeSettings() {
  const cache = useQueryClient();
  const desk = useDesk();
  const guard = useStepUp();
  return useMutation({
    mutationKey: keys.settings,
    mutationFn: async ({ settings, etag }: Revision) => {
      const headers = { "If-Match": etag };
      return guard(() =>
        answered(api.PUT("/api/settings", { params: { header: headers }, body: settings })),
      );
    },
    onSuccess: ({ etag }) => cache.setQueryData(keys.ownSettings, etag),
    onSettled: async () => {
      desk.reload();
      await cache.invalidateQueries({ queryKey: keys.settings });
    },
  });
}
