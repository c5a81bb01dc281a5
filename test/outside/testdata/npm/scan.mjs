// Reads the QR code in each PNG that is named, with jsQR.
import jsqr from "jsqr";
import { PNG } from "pngjs";
import { readFileSync } from "node:fs";

const read = typeof jsqr === "function" ? jsqr : jsqr.default;
console.log(JSON.stringify(process.argv.slice(2).map((name) => {
  const png = PNG.sync.read(readFileSync(name));
  return read(new Uint8ClampedArray(png.data), png.width, png.height)?.data ?? null;
})));
