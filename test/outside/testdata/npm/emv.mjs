// Reads EMVCo payloads, one a line of JSON, and writes what promptparse finds in them; with "write" it writes codes of its own.
import { encode, parse, tag, withCrcTag } from "promptparse";
import { billPayment, trueMoney } from "promptparse/generate";
import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
if (process.argv[2] === "write") {
  const account = [tag("00", "com.example.scheme"), tag("01", "shop-7")];
  const code = [tag("00", "01"), tag("01", "12"), tag("26", encode(account)), tag("52", "5814"), tag("53", "978"), tag("54", "4.20"),
    tag("58", "DE"), tag("59", "Cafe Linden"), tag("60", "Berlin"), tag("62", encode([tag("05", "order-1187")]))];
  console.log(JSON.stringify([withCrcTag(encode(code), "63"), trueMoney({ mobileNo: "0801111111", amount: 10.5 }),
    billPayment({ billerId: "099999999999990", amount: 100, ref1: "INV1001" })]));
} else {
  console.log(JSON.stringify(asked.map((payload) => {
    const code = parse(payload, true);
    if (!code) return null;
    return Object.fromEntries(code.getTags().map((t) => [t.id, t.value]));
  })));
}
