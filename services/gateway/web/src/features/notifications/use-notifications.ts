import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { useAccess } from "@/desk/hooks";
import { useStepUp } from "@/features/auth/step-up";
import type { Body, View } from "./draft";

const KEY = ["notifications"];

export interface Revision {
  view: View;
  etag: string;
}

export function useNotifications() {
  const { data: access } = useAccess();
  return useQuery<Revision>({
    queryKey: KEY,
    queryFn: async () => {
      const { data, etag } = await answered(api.GET("/api/notifications"));
      return { view: data, etag: etag ?? "*" };
    },
    enabled: access?.mode === "local" || access?.session != null,
    refetchInterval: 10_000,
  });
}

export function useSaveNotifications() {
  const cache = useQueryClient();
  const guard = useStepUp();
  return useMutation({
    mutationFn: ({ body, etag }: { body: Body; etag: string }) =>
      guard(() =>
        answered(api.PUT("/api/notifications", { params: { header: { "If-Match": etag } }, body })),
      ),
    onSettled: () => cache.invalidateQueries({ queryKey: KEY }),
  });
}

export function useTryChannel() {
  return useMutation({
    mutationFn: async (channel: string) =>
      (await answered(api.POST("/api/notifications/test", { body: { channel } }))).data,
  });
}
