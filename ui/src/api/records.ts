/** What the API answers, as far as the pages read it. Spelling and optionality are Kubernetes'. */

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
}

export interface Source {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  ref?: string;
  name?: string;
  helm?: Record<string, unknown>;
  kustomize?: Record<string, unknown>;
  directory?: Record<string, unknown>;
  plugin?: Record<string, unknown>;
}

export interface Destination {
  server?: string;
  name?: string;
  namespace?: string;
}

export interface Automated {
  enabled?: boolean;
  prune?: boolean;
  selfHeal?: boolean;
  allowEmpty?: boolean;
}

export interface RetryStrategy {
  limit?: number;
  refresh?: boolean;
  backoff?: { duration?: string; factor?: number; maxDuration?: string };
}

export interface SyncPolicy {
  automated?: Automated;
  syncOptions?: string[];
  retry?: RetryStrategy;
}

export interface ApplicationSpec {
  project: string;
  source?: Source;
  sources?: Source[];
  destination: Destination;
  syncPolicy?: SyncPolicy;
  ignoreDifferences?: Record<string, unknown>[];
  info?: { name: string; value: string }[];
  revisionHistoryLimit?: number;
}

export interface Health {
  status?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface ResourceRef {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface ResourceStatus extends ResourceRef {
  status?: string;
  health?: Health;
  hook?: boolean;
  requiresPruning?: boolean;
  requiresDeletionConfirmation?: boolean;
  syncWave?: number;
}

export interface Condition {
  type: string;
  message: string;
  lastTransitionTime?: string;
}

export interface ResourceResult extends ResourceRef {
  status?: string;
  message?: string;
  hookType?: string;
  hookPhase?: string;
  syncPhase?: string;
  images?: string[];
}

export interface InitiatedBy {
  username?: string;
  automated?: boolean;
}

export interface SyncOperation {
  revision?: string;
  revisions?: string[];
  prune?: boolean;
  dryRun?: boolean;
  syncOptions?: string[];
  resources?: ResourceRef[];
}

export interface Operation {
  sync?: SyncOperation;
  initiatedBy?: InitiatedBy;
  info?: { name: string; value: string }[];
  retry?: RetryStrategy;
}

export interface OperationState {
  operation?: Operation;
  phase: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  retryCount?: number;
  syncResult?: {
    resources?: ResourceResult[];
    revision?: string;
    revisions?: string[];
    source?: Source;
    sources?: Source[];
  };
}

export interface HistoryEntry {
  id: number;
  revision?: string;
  revisions?: string[];
  source?: Source;
  sources?: Source[];
  deployStartedAt?: string;
  deployedAt?: string;
  initiatedBy?: InitiatedBy;
}

export interface ApplicationStatus {
  sync?: { status?: string; revision?: string; revisions?: string[] };
  health?: Health;
  resources?: ResourceStatus[];
  conditions?: Condition[];
  history?: HistoryEntry[];
  operationState?: OperationState;
  summary?: { externalURLs?: string[]; images?: string[] };
  sourceType?: string;
  sourceTypes?: string[];
  reconciledAt?: string;
}

export interface Application {
  metadata: ObjectMeta;
  spec: ApplicationSpec;
  status?: ApplicationStatus;
  operation?: Operation;
}

export interface ApplicationList {
  metadata?: { resourceVersion?: string };
  items: Application[] | null;
}

export interface ApplicationEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  application: Application;
}

export interface ParentRef extends ResourceRef {
  uid?: string;
}

export interface ResourceNode extends ResourceRef {
  uid?: string;
  parentRefs?: ParentRef[];
  info?: { name: string; value: string }[];
  networkingInfo?: {
    targetLabels?: Record<string, string>;
    targetRefs?: ParentRef[];
    labels?: Record<string, string>;
    ingress?: { hostname?: string; ip?: string }[];
    externalURLs?: string[];
  };
  resourceVersion?: string;
  images?: string[];
  health?: Health;
  createdAt?: string;
}

export interface HostInfo {
  name: string;
  resourcesInfo?: {
    resourceName: string;
    requestedByApp?: number;
    requestedByNeighbors?: number;
    capacity?: number;
  }[];
}

export interface ResourceTree {
  nodes?: ResourceNode[] | null;
  orphanedNodes?: ResourceNode[] | null;
  hosts?: HostInfo[] | null;
}

/** One managed object, its states as JSON strings. */
export interface ResourceDiff extends ResourceRef {
  targetState?: string;
  liveState?: string;
  normalizedLiveState?: string;
  predictedLiveState?: string;
  resourceVersion?: string;
  modified?: boolean;
  hook?: boolean;
}

export interface UserInfo {
  loggedIn?: boolean;
  username?: string;
  iss?: string;
  groups?: string[];
}

export interface Settings {
  url?: string;
  appLabelKey?: string;
  trackingMethod?: string;
  userLoginsDisabled?: boolean;
  uiCssURL?: string;
  uiLoginButtonText?: string;
  uiBannerContent?: string;
  uiBannerURL?: string;
  uiBannerPermanent?: boolean;
  uiBannerPosition?: string;
  execEnabled?: boolean;
  appsInAnyNamespaceEnabled?: boolean;
  resourceViewEnabled?: boolean;
  controllerNamespace?: string;
  help?: { chatUrl?: string; chatText?: string; binaryUrls?: Record<string, string> };
  dexConfig?: { connectors?: { name: string; type: string; id?: string }[] };
  oidcConfig?: { name: string; issuer?: string };
}

export interface RevisionMetadata {
  author?: string;
  date?: string;
  tags?: string[];
  message?: string;
}

export interface KubernetesEvent {
  metadata: ObjectMeta;
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string;
  lastTimestamp?: string;
  eventTime?: string;
  source?: { component?: string };
  reportingComponent?: string;
  involvedObject?: { kind?: string; name?: string; namespace?: string };
}

export interface LogEntry {
  content: string;
  timeStamp?: string;
  timeStampStr?: string;
  podName?: string;
  last?: boolean;
}

export interface SyncRequest {
  revision?: string;
  dryRun?: boolean;
  prune?: boolean;
  strategy?: { apply?: { force?: boolean }; hook?: { force?: boolean } };
  resources?: ResourceRef[];
  syncOptions?: { items: string[] };
  retryStrategy?: RetryStrategy;
  infos?: { name: string; value: string }[];
}

export interface SyncWindows {
  canSync?: boolean;
  activeWindows?: { kind: string; schedule: string; duration: string }[];
  assignedWindows?: { kind: string; schedule: string; duration: string }[];
}
