// For development only: pictures that look enough like something to try the viewer on.

const ellipse = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;

/** The same speckle for the same pixel, between 0 and 1. */
const noise = (row, col, z) => {
  const v = Math.sin(row * 12.9898 + col * 78.233 + z * 37.7) * 43758.5453;
  return v - Math.floor(v);
};

/** One axial slice of a head-like phantom in HU; `z` runs from 0 (base) to 1 (vertex). */
function headSlice(size, z) {
  const out = new Int16Array(size * size);
  const scale = Math.sqrt(Math.max(0.05, 1 - (1.55 * (z - 0.4)) ** 2));
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const x = (col / size) * 2 - 1;
      const y = (row / size) * 2 - 1;
      const skull = ellipse(x, y, 0, 0, 0.68 * scale, 0.84 * scale);
      let hu = -1000;
      if (skull < 1.12) hu = 20;
      if (skull < 1) hu = 900;
      if (skull < 0.86) {
        hu = 34 + 5 * Math.sin(11 * x + 6 * z) * Math.cos(13 * y);
        if (skull > 0.72) hu += 4;
        if (ellipse(Math.abs(x), y, 0.13, -0.08, 0.08, 0.25 * scale) < 1 && z > 0.3 && z < 0.75) hu = 6;
        if (Math.abs(x) < 0.012 && z > 0.4) hu = 48;
        if (ellipse(x, y, 0.3, 0.12, 0.12, 0.16) < 1 && z > 0.42 && z < 0.62) hu = 68;
      }
      hu += noise(row, col, z) * 14 - 7;
      out[row * size + col] = Math.round(hu);
    }
  }
  return out;
}

/** A chest radiograph, brighter = denser (MONOCHROME2, 12 bits). */
function chest(size) {
  const out = new Int16Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const x = (col / size) * 2 - 1;
      const y = (row / size) * 2 - 1;
      let v = 300;
      if (ellipse(x, y, 0, 0.25, 0.86, 1.15) < 1) v = 2300;
      for (const side of [-1, 1]) {
        const lung = ellipse(x, y, side * 0.4, 0.02, 0.3, 0.62);
        if (lung < 1) {
          v = 950 + 450 * lung;
          if (Math.sin((y + 0.35 * Math.abs(x)) * 24) > 0.55) v += 330;
        }
      }
      if (Math.abs(x) < 0.1) v += 700;
      if (ellipse(x, y, 0.14, 0.35, 0.3, 0.34) < 1) v = Math.max(v, 2500);
      if (ellipse(x, y, -0.42, -0.2, 0.07, 0.06) < 1) v += 420;
      out[row * size + col] = Math.min(4095, v + noise(row, col, 0) * 60);
    }
  }
  return out;
}

/** One frame of a beating, fan-shaped ultrasound. */
function ultrasound(size, phase) {
  const out = new Int16Array(size * size);
  const beat = 0.2 + 0.06 * Math.sin(phase * Math.PI * 2);
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const x = (col / size) * 2 - 1;
      const y = row / size;
      const angle = Math.atan2(x, y + 0.02);
      const depth = Math.hypot(x, y);
      let v = 0;
      if (Math.abs(angle) < 0.68 && depth > 0.08 && depth < 0.96) {
        v = 70 + 50 * Math.sin(depth * 70 + 8 * Math.sin(angle * 9)) + noise(row, col, phase) * 60;
        if (ellipse(x, y, 0, 0.52, beat, beat * 1.25) < 1) v = 12;
        else if (ellipse(x, y, 0, 0.52, beat + 0.05, beat * 1.25 + 0.05) < 1) v = 190;
      }
      out[row * size + col] = Math.max(0, Math.min(255, Math.round(v)));
    }
  }
  return out;
}

const kinds = {
  head: { size: 256, window: [80, 40], signed: true, draw: (i, n) => headSlice(256, i / Math.max(1, n - 1)) },
  headThin: { size: 256, window: [2000, 500], signed: true, draw: (i, n) => headSlice(256, i / Math.max(1, n - 1)) },
  chest: { size: 768, window: [3400, 1700], signed: false, draw: () => chest(768) },
  mr: {
    size: 256,
    window: [900, 420],
    signed: false,
    draw: (i, n) => headSlice(256, i / Math.max(1, n - 1)).map((v) => (v < -500 ? 4 : v > 300 ? 90 : 300 + v * 4)),
  },
  us: { size: 320, window: [256, 128], signed: false, draw: (i, n) => ultrasound(320, i / n) },
};

export const kindOf = (name) => kinds[name];

const drawn = new Map();

export function pixels(kind, index, count) {
  const key = `${kind}/${index}/${count}`;
  if (!drawn.has(key)) drawn.set(key, kinds[kind].draw(index, count));
  return drawn.get(key);
}

/** 8-bit greyscale through the kind's default window, for thumbnails. */
export function rendered(kind, index, count) {
  const { size, window } = kinds[kind];
  const [width, centre] = window;
  const grey = new Uint8Array(size * size);
  pixels(kind, index, count).forEach((v, i) => {
    grey[i] = Math.max(0, Math.min(255, ((v - centre) / width + 0.5) * 255));
  });
  return { size, grey };
}
