/** The tree as a picture. Plain elements in the nodes, and only those that can be seen. */
import "@xyflow/react/dist/base.css";
import { useElementSize } from "@mantine/hooks";
import { type Edge as FlowEdge, type EdgeProps, Handle, type Node as FlowNode, Position, ReactFlow, ReactFlowProvider, useReactFlow, type Viewport } from "@xyflow/react";
import { Maximize, Minus, Plus } from "lucide-react";
import { type KeyboardEvent, memo, useMemo, useRef } from "react";
import type { Application } from "@/api/records";
import { layoutTree, NODE } from "@/logic/layout";
import type { TreeItem } from "@/logic/tree";
import { AppNode, ResourceTile } from "./ResourceTile";
import css from "./tree.module.css";

interface Props {
  app: Application;
  items: readonly TreeItem[];
  toggle: (id: string, isOpen: boolean) => void;
  open: (id: string) => void;
  chosen: string | undefined;
}

interface Data extends Record<string, unknown> {
  item: TreeItem | undefined;
  app: Application;
  isChosen: boolean;
  toggle: Props["toggle"];
  open: Props["open"];
}

const ROOT = "app";
const HANDLES = [
  { type: "target" as const, position: Position.Left, x: 0, y: NODE.height / 2, width: 1, height: 1 },
  { type: "source" as const, position: Position.Right, x: NODE.width, y: NODE.height / 2, width: 1, height: 1 },
];

const Tile = memo(function Tile({ data }: { data: Data }) {
  return (
    <>
      {/* Bounds given with a node are lost when it is measured; these keep the ends of its edges. */}
      <Handle type="target" position={Position.Left} isConnectable={false} className={css.handle ?? ""} />
      {data.item ? <ResourceTile item={data.item} isChosen={data.isChosen} toggle={data.toggle} open={data.open} /> : <AppNode app={data.app} open={data.open} />}
      <Handle type="source" position={Position.Right} isConnectable={false} className={css.handle ?? ""} />
    </>
  );
});
const TYPES = { tile: Tile };

/** An elbow in the middle of the gap: owners and what they own read as one comb. */
function Elbow({ sourceX, sourceY, targetX, targetY }: EdgeProps) {
  const middle = (sourceX + targetX) / 2;
  return <path className="react-flow__edge-path" d={`M${sourceX} ${sourceY}H${middle}V${targetY}H${targetX}`} />;
}
const EDGE_TYPES = { elbow: Elbow };

export function TreeView(props: Props) {
  const { ref, width, height } = useElementSize();
  return (
    <div ref={ref} className={css.canvas}>
      {width > 0 && height > 0 ? (
        <ReactFlowProvider>
          <Canvas {...props} width={width} height={height} />
        </ReactFlowProvider>
      ) : null}
    </div>
  );
}

function Canvas({ app, items, toggle, open, chosen, width, height }: Props & { width: number; height: number }) {
  const layout = useMemo(() => layoutTree(ROOT, items), [items]);
  const nodes = useMemo<FlowNode<Data>[]>(
    () =>
      layout.nodes.map((placed) => ({
        id: placed.id,
        type: "tile",
        position: { x: placed.x, y: placed.y },
        width: NODE.width,
        height: NODE.height,
        measured: { width: NODE.width, height: NODE.height },
        handles: HANDLES,
        data: { item: placed.item, app, isChosen: placed.id === chosen, toggle, open },
      })),
    // Handlers of the page are new in each render, and do the same.
    // oxlint-disable-next-line react/exhaustive-deps
    [layout, app, chosen],
  );
  const edges = useMemo<FlowEdge[]>(
    () => layout.edges.map((edge) => ({ id: edge.id, source: edge.from, target: edge.to, type: "elbow", className: edge.isExtra ? (css.extra ?? "") : (css.edge ?? ""), focusable: false })),
    [layout],
  );
  const first = useRef<Viewport>(startOf(layout.width, layout.height, width, height, layout.nodes.find((node) => node.id === ROOT)?.y ?? 0));
  return (
    <div role="group" aria-label="Resource tree; the list holds the same as a table" className={css.fill} onKeyDown={(event) => moveFocus(event, layout.edges)}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        edgeTypes={EDGE_TYPES}
        width={width}
        height={height}
        defaultViewport={first.current}
        minZoom={0.1}
        maxZoom={1.5}
        onlyRenderVisibleElements
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        panOnScroll
        zoomOnDoubleClick={false}
        proOptions={{ hideAttribution: true }}
        disableKeyboardA11y
      >
        <Zoom />
      </ReactFlow>
    </div>
  );
}

/** Small trees fill what there is, large ones begin at their root in a size that can be read. */
function startOf(wide: number, high: number, width: number, height: number, rootY: number): Viewport {
  const margin = 24;
  const zoom = Math.max(0.7, Math.min(1, (width - 2 * margin) / wide, (height - 2 * margin) / high));
  const fits = high * zoom + 2 * margin <= height;
  const y = fits ? (height - high * zoom) / 2 : Math.min(margin, height / 2 - (rootY + NODE.height / 2) * zoom);
  return { x: margin, y: fits ? Math.min(y, margin * 2) : y, zoom };
}

function Zoom() {
  const flow = useReactFlow();
  return (
    <div className={css.zoom}>
      <button type="button" aria-label="Smaller" onClick={() => void flow.zoomOut()}>
        <Minus size={16} aria-hidden />
      </button>
      <button type="button" aria-label="Larger" onClick={() => void flow.zoomIn()}>
        <Plus size={16} aria-hidden />
      </button>
      <button type="button" aria-label="Show the whole tree" onClick={() => void flow.fitView({ padding: 0.1, maxZoom: 1 })}>
        <Maximize size={16} aria-hidden />
      </button>
    </div>
  );
}

/** Arrows follow the edges: left to the owner, right to what is owned, up and down among siblings. */
function moveFocus(event: KeyboardEvent<HTMLElement>, edges: { from: string; to: string; isExtra: boolean }[]): void {
  const here = (event.target as HTMLElement).closest<HTMLElement>("[data-tile]")?.dataset["tile"];
  if (here === undefined || !event.key.startsWith("Arrow")) return;
  const own = edges.filter((edge) => !edge.isExtra);
  const parent = own.find((edge) => edge.to === here)?.from;
  const siblings = own.filter((edge) => edge.from === parent).map((edge) => edge.to);
  const at = siblings.indexOf(here);
  const targets: Record<string, string | undefined> = {
    ArrowLeft: parent,
    ArrowRight: own.find((edge) => edge.from === here)?.to,
    ArrowUp: siblings[at - 1],
    ArrowDown: siblings[at + 1],
  };
  const next = targets[event.key];
  if (next === undefined) return;
  event.preventDefault();
  event.currentTarget.querySelector<HTMLElement>(`[data-tile="${CSS.escape(next)}"] button`)?.focus();
}
