const answer = await fetch(process.env.BILLFOLD_URL! + "/v1/checkout/sessions", {
  method: "POST",
  headers: {
    Authorization: "Bearer " + process.env.BILLFOLD_KEY!,
    "Idempotency-Key": "order-1189",
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    amount: { amount: "690", currency: "EUR" },
    reference: "order-1189",
    return_url: "https://shop.example/thanks",
  }),
});
const session = await answer.json();
if (answer.status !== 201) throw new Error(`${session.code}: ${session.detail}`);
console.log("send the payer to", session.url);
