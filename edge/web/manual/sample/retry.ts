// Tries until there is an answer that settles it. The key is made once, outside of the loop.
async function post(path: string, key: string, body: unknown): Promise<any> {
  for (let wait = 200; ; wait = Math.min(wait * 2, 10_000)) {
    const answer = await fetch(process.env.BILLFOLD_URL! + path, {
      method: "POST",
      headers: {
        Authorization: "Bearer " + process.env.BILLFOLD_KEY!,
        "Idempotency-Key": key,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    }).catch(() => undefined); // nobody there, or too slow
    const said = await answer?.json().catch(() => undefined); // cut off half-way
    if (answer?.ok && said) return said;
    if (said && !said.retryable && said.money_moved !== "unknown") throw new Error(`${said.code}: ${said.detail}`);
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
}

const session = await post("/v1/checkout/sessions", "order-1191", {
  amount: { amount: "450", currency: "EUR" },
  return_url: "https://shop.example/thanks",
});
console.log("send the payer to", session.url);
