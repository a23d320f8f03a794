/** A QR code as one path, so that it needs no canvas and no style. */
import { generate } from 'lean-qr';
import { useMemo } from 'react';

/** Scanners want this much light around the code. */
const QUIET = 4;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => draw(text), [text]);
  const whole = size + 2 * QUIET;
  return (
    <svg
      className="qr-code"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${whole} ${whole}`}
      width={208}
      height={208}
      shapeRendering="crispEdges"
    >
      <rect width={whole} height={whole} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function draw(text: string): { size: number; path: string } {
  const code = generate(text);
  const runs: string[] = [];
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (!code.get(x, y)) continue;
      const from = x;
      while (code.get(x + 1, y)) x += 1;
      const width = x + 1 - from;
      runs.push(`M${from + QUIET} ${y + QUIET}h${width}v1h-${width}z`);
    }
  }
  return { size: code.size, path: runs.join('') };
}
