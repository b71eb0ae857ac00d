import { ExternalLink } from "lucide-react";
import type { AppId } from "@/api/queries";
import type { ResourceNode, ResourceRef, ResourceStatus, ResourceTree } from "@/api/records";
import { Ago } from "@/kit/Ago";
import { Command, Copy } from "@/kit/Copy";
import { Facts } from "@/kit/Facts";
import { KindTag } from "@/kit/KindTag";
import { useQueryState } from "@/kit/useQueryState";
import type { FieldDrift } from "@/logic/drift";
import { keyOf } from "@/logic/keys";
import { safeUrl } from "@/logic/source";
import css from "./panel.module.css";

interface Props {
  id: AppId;
  refOf: ResourceRef;
  node: ResourceNode | undefined;
  status: ResourceStatus | undefined;
  drift: FieldDrift[];
  tree: ResourceTree | undefined;
}

/** Returns what is wrong with a resource in one sentence. */
function verdict({ node, status, drift }: Pick<Props, "node" | "status" | "drift">): string {
  const health = node?.health ?? status?.health;
  if (!node) return status?.status === "OutOfSync" ? "Git wants it and it is not in the cluster. A sync creates it." : "It is not in the cluster (any more).";
  if (health?.message) return health.message;
  if (status?.hook) return "A hook of the sync: it ran, and its own policy says when it is deleted.";
  if (status?.requiresPruning) return "It is in the cluster and no longer in Git. A sync with prune deletes it.";
  if (status?.status === "OutOfSync") return drift.length > 0 ? `${drift.length} ${drift.length === 1 ? "field differs" : "fields differ"} from Git.` : "It differs from Git.";
  if (health?.status && health.status !== "Healthy") return `It is ${health.status}.`;
  return status ? "It is what Git says." : "It belongs to another resource; Git does not know it.";
}

export function SummaryTab({ id, refOf, node, status, drift, tree }: Props) {
  const [, change] = useQueryState();
  const owners = node?.parentRefs ?? [];
  const children = (tree?.nodes ?? []).filter((found) => found.parentRefs?.some((ref) => ref.uid !== undefined && ref.uid === node?.uid));
  const urls = (node?.networkingInfo?.externalURLs ?? []).flatMap((url) => safeUrl(url) ?? []);
  const link = (ref: ResourceRef) => (
    <button key={keyOf(ref)} type="button" className={css.ref} onClick={() => change({ node: keyOf(ref), tab: undefined })}>
      <KindTag kind={ref.kind} /> {ref.name}
    </button>
  );
  return (
    <div className={css.padded}>
      <p className={css.verdict}>{verdict({ node, status, drift })}</p>
      <Facts
        rows={[
          ["Kind", `${refOf.kind}${refOf.group ? `.${refOf.group}` : ""}${refOf.version ? ` (${refOf.version})` : ""}`],
          ["Namespace", refOf.namespace],
          ["Created", node?.createdAt ? <Ago time={node.createdAt} suffix=" ago" /> : undefined],
          ...(node?.info ?? []).map(({ name, value }): [string, string] => [name, value]),
          ["Images", node?.images?.length ? node.images.map((image) => <code key={image}>{image}</code>) : undefined],
          ["Sync wave", status?.syncWave ? String(status.syncWave) : undefined],
          ["Owned by", owners.length > 0 ? owners.map(link) : undefined],
          ["Owns", children.length > 0 ? children.slice(0, 20).map(link) : undefined],
          [
            "Open",
            urls.length > 0
              ? urls.map((url) => (
                  <a key={url} href={url} target="_blank" rel="noreferrer">
                    {url} <ExternalLink size={12} aria-hidden />
                  </a>
                ))
              : undefined,
          ],
          [
            "UID",
            node?.uid ? (
              <>
                <code>{node.uid}</code> <Copy text={node.uid} />
              </>
            ) : undefined,
          ],
        ]}
      />
      <Command text={`kubectl get ${refOf.kind.toLowerCase()}${refOf.group ? `.${refOf.group}` : ""} ${refOf.name}${refOf.namespace ? ` -n ${refOf.namespace}` : ""} -o yaml`} />
      <span className="sr-only">{id.name}</span>
    </div>
  );
}
