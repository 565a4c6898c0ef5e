const storageName = 'nightjar.tile-size';
const tileSizes = ['large', 'medium', 'small'] as const;
export type TileSize = (typeof tileSizes)[number];
const mediumFrom = 2;
const smallFrom = 10;

/** What so many cameras are shown at when nobody has chosen. */
export function tileSizeFor(cameraCount: number): TileSize {
  if (cameraCount >= smallFrom) return 'small';
  return cameraCount >= mediumFrom ? 'medium' : 'large';
}

/** What was chosen on this browser before. */
export function readTileSize(): TileSize | undefined {
  const stored = localStorage.getItem(storageName);
  return tileSizes.find((size) => size === stored);
}

export function TileSizeChoice({ onSize, size }: { size: TileSize; onSize: (size: TileSize) => void }) {
  const choose = (chosen: TileSize) => {
    localStorage.setItem(storageName, chosen);
    onSize(chosen);
  };
  return (
    <div className="tools" role="group" aria-label="Size of the pictures">
      {tileSizes.map((name) => (
        <button key={name} type="button" aria-pressed={name === size} onClick={() => choose(name)}>
          {name}
        </button>
      ))}
    </div>
  );
}
