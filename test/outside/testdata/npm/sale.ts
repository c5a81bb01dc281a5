// A sale through the public API, with a client that was generated from the document alone.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./billfold.js";

type Problem = components["schemas"]["Problem"];
type Money = components["schemas"]["Money"];

const url = process.env.BILLFOLD_URL!;

const as = (key: string): Client<paths> =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

const once = () => ({ "Idempotency-Key": crypto.randomUUID() });

// done is what came, or the problem thrown.
function done<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.data!;
}

function must(yes: boolean, what: string): asserts yes {
  if (!yes) throw new Error(what);
}

const shop = as(process.env.BILLFOLD_KEY!);
const payer = as(process.env.BILLFOLD_PAYER_KEY!);
const price: Money = { amount: "690", currency: "EUR" };

const header = once();
const ask = () =>
  shop.POST("/v1/checkout/sessions", {
    params: { header },
    body: {
      amount: price,
      return_url: "https://shop.example/thanks",
      reference: "order-1187",
      line_items: [{ name: "Flat white and croissant", quantity: 1, amount: price }],
    },
  });
const session = done(await ask());
must(session.state === "open" && session.url.startsWith(url), "a session that is open");
must(done(await ask()).id === session.id, "the same key is the same session");

const payment = session.payment.id;
const shown = done(await payer.GET("/v1/payments/{id}", { params: { path: { id: payment } } }));
must(shown.next_action?.type === "confirm", "the payer may confirm");
const paid = done(
  await payer.POST("/v1/payments/{id}/confirm", {
    params: { path: { id: payment }, header: once() },
    body: shown.next_action.digest === undefined ? {} : { digest: shown.next_action.digest },
  }),
);
must(paid.state === "completed", "paid");
const after = done(await shop.GET("/v1/checkout/sessions/{id}", { params: { path: { id: session.id } } }));
must(after.state === "complete", "the shop sees it");

const back = done(
  await shop.POST("/v1/payments/{id}/refund", {
    params: { path: { id: payment }, header: once() },
    body: { amount: { amount: "190", currency: "EUR" }, reason: "No croissant" },
  }),
);
must(back.kind === "refund" && back.refund_of === payment, "a refund");
const found = done(
  await shop.GET("/v1/payments", { params: { query: { reference: "order-1187", kind: "purchase", limit: 1 } } }),
);
must(found.data[0]?.refunded.amount === "190", "the list counts it");

const { error } = await shop.POST("/v1/payments/{id}/refund", {
  params: { path: { id: payment }, header: once() },
  body: { amount: { amount: "501", currency: "EUR" } },
});
must(error?.code === "refund_exceeds_payment" && error.money_moved === "no", "more than was paid is refused");
console.log("sold", paid.receipt);
