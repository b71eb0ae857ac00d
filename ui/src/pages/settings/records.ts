/** What is administered, as far as the pages read it. */
import type { ObjectMeta } from "@/api/records";

export interface ConnectionState {
  status?: string;
  message?: string;
  attemptedAt?: string;
}

export interface Repository {
  repo: string;
  type?: string;
  name?: string;
  username?: string;
  project?: string;
  insecure?: boolean;
  connectionState?: ConnectionState;
}

export interface Cluster {
  server: string;
  name?: string;
  project?: string;
  namespaces?: string[];
  labels?: Record<string, string>;
  info?: {
    connectionState?: ConnectionState;
    serverVersion?: string;
    applicationsCount?: number;
    cacheInfo?: { resourcesCount?: number; apisCount?: number; lastCacheSyncTime?: string };
  };
}

export interface Project {
  metadata: ObjectMeta;
  spec: {
    description?: string;
    sourceRepos?: string[];
    destinations?: { server?: string; name?: string; namespace?: string }[];
    clusterResourceWhitelist?: { group: string; kind: string }[];
    clusterResourceBlacklist?: { group: string; kind: string }[];
    namespaceResourceWhitelist?: { group: string; kind: string }[];
    namespaceResourceBlacklist?: { group: string; kind: string }[];
    roles?: { name: string; description?: string; policies?: string[]; groups?: string[] }[];
    syncWindows?: { kind?: string; schedule?: string; duration?: string; manualSync?: boolean; timeZone?: string }[];
    orphanedResources?: { warn?: boolean };
    [other: string]: unknown;
  };
}

export interface Account {
  name: string;
  enabled?: boolean;
  capabilities?: string[];
  tokens?: { id: string; issuedAt?: number; expiresAt?: number }[];
}

export interface Certificate {
  serverName: string;
  certType: string;
  certSubType?: string;
  certInfo?: string;
}
