// Reads codes by camera and from pictures, on this device. What it reads goes into the field that one could type into, and is sent by
// its form; without this file the field and the picture's form are still there.
const place = document.getElementById("scanner");
const field = document.getElementById("f-code");
const said = document.getElementById("scanner-says");
const video = document.getElementById("camera");
const start = document.getElementById("camera-start");
const stop = document.getElementById("camera-stop");
const picture = document.getElementById("f-picture");
const { BarcodeDetector, prepareZXingModule } = BarcodeDetectionAPI;
prepareZXingModule({ overrides: { locateFile: () => place.dataset.wasm } });

const say = (what) => { said.textContent = place.dataset[what] || ""; said.hidden = !said.textContent; };
let detector;
const read = async (source) => {
  detector ||= new BarcodeDetector({ formats: ["qr_code"] });
  const [code] = await detector.detect(source);
  return code && code.rawValue;
};
const found = (text) => {
  field.value = text;
  end();
  say("found");
  field.form.requestSubmit();
};

let stream, turn = 0;
const end = () => {
  turn++;
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  video.srcObject = null;
  video.hidden = stop.hidden = true;
  start.hidden = false;
};

// Nobody is asked for their camera before they press the button. Each way in which there is none says what to do instead.
start.addEventListener("click", async () => {
  if (!isSecureContext || !navigator.mediaDevices) return say("insecure");
  say("asking");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (wrong) {
    return say(wrong.name === "NotAllowedError" ? "denied" : "none");
  }
  const mine = ++turn;
  start.hidden = true;
  video.hidden = stop.hidden = false;
  video.srcObject = stream;
  try {
    await video.play();
    say("looking");
    while (mine === turn) {
      const text = await read(video);
      if (text && mine === turn) return found(text);
      await new Promise((next) => setTimeout(next, 120));
    }
  } catch {
    if (mine === turn) { end(); say("none"); }
  }
});
stop.addEventListener("click", () => { end(); say(""); });
addEventListener("pagehide", end);

// A picture is read here and never leaves the device; only one that cannot be read here is left to its form.
picture.addEventListener("change", async () => {
  const [file] = picture.files;
  if (!file) return;
  if (file.size > 16e6) return say("large");
  say("reading");
  try {
    const image = await createImageBitmap(file, { resizeWidth: 1600, resizeQuality: "medium" });
    const text = await read(image);
    image.close();
    if (text) return found(text);
  } catch { /* what the browser cannot open is no picture */ }
  say("unreadable");
});
start.hidden = false;
