import { AppError } from '@nightjar/runtime';

/** An element without its namespace: cameras name their prefixes as they like. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Of the element itself, trimmed. */
  readonly text: string;
}

const charactersMax = 512 * 1024;
const elementsMax = 10_000;
const depthMax = 40;
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;

interface OpenElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  text: string;
}

/**
 * Reads the XML of a camera, which is not trusted: no document types and with them no entities of its own (bombs, files of this
 * machine), bounded in size, elements and depth.
 * @throws AppError `unavailable`: the camera is to blame
 */
export function parseXml(document: string): XmlElement {
  if (document.length > charactersMax) throw broken();
  const text = document.replace(/^\uFEFF/, '');
  const root: OpenElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [root];
  let elements = 0;
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const found = token.exec(text);
    const current = open.at(-1);
    if (!found || !current) throw broken();
    const [, data, isEnd, name, attributes = '', isEmpty, plain] = found;
    if (data !== undefined) current.text += data;
    else if (plain !== undefined) current.text += decode(plain);
    else if (name === undefined) continue;
    else if (isEnd === '/') close(open, localName(name));
    else {
      if (++elements > elementsMax || open.length > depthMax) throw broken();
      open.push({ name: localName(name), attributes: readAttributes(attributes), children: [], text: '' });
      if (isEmpty === '/') close(open, localName(name));
    }
  }
  const [element] = root.children;
  if (open.length !== 1 || !element) throw broken();
  return element;
}

/** The first element of this name in or below, in the order of the document. */
export function findElement(element: XmlElement | undefined, ...names: string[]): XmlElement | undefined {
  return names.reduce<XmlElement | undefined>((found, name) => found && findElements(found, name)[0], element);
}

/** Every element of this name below, in the order of the document. */
export function findElements(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...findElements(child, name)]);
}

function close(open: OpenElement[], name: string): void {
  const done = open.pop();
  const parent = open.at(-1);
  if (!done || !parent || done.name !== name) throw broken();
  parent.children.push({ ...done, text: done.text.trim() });
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g);
  return new Map([...found].map(([, name = '', double, single]) => [localName(name), decode(double ?? single ?? '')]));
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/g,
    (_all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? '';
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return code > 0x10ffff ? '' : String.fromCodePoint(code);
    },
  );
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function broken(): AppError {
  return new AppError('unavailable', 'the camera answers with what is no XML that is read');
}
