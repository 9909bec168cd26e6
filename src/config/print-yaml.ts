import { reprFloat } from './python-number.ts';
import type { ConfigNode, MapNode, ScalarNode } from './tree.ts';
import { writeText } from './yaml-text.ts';

/** A configuration as YAML, byte for byte as `OmegaConf.to_yaml` writes it: block style, keys in their order. */
export function toYaml(root: MapNode): string {
  return `${writeNode(root, 0)}\n`;
}

/** A node's lines; `indent` is the column its own entries stand at, already reached on the first line. */
function writeNode(node: ConfigNode, indent: number): string {
  const nextLine = `\n${' '.repeat(indent)}`;
  if (node.kind === 'map' && node.entries.size > 0)
    return [...node.entries].map(([key, child]) => writeEntry(key, child, indent)).join(nextLine);
  if (node.kind === 'list' && node.items.length > 0)
    return node.items
      .map((item) => `- ${isBlock(item) ? writeNode(item, indent + 2) : writeLeaf(item, indent + 2, indent)}`)
      .join(nextLine);
  return writeLeaf(node, indent, indent - 2);
}

function writeEntry(key: string, child: ConfigNode, indent: number): string {
  const label = `${writeText(key, { column: indent, indent, split: false })}:`;
  if (!isBlock(child)) return `${label} ${writeLeaf(child, indent + Array.from(label).length + 1, indent)}`;
  // PyYAML does not indent a list under its key.
  const inner = child.kind === 'list' ? indent : indent + 2;
  return `${label}\n${' '.repeat(inner)}${writeNode(child, inner)}`;
}

/** Whether a node takes lines of its own; empty containers do not. */
function isBlock(node: ConfigNode): boolean {
  return (node.kind === 'map' && node.entries.size > 0) || (node.kind === 'list' && node.items.length > 0);
}

/** A scalar or an empty container, which starts at the given column of a container at `indent`. */
function writeLeaf(node: ConfigNode, column: number, indent: number): string {
  if (node.kind === 'map') return '{}';
  if (node.kind === 'list') return '[]';
  return node.kind === 'text'
    ? writeText(node.value, { column, indent: indent + 2, split: true })
    : writeScalar(node);
}

function writeScalar(node: Exclude<ScalarNode, { kind: 'text' }>): string {
  switch (node.kind) {
    case 'null':
      return 'null';
    case 'float':
      return writeFloat(node.value);
    case 'bool':
    case 'int':
      return String(node.value);
  }
}

/** PyYAML's floats have a point, or they would be read back as text: 1.0e-05. */
function writeFloat(value: number): string {
  const text = reprFloat(value);
  if (text.endsWith('inf') || text === 'nan') return text.replace(/(?=inf|nan)/, '.');
  return text.includes('.') ? text : text.replace('e', '.0e');
}
