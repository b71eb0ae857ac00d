/** The tree of an application: owners hold what they own, what is broken comes first, what is well is folded. */
import type { Application, ResourceNode, ResourceRef, ResourceStatus, ResourceTree } from "@/api/records";
import { keyOf } from "./keys";
import { needsAttention, rank, type Standing, standingOfResource, worse } from "./rank";

export interface TreeItem {
  id: string;
  ref: ResourceRef;
  node?: ResourceNode;
  status?: ResourceStatus;
  standing: Standing;
  /** The worst of this item and all below it. */
  worst: Standing;
  children: TreeItem[];
  isOrphan: boolean;
  /** Members of a group of healthy leaves of one kind; absent for a single resource. */
  members?: TreeItem[];
  /** How many items below are folded away. */
  folded: number;
}

/** Siblings of one kind that are well are shown as one group from this many up. */
export const GROUP_FROM = 5;
/** Above this many items only paths to what is not well are open. */
export const OPEN_UP_TO = 300;

function itemOf(ref: ResourceRef, node: ResourceNode | undefined, status: ResourceStatus | undefined, isOrphan: boolean): TreeItem {
  const health = node?.health ?? status?.health;
  const standing = standingOfResource({ ...status, ...(health ? { health } : {}) });
  return { id: keyOf(ref), ref, standing, worst: standing, children: [], isOrphan, folded: 0, ...(node ? { node } : {}), ...(status ? { status } : {}) };
}

/** Returns the roots of an application's tree with all that they own, worst first. */
export function buildTree(app: Pick<Application, "status">, tree: ResourceTree, options: { orphans?: boolean } = {}): TreeItem[] {
  const statuses = new Map((app.status?.resources ?? []).map((found) => [keyOf(found), found]));
  const items = new Map<string, TreeItem>();
  const byUid = new Map<string, TreeItem>();
  const add = (node: ResourceNode, isOrphan: boolean): void => {
    const item = itemOf(node, node, statuses.get(keyOf(node)), isOrphan);
    items.set(item.id, item);
    if (node.uid) byUid.set(node.uid, item);
  };
  for (const node of tree.nodes ?? []) add(node, false);
  if (options.orphans) for (const node of tree.orphanedNodes ?? []) add(node, true);
  for (const [key, status] of statuses) {
    if (!items.has(key) && !status.hook) items.set(key, itemOf(status, undefined, status, false));
  }
  const roots: TreeItem[] = [];
  for (const item of items.values()) {
    const parent = item.node?.parentRefs?.map((ref) => byUid.get(ref.uid ?? "") ?? items.get(keyOf(ref))).find((found) => found && found !== item);
    if (parent && !leadsTo(item, parent)) parent.children.push(item);
    else roots.push(item);
  }
  for (const root of roots) settle(root);
  return roots.toSorted(byRank);
}

/** Owner references that form a circle would never end. */
function leadsTo(from: TreeItem, to: TreeItem): boolean {
  const open = [from];
  while (open.length > 0) {
    const next = open.pop();
    if (!next) break;
    if (next === to) return true;
    open.push(...next.children);
  }
  return false;
}

function settle(item: TreeItem): Standing {
  for (const child of item.children) item.worst = worse(item.worst, settle(child));
  item.children.sort(byRank);
  return item.worst;
}

function byRank(one: TreeItem, other: TreeItem): number {
  return rank(one.worst) - rank(other.worst) || one.ref.kind.localeCompare(other.ref.kind) || one.ref.name.localeCompare(other.ref.name);
}

export function countItems(roots: readonly TreeItem[]): number {
  return roots.reduce((sum, item) => sum + 1 + countItems(item.children), 0);
}

export interface Fold {
  /** Items and groups that a person opened, by id. */
  opened: ReadonlySet<string>;
  /** Items that a person closed, by id. */
  closed: ReadonlySet<string>;
  showAll?: boolean;
}

/** Returns what is drawn of a tree; groups and closed items stand for what they hold. */
export function foldTree(roots: readonly TreeItem[], fold: Fold): TreeItem[] {
  const isLarge = !fold.showAll && countItems(roots) > OPEN_UP_TO;
  return foldSiblings(roots, "", fold, isLarge);
}

function foldSiblings(siblings: readonly TreeItem[], parent: string, fold: Fold, isLarge: boolean): TreeItem[] {
  const kept: TreeItem[] = [];
  const groups = new Map<string, TreeItem[]>();
  for (const item of siblings) {
    const isLeaf = item.children.length === 0;
    const isWell = item.worst === "well" || item.worst === "suspended";
    if (fold.showAll || !isWell || (!isLeaf && !isLarge)) kept.push(foldItem(item, fold, isLarge));
    else groups.set(item.ref.kind, [...(groups.get(item.ref.kind) ?? []), item]);
  }
  for (const [kind, members] of groups) {
    const id = `group:${parent}:${kind}`;
    if (members.length < GROUP_FROM || fold.opened.has(id)) kept.push(...members.map((item) => foldItem(item, fold, isLarge)));
    else kept.push(groupOf(id, kind, members));
  }
  return kept.toSorted(byRank);
}

function groupOf(id: string, kind: string, members: TreeItem[]): TreeItem {
  const first = members[0];
  const ref = { kind, name: `${members.length} ${kind}`, group: first?.ref.group ?? "" };
  return { id, ref, standing: "well", worst: "well", children: [], members, isOrphan: first?.isOrphan ?? false, folded: countItems(members) };
}

function foldItem(item: TreeItem, fold: Fold, isLarge: boolean): TreeItem {
  const isOpen = fold.opened.has(item.id) || (!fold.closed.has(item.id) && (!isLarge || needsAttention(item.worst) || item.worst === "progressing"));
  if (item.children.length === 0) return item;
  if (!isOpen) return { ...item, children: [], folded: countItems(item.children) };
  return { ...item, children: foldSiblings(item.children, item.id, fold, isLarge) };
}

/** Returns the items that a filter of words such as `kind:Pod health:Degraded pay` keeps, with their owners. */
export function filterTree(roots: readonly TreeItem[], search: string): TreeItem[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...roots];
  return roots.flatMap((item) => {
    const children = filterTree(item.children, search);
    return children.length > 0 || words.every((word) => fits(item, word)) ? [{ ...item, children }] : [];
  });
}

function fits(item: TreeItem, word: string): boolean {
  const [key, value] = word.includes(":") ? [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)] : ["", word];
  switch (key) {
    case "kind":
      return item.ref.kind.toLowerCase().includes(value);
    case "health":
      return (item.node?.health?.status ?? item.status?.health?.status ?? "").toLowerCase().startsWith(value);
    case "sync":
      return (item.status?.status ?? "").toLowerCase().startsWith(value);
    case "ns":
    case "namespace":
      return (item.ref.namespace ?? "").toLowerCase().includes(value);
    default:
      return `${item.ref.name} ${item.ref.kind}`.toLowerCase().includes(value);
  }
}

/** Returns every item of a tree in the order of reading, with its depth. */
export function flatten(roots: readonly TreeItem[], depth = 1): { item: TreeItem; depth: number }[] {
  return roots.flatMap((item) => [{ item, depth }, ...flatten(item.children, depth + 1)]);
}
