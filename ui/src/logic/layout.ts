/** Where each item of a folded tree is drawn: owners on the left, what they own on the right. */
import { hierarchy, tree as tidyTree } from "d3-hierarchy";
import type { TreeItem } from "./tree";

export const NODE = { width: 280, height: 52, gapX: 36, gapY: 12 } as const;

export interface Placed {
  id: string;
  x: number;
  y: number;
  /** Absent for the application itself. */
  item?: TreeItem;
}

export interface Edge {
  id: string;
  from: string;
  to: string;
  /** An owner beside the first one: drawn thin, moves nothing. */
  isExtra: boolean;
}

export interface Layout {
  nodes: Placed[];
  edges: Edge[];
  width: number;
  height: number;
}

interface Point {
  id: string;
  item?: TreeItem;
  children: Point[];
}

const pointOf = (item: TreeItem): Point => ({ id: item.id, item, children: item.children.map(pointOf) });

/** Returns positions with (0, 0) at the upper left; `root` is the id of the application's own node. */
export function layoutTree(root: string, items: readonly TreeItem[]): Layout {
  const top = hierarchy<Point>({ id: root, children: items.map(pointOf) });
  const placed = tidyTree<Point>()
    .nodeSize([NODE.height + NODE.gapY, NODE.width + NODE.gapX])
    .separation(() => 1)(top);
  const found = placed.descendants();
  const lowest = found.reduce((least, point) => Math.min(least, point.x), 0);
  const nodes = found.map((point) => ({
    id: point.data.id,
    x: point.y,
    y: point.x - lowest,
    ...(point.data.item ? { item: point.data.item } : {}),
  }));
  const edges: Edge[] = placed.links().map((link) => ({
    id: `${link.source.data.id}>${link.target.data.id}`,
    from: link.source.data.id,
    to: link.target.data.id,
    isExtra: false,
  }));
  const width = nodes.reduce((most, node) => Math.max(most, node.x + NODE.width), 0);
  const height = nodes.reduce((most, node) => Math.max(most, node.y + NODE.height), 0);
  return { nodes, edges: [...edges, ...extraEdges(nodes, edges)], width, height };
}

function extraEdges(nodes: readonly Placed[], edges: readonly Edge[]): Edge[] {
  const owners = new Map(edges.map((edge) => [edge.to, edge.from]));
  const byUid = new Map(nodes.flatMap((node) => (node.item?.node?.uid ? [[node.item.node.uid, node.id] as const] : [])));
  return nodes.flatMap((node) =>
    (node.item?.node?.parentRefs ?? []).flatMap((ref) => {
      const from = byUid.get(ref.uid ?? "");
      if (!from || from === owners.get(node.id) || from === node.id) return [];
      return [{ id: `${from}>>${node.id}`, from, to: node.id, isExtra: true }];
    }),
  );
}
